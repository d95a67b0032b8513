//! What happened to some two hundred users, as the trigger would have told it: shuffled, and some of it
//! told again.

use crate::common::{
    confirmed, password_reset, person, pool, refused, refused_sign_up, signed_in, sub,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use usher_events::{
    AttributesChanged, Envelope, EventId, LifecycleEvent, Person, Personal, RefusalReason,
    SignUpRequested, SignUpRoute, Subject, Time, identity, wire,
};
use usher_shared::digest::Secret;
use usher_shared::testkit::draw::Draw;

/// Of no organization, of one with a role of its own, of a role alone.
const DOMAINS: [&str; 3] = ["home.example", "acme.example", "root.example"];
/// Of a hundred facts so many are told a second time.
const REPEATS: usize = 15;
/// Of a hundred users so many have no verified address, and are owed no mail.
const UNVERIFIED: u64 = 10;

pub struct History {
    /// Each fact once.
    pub facts: Vec<Envelope<LifecycleEvent>>,
    /// The messages that tell them, in the order in which they are sent.
    pub messages: Vec<String>,
    /// Those that owe a mail, and to which address.
    pub owing: BTreeMap<EventId, String>,
}

impl History {
    /// So many facts about so many users, all of whom are confirmed. `run` is in every name, so that two
    /// histories on one server do not meet.
    pub fn draw(draw: &mut Draw, run: &str, users: usize, facts: usize) -> Self {
        assert!(users <= facts, "each user is confirmed");
        let start: Time = "2026-01-02T03:04:00Z".parse().unwrap();
        let mut told: BTreeMap<EventId, Envelope<LifecycleEvent>> = BTreeMap::new();
        let mut people = Vec::new();
        for number in 0..users {
            let name = format!("{run}-{number}");
            let address = format!("{name}@{}", draw.one(&DOMAINS));
            let mut person = person(&address);
            person.email_verified = !draw.percent(UNVERIFIED);
            let fact = confirmed(&name, person.clone());
            told.insert(fact.id, fact);
            people.push((name, person));
        }
        while told.len() < facts {
            let now = start.plus(Duration::from_secs(draw.below(7200) as u64));
            let (name, person) = &people[draw.below(users)];
            let fact = recurring(draw, name, person.clone(), now);
            // Of two facts with one id the first that arrives counts, which is another matter.
            told.entry(fact.id).or_insert(fact);
        }
        let facts = told.into_values().collect::<Vec<_>>();
        let mut messages: Vec<String> = facts.iter().map(wire::encode).collect();
        for _ in 0..facts.len() * REPEATS / 100 {
            messages.push(wire::encode(draw.one(&facts)));
        }
        draw.shuffle(&mut messages);
        let owing = facts
            .iter()
            .filter_map(|fact| Some((fact.id, owed_to(fact)?)));
        Self {
            owing: owing.collect(),
            facts,
            messages,
        }
    }

    /// Whom it is about.
    pub fn subjects(&self) -> BTreeMap<Subject, BTreeSet<EventId>> {
        let mut subjects: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for fact in &self.facts {
            let ids = subjects.entry(fact.subject.clone()).or_default();
            ids.insert(fact.id);
        }
        subjects
    }
}

/// To whom a fact owes a mail: a confirmation the welcome, a reset the notice of it.
fn owed_to(fact: &Envelope<LifecycleEvent>) -> Option<String> {
    let person = match &fact.event {
        LifecycleEvent::SignUpConfirmed(event) => &event.person,
        LifecycleEvent::PasswordReset(event) => &event.person,
        _ => return None,
    };
    let address = person.email.as_ref()?.expose();
    person.email_verified.then(|| (*address).to_owned())
}

/// Something that happens more than once in a user's life.
fn recurring(
    draw: &mut Draw,
    name: &str,
    mut person: Person,
    now: Time,
) -> Envelope<LifecycleEvent> {
    match draw.below(10) {
        0..4 => signed_in(name, person, now),
        4 => password_reset(name, person, now),
        5 | 6 => {
            person.given_name = Some(Personal::new(format!("Ada {}", draw.below(9))));
            attributes_changed(name, person, now)
        }
        7 => {
            let reasons = [RefusalReason::UserSuspended, RefusalReason::OutsideHours];
            refused(name, *draw.one(&reasons), now)
        }
        8 => {
            let attempt = u32::try_from(1 + draw.below(4)).unwrap();
            refused_sign_up(name, (RefusalReason::DomainBlocked, attempt), None, now)
        }
        _ => sign_up_requested(name, now),
    }
}

fn attributes_changed(name: &str, person: Person, now: Time) -> Envelope<LifecycleEvent> {
    let digest = Secret::new(&[7; 32]).person(&person);
    let (id, time) = identity::attributes_changed(&pool(), &sub(name), &digest, now);
    let event = AttributesChanged {
        client: None,
        person,
    };
    envelope(id, Subject::User(sub(name)), time, event.into())
}

fn sign_up_requested(name: &str, now: Time) -> Envelope<LifecycleEvent> {
    let subject = Subject::SignUp(Secret::new(&[7; 32]).sign_up_key(&pool(), name));
    let route = SignUpRoute::SelfService;
    let (id, time) = identity::sign_up_request(&pool(), &subject, route, now);
    let event = SignUpRequested {
        route,
        invite: None,
    };
    envelope(id, subject, time, event.into())
}

fn envelope(
    id: EventId,
    subject: Subject,
    time: Time,
    event: LifecycleEvent,
) -> Envelope<LifecycleEvent> {
    Envelope {
        id,
        source: pool(),
        subject,
        time,
        correlation_id: None,
        causation_id: None,
        event,
    }
}
