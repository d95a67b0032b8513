//! Two workers and a sweep on real servers, over networks that throttle, reset, delay and lose answers.
//! Fails where there are no servers: `USHER_TEST_DYNAMODB` and `USHER_TEST_AWS` say where they are, and
//! the same with `_DISTURBED` where microburst stands in front of them. `USHER_SEED` repeats a run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod fleet;
mod history;
mod http;
mod place;
mod verdict;
mod weather;

use fleet::{Fleet, Setup};
use futures::future::join_all;
use futures::{StreamExt, stream};
use history::History;
use place::{Place, Servers};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, interval};
use usher_events::Time;
use usher_shared::chance;
use usher_shared::clock::{self, Clock, WallClock};
use usher_shared::port::Due;
use usher_shared::testkit::draw::Draw;
use weather::{Post, Weather};

/// How long a test waits for what has to happen, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(200);
/// Between one round and the next the clocks go on by so much: what was set aside once is due then.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(3 * 60);
/// Of a hundred entries of a batch so many are left out.
const LEFT_OUT_PERCENT: u64 = 10;
/// Rounds until nothing is left, once everything goes through: what has failed often waits long.
const CALM_ROUNDS: usize = 12;

/// How many messages a second the minute of load brings.
const LOAD: usize = 20;
/// The minute: before the outage, through it, and after it.
const BEFORE: Duration = Duration::from_secs(15);
const OUTAGE: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(15);
/// Breakers that look again within seconds, so that one outage is several probes long.
const BREAKERS: &str =
    "[breaker]\ncache_s = 1\nfailures_in_a_row = 3\ncool_down_s = 5\nmax_cool_down_s = 5\n";

/// One test at a time: there is one weather.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A place, the weather over it, and chance.
struct Stage {
    place: Place,
    weather: Weather,
    draw: Draw,
    /// In every name of this run.
    run: String,
    /// How far the workers' clocks are ahead.
    ahead: Duration,
    _alone: MutexGuard<'static, ()>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the reference tests know where the servers are"
)]
fn given(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn address(name: &str) -> String {
    given(name).unwrap_or_else(|| panic!("{name} is a server's address"))
}

impl Stage {
    async fn new(test: &str, policy: &str) -> Self {
        let alone = ALONE.lock().await;
        let seed = given("USHER_SEED").map_or_else(
            || u64::from(u32::from_be_bytes(chance::bytes())),
            |seed| seed.parse().expect("USHER_SEED is a number"),
        );
        println!("{test}: USHER_SEED={seed}");
        let servers = Servers {
            dynamodb: address("USHER_TEST_DYNAMODB"),
            aws: address("USHER_TEST_AWS"),
        };
        let weather = Weather {
            dynamodb: address("USHER_TEST_DYNAMODB_DISTURBED"),
            aws: address("USHER_TEST_AWS_DISTURBED"),
        };
        weather.clear().await;
        Self {
            place: Place::new(&servers, policy).await,
            weather,
            draw: Draw::new(seed),
            run: format!("{test}-{seed}"),
            ahead: Duration::ZERO,
            _alone: alone,
        }
    }

    fn fleet(&mut self, left_out_percent: u64) -> Fleet {
        let setup = Setup {
            ahead: self.ahead,
            seed: self.draw.number(),
            left_out_percent,
        };
        Fleet::start(&self.place, &self.weather, setup)
    }

    /// Sends messages to two workers in a storm, and ends them once the queue shows no more.
    async fn round(&mut self, messages: &[String], post: Post) {
        self.weather.storm(&mut self.draw, post).await;
        let mut fleet = self.fleet(LEFT_OUT_PERCENT);
        let place = &self.place;
        let sends = messages.iter().map(|body| place.send(body.clone()));
        stream::iter(sends)
            .buffer_unordered(8)
            .collect::<()>()
            .await;
        self.until("the queue shows no more", &mut fleet, async || {
            place.backlog().await.0 == 0
        })
        .await;
        fleet.end().await;
        self.ahead += BETWEEN_ROUNDS;
    }

    /// Sends messages at a steady rate for so long, or as long as there are any.
    async fn load(&self, messages: &mut impl Iterator<Item = String>, time: Duration) {
        let mut ticks = interval(Duration::from_secs(1));
        for _ in 0..time.as_secs() {
            ticks.tick().await;
            let sends = messages
                .by_ref()
                .take(LOAD)
                .map(|body| self.place.send(body));
            join_all(sends).await;
        }
    }

    /// Lets everything through until nothing is left to be done.
    async fn calm(&mut self) {
        self.weather.clear().await;
        for _ in 0..CALM_ROUNDS {
            let mut fleet = self.fleet(0);
            let (place, ahead) = (&self.place, self.ahead);
            self.until("all that is due is done", &mut fleet, async || {
                let due = place.due(WallClock.now().plus(ahead)).await;
                due.is_empty() && place.backlog().await == (0, 0)
            })
            .await;
            fleet.end().await;
            let left = self.place.due(forever()).await;
            let Some(last) = left.iter().map(Due::at).max() else {
                return;
            };
            let now = WallClock.now().unix_millis();
            let wait = u64::try_from(last.unix_millis() - now).unwrap_or_default();
            self.ahead = self
                .ahead
                .max(Duration::from_millis(wait) + Duration::from_secs(1));
        }
        panic!("something is never done");
    }

    /// Looks until something is so, while the workers run.
    async fn until(&self, what: &str, fleet: &mut Fleet, mut is: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is().await {
            let fine = Instant::now() < end && fleet.runs();
            assert!(fine, "never happened: {what}\n{}", self.complaints());
            clock::sleep(PAUSE).await;
        }
    }

    /// What the workers complained of last.
    fn complaints(&self) -> String {
        let lines = fleet::logged(&self.place);
        let bad = lines.iter().filter(|line| line["level"] != "INFO");
        let bad: Vec<String> = bad.map(ToString::to_string).collect();
        bad[bad.len().saturating_sub(40)..].join("\n")
    }

    /// How often breakers have opened and closed, by the lines that tell of it.
    fn turned(&self) -> BTreeMap<(String, &'static str), u64> {
        let mut turned = BTreeMap::new();
        for line in fleet::logged(&self.place) {
            for turn in ["breaker_opened", "breaker_closed"] {
                if let Some(times) = line[turn].as_u64() {
                    let name = line["breaker.name"].as_str().unwrap().to_owned();
                    *turned.entry((name, turn)).or_default() += times;
                }
            }
        }
        turned
    }

    /// How many entries were left out of batches, by operation.
    fn left_out(&self) -> BTreeMap<String, u64> {
        let mut left_out = BTreeMap::new();
        for line in fleet::logged(&self.place) {
            if let Some(entries) = line["left_out"].as_u64() {
                let operation = line["operation"].as_str().unwrap().to_owned();
                *left_out.entry(operation).or_default() += entries;
            }
        }
        left_out
    }

    /// How often the workers said something, by what they said and why.
    fn said(&self) -> BTreeMap<(String, String), usize> {
        let mut said = BTreeMap::new();
        for line in fleet::logged(&self.place) {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let why = [text("cause"), text("fault")].concat();
            *said.entry((text("message"), why)).or_default() += 1;
        }
        said
    }
}

fn forever() -> Time {
    "9999-01-01T00:00:00Z".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_in_a_storm_are_each_recorded_folded_told_and_mailed_once() {
    let mut stage = Stage::new("storm", common::POLICY).await;
    let before = stage.weather.met().await;
    let history = History::draw(&mut stage.draw, &stage.run, 200, 1000);
    for messages in history.messages.chunks(history.messages.len().div_ceil(3)) {
        stage.round(messages, Post::Refused).await;
    }
    stage.calm().await;
    let met = since(&before, stage.weather.met().await);
    let left_out = stage.left_out();
    println!(
        "met: {met:#?}\nleft out of batches: {left_out:?}\nsaid: {:#?}",
        stage.said()
    );
    for batch in ["BatchGetItem", "PutEvents"] {
        assert!(left_out.contains_key(batch), "{batch} was always whole");
    }
    for service in ["dynamodb", "sqs", "events"] {
        for fault in ["reset", "latency", "response:abort", "response:truncate"] {
            let times = met.get(&(service.to_owned(), fault.to_owned()));
            assert!(times.is_some(), "{service} never met {fault}");
        }
    }
    verdict::nothing_lost_and_nothing_twice(&stage.place, &history).await;
    verdict::each_mail_was_sent_once(&stage.place, &history, &stage.run, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_sent_again_only_where_the_answer_to_it_was_lost() {
    let mut stage = Stage::new("post", common::POLICY).await;
    let before = stage.weather.met().await;
    let history = History::draw(&mut stage.draw, &stage.run, 60, 150);
    stage.round(&history.messages, Post::AnswersLost).await;
    stage.calm().await;
    let met = since(&before, stage.weather.met().await);
    let lost = met.get(&("ses".to_owned(), "response:abort".to_owned()));
    let lost = *lost.expect("some answers are lost");
    verdict::nothing_lost_and_nothing_twice(&stage.place, &history).await;
    verdict::each_mail_was_sent_once(&stage.place, &history, &stage.run, lost).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_minute_of_load_no_race_is_lost_and_an_outage_turns_each_breaker_once() {
    let mut stage = Stage::new("load", &[common::POLICY, BREAKERS].concat()).await;
    // Few users, so that both workers have messages of one at once.
    let facts = LOAD * (BEFORE + OUTAGE + AFTER).as_secs() as usize;
    let history = History::draw(&mut stage.draw, &stage.run, 60, facts);
    let mut messages = history.messages.iter().cloned();
    let mut fleet = stage.fleet(0);
    stage.load(&mut messages, BEFORE).await;
    stage.weather.outage().await;
    stage.load(&mut messages, OUTAGE).await;
    stage.weather.clear().await;
    stage.load(&mut messages, AFTER).await;
    join_all(messages.map(|body| stage.place.send(body))).await;
    stage
        .until("the queue shows no more", &mut fleet, async || {
            stage.place.backlog().await.0 == 0
        })
        .await;
    fleet.end().await;
    stage.calm().await;
    println!("said: {:#?}", stage.said());
    let once = ["bus", "mail"].map(|name| {
        let turn = |turn| ((name.to_owned(), turn), 1);
        [turn("breaker_closed"), turn("breaker_opened")]
    });
    let once: BTreeMap<_, _> = once.into_iter().flatten().collect();
    assert_eq!(stage.turned(), once, "how often breakers turned");
    verdict::nothing_lost_and_nothing_twice(&stage.place, &history).await;
    verdict::each_mail_was_sent_once(&stage.place, &history, &stage.run, 0).await;
}

/// What was met between two looks.
fn since(
    before: &BTreeMap<(String, String), u64>,
    mut now: BTreeMap<(String, String), u64>,
) -> BTreeMap<(String, String), u64> {
    now.retain(|fault, times| {
        *times -= before.get(fault).copied().unwrap_or_default();
        *times > 0
    });
    now
}
