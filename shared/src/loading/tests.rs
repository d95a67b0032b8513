use super::*;
use crate::disposition::FaultKind;
use crate::policy::file;
use crate::testkit::Log;
use async_trait::async_trait;
use proptest::prelude::*;
use std::io;
use std::path::Path;
use tokio::time::{Instant, advance};

const MINUTE: Duration = Duration::from_mins(1);
const BROKEN: &str = "[trigger]\nbudget_ms = 'hunter2'\n";

/// A valid policy that can be told from others.
fn valid(budget_ms: u64) -> String {
    format!("[trigger]\nbudget_ms = {budget_ms}\n")
}

/// What the parameter store says when it is asked.
#[derive(Clone, Debug)]
enum Answer {
    Text(String, u32),
    Parts(Vec<String>),
    Nothing,
    Down,
    Hangs,
}

struct Store {
    answer: Mutex<Answer>,
    reads: Mutex<Vec<Instant>>,
}

impl Store {
    fn that(answer: Answer) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(answer),
            reads: Mutex::default(),
        })
    }

    fn says(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn reads(&self) -> usize {
        self.reads.lock().unwrap().len()
    }

    async fn read(&self) -> Result<Vec<Stored>, Fault> {
        self.reads.lock().unwrap().push(Instant::now());
        let stored = |name: &str, text: &str, version: u32| Stored {
            name: name.to_owned(),
            text: text.into(),
            version: version.to_string(),
        };
        let answer = self.answer.lock().unwrap().clone();
        match answer {
            Answer::Text(text, version) => Ok(vec![stored("/usher/policy", &text, version)]),
            Answer::Parts(parts) => {
                let parts = parts.iter().enumerate();
                let part = |(at, text): (usize, &String)| stored(&format!("/p/{at}"), text, 1);
                Ok(parts.map(part).collect())
            }
            Answer::Nothing => Ok(Vec::new()),
            Answer::Down => Err(Fault::new("ssm.get_parameter", FaultKind::Throttled)),
            Answer::Hangs => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Parameters for Store {
    async fn parameter(&self, name: &str) -> Result<Option<Stored>, Fault> {
        assert_eq!(name, "/usher/policy");
        Ok(self.read().await?.pop())
    }
    async fn under(&self, path: &str) -> Result<Vec<Stored>, Fault> {
        assert_eq!(path, "/usher/policy");
        self.read().await
    }
}

fn policies(store: &Arc<Store>, source: &str) -> Policies<Arc<Policy>> {
    let packaged = valid(2000);
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let policy = file::parse(&packaged, Path::new(""), &no_files).unwrap();
    let loading = Loading {
        source: PolicySource::named(source).unwrap(),
        packaged: Version::of("package", &packaged),
        base: PathBuf::new(),
        overrides: Overrides::default(),
        refresh: MINUTE,
    };
    Policies::new(policy, loading, store.clone(), |policy| {
        Ok(Arc::new(policy))
    })
    .unwrap()
}

/// By what a policy is told from others here.
fn in_force(policies: &Policies<Arc<Policy>>) -> u128 {
    policies.current().made.trigger.budget.as_millis()
}

/// Lets what was begun beside go on to its end, or to where it hangs.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
        advance(Duration::from_micros(500)).await;
    }
}

/// Two minutes later, after an answer.
async fn next(policies: &Policies<Arc<Policy>>) {
    advance(2 * MINUTE).await;
    policies.refresh_soon();
    settle().await;
}

/// The lines that are logged on this thread while it is held.
fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let form = tracing_subscriber::fmt().json().flatten_event(true);
    let guard = Log::listen(form.with_writer(log.clone()).finish());
    (log, guard)
}

#[tokio::test(start_paused = true)]
async fn a_broken_version_is_spoken_of_once_and_the_old_policy_goes_on_until_a_good_one_comes() {
    let (log, _guard) = listen();
    let store = Store::that(Answer::Text(valid(1000), 1));
    let policies = policies(&store, "ssm:/usher/policy");
    assert_eq!(
        in_force(&policies),
        2000,
        "the package's, until another is read"
    );

    policies.load().await;
    assert_eq!(in_force(&policies), 1000);
    let first = policies.current().version.to_string();
    assert!(first.starts_with("1-"));
    let lines = log.take();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["level"], &lines[0]["policy.version"]),
        (&"INFO".into(), &first.clone().into())
    );

    store.says(Answer::Text(BROKEN.to_owned(), 2));
    next(&policies).await;
    assert_eq!(in_force(&policies), 1000);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(
        (&line["level"], &line["line"]),
        (&"ERROR".into(), &2.into())
    );
    assert_eq!(line["key"], "trigger.budget_ms");
    assert_eq!(line["policy.in_force"], first);
    assert!(line["policy.version"].as_str().unwrap().starts_with("2-"));
    assert!(!line.to_string().contains("hunter2"), "no values: {line}");

    for _ in 0..3 {
        next(&policies).await;
    }
    assert_eq!(
        log.take(),
        [0; 0],
        "the same version is not spoken of again"
    );
    assert_eq!(store.reads(), 5);

    store.says(Answer::Text(valid(3000), 3));
    next(&policies).await;
    assert_eq!(in_force(&policies), 3000);
    assert_eq!(log.take().len(), 1);

    store.says(Answer::Text(BROKEN.to_owned(), 4));
    next(&policies).await;
    store.says(Answer::Text(valid(3000), 3));
    next(&policies).await;
    assert_eq!((in_force(&policies), log.take().len()), (3000, 1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_one_policy_to_its_end() {
    let store = Store::that(Answer::Text(valid(1000), 1));
    let policies = policies(&store, "ssm:/usher/policy");
    policies.load().await;
    let snapshot = policies.current();
    store.says(Answer::Text(valid(3000), 2));
    next(&policies).await;
    assert_eq!(in_force(&policies), 3000);
    assert_eq!(snapshot.made.trigger.budget.as_millis(), 1000);
}

#[tokio::test(start_paused = true)]
async fn parts_are_one_policy_whatever_their_number() {
    let parts = [
        valid(1000),
        "[sign_up]\nblocked_domains = ['a.example']".to_owned(),
    ];
    let store = Store::that(Answer::Parts(parts.to_vec()));
    let policies = policies(&store, "ssm:/usher/policy/*");
    policies.load().await;
    assert_eq!(in_force(&policies), 1000);
    assert!(policies.current().made.sign_up.is_gated());
    store.says(Answer::Parts(Vec::new()));
    next(&policies).await;
    assert_eq!(in_force(&policies), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_made_anew_counts_although_its_versions_begin_again() {
    let store = Store::that(Answer::Text(valid(1000), 1));
    let policies = policies(&store, "ssm:/usher/policy");
    policies.load().await;
    store.says(Answer::Text(valid(3000), 1));
    next(&policies).await;
    assert_eq!(in_force(&policies), 3000);
}

#[tokio::test(start_paused = true)]
async fn it_is_read_anew_once_a_minute_and_a_half_at_least_and_once_a_minute_at_most() {
    for answer in [
        Answer::Text(valid(1000), 1),
        Answer::Text(BROKEN.to_owned(), 1),
        Answer::Nothing,
    ] {
        let store = Store::that(answer);
        let policies = policies(&store, "ssm:/usher/policy");
        policies.load().await;
        for _ in 0..600 {
            policies.refresh_soon();
            settle().await;
            advance(Duration::from_secs(1)).await;
        }
        let reads = store.reads.lock().unwrap().clone();
        assert!((7..=11).contains(&reads.len()), "{}", reads.len());
        for pair in reads.windows(2) {
            let wait = pair[1] - pair[0];
            assert!(
                wait >= MINUTE && wait <= MINUTE * 3 / 2 + Duration::from_secs(2),
                "{wait:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_cannot_wait_leaves_the_reading_to_the_first_answer() {
    let store = Store::that(Answer::Hangs);
    let policies = policies(&store, "ssm:/usher/policy");
    let start = Instant::now();
    let limit = Duration::from_millis(500);
    assert!(timeout(limit, policies.load()).await.is_err());
    assert_eq!((start.elapsed(), in_force(&policies)), (limit, 2000));

    store.says(Answer::Text(valid(1000), 1));
    policies.refresh_soon();
    assert_eq!(in_force(&policies), 2000, "nobody waits for it");
    settle().await;
    assert_eq!(in_force(&policies), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_lambda_froze_is_done_again_when_it_thaws() {
    let store = Store::that(Answer::Hangs);
    let policies = policies(&store, "ssm:/usher/policy");
    policies.refresh_soon();
    settle().await;
    store.says(Answer::Text(valid(1000), 1));
    advance(60 * MINUTE).await;
    settle().await;
    assert_eq!(in_force(&policies), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_file_is_never_read_again() {
    let store = Store::that(Answer::Text(valid(1000), 1));
    let policies = policies(&store, "usher.toml");
    policies.load().await;
    next(&policies).await;
    assert_eq!((in_force(&policies), store.reads()), (2000, 0));
}

#[derive(Clone, Debug)]
enum Step {
    Says(Answer),
    Answered,
    Passes(u64),
}

fn answers() -> impl Strategy<Value = Answer> {
    let version = 0..4_u32;
    prop_oneof![
        (200_u64..4000, version.clone()).prop_map(|(ms, version)| Answer::Text(valid(ms), version)),
        (".{0,60}", version).prop_map(|(text, version)| Answer::Text(text, version)),
        prop::collection::vec((200_u64..4000).prop_map(valid), 0..3).prop_map(Answer::Parts),
        Just(Answer::Nothing),
        Just(Answer::Down),
        Just(Answer::Hangs),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        answers().prop_map(Step::Says),
        Just(Step::Answered),
        (0_u64..200).prop_map(Step::Passes),
    ];
    prop::collection::vec(step, 0..40)
}

/// Whether this text is a policy that may replace another, and which.
fn meant(texts: &[String]) -> Option<u128> {
    let whole = texts.join("\n");
    let says = whole
        .lines()
        .map(str::trim)
        .any(|line| !line.is_empty() && !line.starts_with('#'));
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let policy = file::parse(&whole, Path::new(""), &no_files).ok()?;
    says.then_some(policy.trigger.budget.as_millis())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the store says, and whenever: the policy in force is one that was valid, and once
    /// the store has said a valid one for long enough, it is that.
    #[test]
    fn what_is_in_force_was_always_valid(steps in steps(), last in 200_u64..4000) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Store::that(Answer::Nothing);
            let policies = policies(&store, "ssm:/usher/policy/*");
            let mut possible = vec![2000];
            for step in steps {
                match step {
                    Step::Says(answer) => {
                        possible.extend(match &answer {
                            Answer::Text(text, _) => meant(std::slice::from_ref(text)),
                            Answer::Parts(parts) => meant(parts),
                            Answer::Nothing | Answer::Down | Answer::Hangs => None,
                        });
                        store.says(answer);
                    }
                    Step::Answered => policies.refresh_soon(),
                    Step::Passes(seconds) => advance(Duration::from_secs(seconds)).await,
                }
                settle().await;
                prop_assert!(possible.contains(&in_force(&policies)));
            }
            store.says(Answer::Text(valid(last), 9));
            for _ in 0..3 {
                next(&policies).await;
            }
            prop_assert_eq!(in_force(&policies), u128::from(last));
            Ok(())
        })?;
    }
}
