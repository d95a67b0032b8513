//! What has to be so when everything is done, whatever was killed on the way.

use crate::batch::{Batch, INVITED, SUSPENDED};
use crate::common::{Item, canonical, items, mails, recipient, sub};
use crate::stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use usher_events::{DecidedEvent, EventId, Fact, LifecycleEvent, OperatorEvent, Subject, identity};
use usher_shared::commit::{Commit, EffectKind, Entry, Recorded};
use usher_shared::port::{Organizations, Store, Tallies};
use usher_shared::seal;
use usher_shared::tally::Counted;
use usher_shared::user::{User, UserItem};

/// How often a worker died or stopped while a user's mail was under way, by user.
pub type Windows = BTreeMap<String, usize>;

/// Judges the end of a case, and gives the number of mails that went out twice.
pub async fn judge(stage: &Stage, batch: &Batch, windows: &Windows) -> usize {
    let logs = logs(stage, batch).await;
    items_are_the_fold_of_the_log(stage, &logs).await;
    settings_are_there(stage, &logs).await;
    let doubles = each_mail_went_out_once(stage, &logs, windows).await;
    the_bus_was_told(stage, &logs);
    let spilled = stage.stack.store.spilled(batch.spilled.id).await;
    assert_eq!(spilled, Ok(None));
    unreadable_is_set_aside(stage, batch).await;
    refusals_were_counted_once(stage, &logs).await;
    one_use_is_redeemed_and_each_organization_founded_once(stage, &logs).await;
    doubles
}

type Logs = BTreeMap<Subject, Vec<Commit>>;

/// The log of everybody, which holds every fact once.
async fn logs(stage: &Stage, batch: &Batch) -> Logs {
    let mut facts = BTreeMap::<Subject, BTreeSet<EventId>>::new();
    for told in batch.told.iter().chain([&batch.spilled, &batch.known]) {
        facts
            .entry(told.subject.clone())
            .or_default()
            .insert(told.id);
    }
    for (user, act) in &batch.suspended {
        let subject = Subject::User(sub(user));
        facts.entry(subject).or_default().insert(*act);
    }
    let store = &stage.stack.store;
    let mut logs = Logs::new();
    for (subject, ids) in facts {
        let key = match subject.sub() {
            Some(sub) => store.load(sub).await.unwrap().key,
            None => None,
        };
        let sealed = store.stream(&subject).await.unwrap();
        let open = |commit| seal::open(commit, key.as_ref()).unwrap();
        let commits: Vec<Commit> = sealed.iter().map(open).collect();
        let recorded: Vec<EventId> = commits.iter().map(|commit| commit.envelope.id).collect();
        assert_eq!(recorded, Vec::from_iter(ids), "the log of {subject}");
        logs.insert(subject, commits);
    }
    logs
}

/// Byte for byte: what the fold says is written by the same adapter and read as it is stored.
async fn items_are_the_fold_of_the_log(stage: &Stage, logs: &Logs) {
    let store = &stage.stack.store;
    for (subject, commits) in logs {
        let Some(user) = subject.sub() else { continue };
        let stored = store.glance(user).await.unwrap().unwrap();
        let folded = UserItem {
            sub: sub(&format!("{user}-folded")),
            user: User::fold(commits),
            version: 1,
            ..stored
        };
        store.write_user(&folded).await.unwrap();
    }
    let items = items(&stage.stack).await;
    let of = |sub: &str| {
        let pk = format!("U#{sub}");
        let is_of =
            |item: &&Item| item["PK"].as_s() == Ok(&pk) && item["SK"].as_s().unwrap() == "USER";
        let item = items.iter().find(is_of).unwrap();
        ["profile", "marks"].map(|part| canonical(&item[part]))
    };
    for user in logs.keys().filter_map(Subject::sub) {
        assert_eq!(of(user.as_str()), of(&format!("{user}-folded")), "{user}");
    }
}

async fn settings_are_there(stage: &Stage, logs: &Logs) {
    for (subject, commits) in logs {
        let Some(user) = subject.sub() else { continue };
        let announces = |commit: &Commit| {
            let (confirmed, seen) = ("sign_up_confirmed", "first_seen");
            [confirmed, seen].contains(&commit.envelope.event.name())
        };
        let preferences = stage.stack.store.preferences(user).await.unwrap();
        let announced = commits.iter().any(announces);
        assert_eq!(preferences.is_some(), announced, "settings of {user}");
    }
}

/// Nothing is open; of each once-effect that is claimed one commit has done it, and for each that
/// was done there is a mail. More than one only for who had a mail under way when a worker died.
async fn each_mail_went_out_once(stage: &Stage, logs: &Logs, windows: &Windows) -> usize {
    let texts = mails(stage.stack.outbox.directory());
    let mut doubles = 0;
    for (subject, commits) in logs {
        let mut done = Vec::new();
        for commit in commits {
            for (kind, entry) in commit.ledger.entries() {
                assert!(!entry.is_open(), "{subject} is still owed: {entry:?}");
                if let Entry::Done { .. } = entry
                    && kind.is_once()
                {
                    done.push((kind, commit.envelope.id));
                }
            }
            if let Some(kind) = owed(commit) {
                assert!(
                    commit.ledger.get(kind).is_some(),
                    "{subject} was not owed {kind:?}"
                );
            }
        }
        let welcomed = done
            .iter()
            .filter(|(kind, _)| *kind == EffectKind::WelcomeMail);
        let welcomed: Vec<EventId> = welcomed.map(|(_, id)| *id).collect();
        if let Some(user) = subject.sub() {
            let item = stage.stack.store.glance(user).await.unwrap().unwrap();
            let claim = item.claims.get(&EffectKind::WelcomeMail).copied();
            assert_eq!(welcomed, Vec::from_iter(claim), "welcomes of {user}");
            let is_welcomed = commits
                .iter()
                .any(|one| owed(one) == Some(EffectKind::WelcomeMail));
            assert_eq!(
                welcomed.len(),
                usize::from(is_welcomed),
                "welcomes of {user}"
            );
        }
        if subject.as_str() == SUSPENDED {
            let notices = done
                .iter()
                .filter(|(kind, _)| *kind == EffectKind::SuspensionNotice);
            assert_eq!(notices.count(), 1, "notices of {subject}'s suspension");
        }
        let mut twice = 0;
        for kind in EffectKind::ALL {
            let done = done.iter().filter(|(done, _)| *done == kind).count();
            let is_one =
                |text: &&String| recipient(text) == subject.as_str() && kind_of(text) == kind;
            let sent = texts.iter().filter(is_one).count();
            assert!(
                sent >= done,
                "{sent} of {done} mails to {subject}: {kind:?}"
            );
            twice += sent - done;
        }
        let most = windows.get(subject.as_str()).copied().unwrap_or(0);
        assert!(
            twice <= most,
            "{twice} mails to {subject} went out twice, at most {most} could"
        );
        doubles += twice;
    }
    doubles
}

/// The mail that an event owes: only to somebody whose address is known to be theirs. Everybody is
/// greeted. Of a suspension that is seen when it is taken up, and the ledger says so.
fn owed(commit: &Commit) -> Option<EffectKind> {
    let event = match &commit.envelope.event {
        Recorded::Lifecycle(event) => event,
        Recorded::Operator(OperatorEvent::UserSuspended(_)) => {
            return Some(EffectKind::SuspensionNotice);
        }
        Recorded::Operator(_) => return None,
    };
    let kind = match event {
        LifecycleEvent::SignUpConfirmed(_) | LifecycleEvent::FirstSeen(_) => {
            EffectKind::WelcomeMail
        }
        LifecycleEvent::PasswordReset(_) => EffectKind::PasswordChangedNotice,
        _ => return None,
    };
    event
        .person()
        .is_some_and(|person| person.email_verified)
        .then_some(kind)
}

fn kind_of(mail: &str) -> EffectKind {
    let subject = mail
        .lines()
        .find(|line| line.starts_with("Subject:"))
        .unwrap();
    if subject.contains("password") {
        EffectKind::PasswordChangedNotice
    } else if subject.contains("suspended") {
        EffectKind::SuspensionNotice
    } else {
        EffectKind::WelcomeMail
    }
}

/// Everything that is in the log, at least once, and nothing else.
fn the_bus_was_told(stage: &Stage, logs: &Logs) {
    let mut recorded = BTreeSet::new();
    for Commit {
        envelope, decided, ..
    } in logs.values().flatten()
    {
        recorded.insert(envelope.id.to_string());
        let id = |event: &DecidedEvent| {
            identity::decided(envelope.id, event.name(), &event.to_data().to_string())
        };
        recorded.extend(decided.iter().map(|event| id(event).to_string()));
    }
    let text = fs::read_to_string(stage.stack.bus.file()).unwrap();
    // A line may be cut short where a worker was killed; it is told again.
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let told =
        lines.map(|line: serde_json::Value| line["detail"]["id"].as_str().unwrap().to_owned());
    assert_eq!(BTreeSet::from_iter(told), recorded);
}

async fn unreadable_is_set_aside(stage: &Stage, batch: &Batch) {
    let dead = stage.stack.dead_letters.list().await.unwrap();
    let dead: BTreeSet<&str> = dead.iter().map(|dead| dead.message.body.as_str()).collect();
    assert_eq!(dead, batch.unreadable.iter().map(String::as_str).collect());
}

async fn refusals_were_counted_once(stage: &Stage, logs: &Logs) {
    for (subject, commits) in logs {
        let Subject::SignUp(key) = subject else {
            continue;
        };
        let hour = identity::refusal_hour(commits[0].envelope.time);
        let of = Counted::Name(key.clone());
        let tally = stage.stack.store.tally(&of, hour).await.unwrap().unwrap();
        let counted: BTreeSet<EventId> = tally.counted.values().flatten().copied().collect();
        let recorded = commits.iter().map(|commit| commit.envelope.id);
        assert_eq!(counted, recorded.collect());
        let raised = commits.iter().filter(|commit| !commit.decided.is_empty());
        let raised: Vec<EventId> = raised.map(|commit| commit.envelope.id).collect();
        let suspicious = tally.raised.map(|raised| raised.by);
        assert_eq!(raised, Vec::from_iter(suspicious));
    }
}

async fn one_use_is_redeemed_and_each_organization_founded_once(stage: &Stage, logs: &Logs) {
    let (mut redeemed, mut founded) = (Vec::new(), Vec::new());
    for commit in logs.values().flatten() {
        for event in &commit.decided {
            let by = || commit.sub().unwrap().clone();
            match event {
                DecidedEvent::InviteRedeemed(_) => redeemed.push(by()),
                DecidedEvent::OrganizationFounded(event) => {
                    founded.push((event.organization.clone(), by()));
                }
                _ => {}
            }
        }
    }
    assert_eq!(redeemed, [sub(INVITED)]);
    let redemptions = stage.read_invite().await.redemptions;
    assert_eq!(Vec::from_iter(redemptions.into_keys()), redeemed);

    let store = &stage.stack.store;
    let (organizations, _) = store.organizations(None, 100).await.unwrap();
    let founders = organizations.into_iter().map(|one| (one.id, one.founder));
    let mut founders = Vec::from_iter(founders);
    founders.sort();
    founded.sort();
    assert_eq!(founded, founders);
}
