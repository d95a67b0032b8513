//! What happens to users, one after the other, and what each of it costs.

use crate::common::{
    at, confirmed_from, first_seen, message, password_reset, pool, refused, refused_sign_up,
    signed_in, soon, sub,
};
use crate::cost::Cost;
use crate::place::Place;
use crate::who::Who;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{
    AccountType, AttributesChanged, Envelope, LifecycleEvent, OrganizationId, RefusalReason, Role,
    SignUpRequested, SignUpRoute, Subject, SuspensionReason, UserSuspended, identity, wire,
};
use usher_shared::chance;
use usher_shared::invite::{Applicant, Code, Grants, Invite, Terms};
use usher_shared::operator::Act;
use usher_shared::port::{Invites, Store};
use usher_shared::seal;
use usher_shared::sign_up::SignUp;
use usher_shared::testkit::percentile;
use usher_worker::Worker;
use usher_worker::message::Resume;
use usher_worker::story::{Again, Outcome};

/// Mails, the bus and preferences as they are by default.
const RULES: &str = r#"
[mail]
from = "Example <welcome@app.example>"
app_url = "https://app.example"
app_name = "Example"

[trusted_providers]
LoginWithAmazon = ["example-corp.com"]

[roles.permissions]
user = ["profile:read"]
administrator = ["profile:read", "users:write"]
"#;

/// A wait after which whatever was set aside once is due.
const MINUTES: Duration = Duration::from_secs(2 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What everything costs, in the order of the table, and what there is then.
pub struct Played {
    pub costs: Vec<Cost>,
    /// How large which items are.
    pub items: Vec<String>,
}

/// Plays all scenes with one kind of user.
pub async fn play(endpoint: &str, who: Who) -> Played {
    let mut played = Played {
        costs: Vec::new(),
        items: Vec::new(),
    };
    life(endpoint, who, &mut played).await;
    seen_first(endpoint, who, &mut played).await;
    founding(endpoint, who, &mut played).await;
    invited(endpoint, who, &mut played).await;
    in_flight(endpoint, who, &mut played).await;
    deferred(endpoint, who, &mut played).await;
    suspended(endpoint, who, &mut played).await;
    played.items.sort();
    played.items.dedup();
    played
}

impl Played {
    async fn ends(&mut self, place: &Place) {
        self.items.extend(place.items().await);
    }
}

/// The rules under which the domain of the larger user's address brings a role and an organization.
fn rules() -> String {
    format!(
        "{RULES}\n[[domains]]\ndomain = '{}'\nrole = '{}'\norganization = '{org}'\n\
         [organizations.{org}]\nname = 'Subsidiary'\naccount_type = '{}'\n",
        percentile::DOMAIN,
        percentile::ROLE,
        percentile::ACCOUNT_TYPE,
        org = percentile::ORGANIZATION,
    )
}

fn registration(who: Who, number: usize) -> Envelope<LifecycleEvent> {
    confirmed_from(&who.sub(number), who.person(), who.context(), at(1))
}

fn sign_in(who: Who, number: usize, seconds: u64) -> Envelope<LifecycleEvent> {
    signed_in(&who.sub(number), who.person(), at(seconds))
}

fn requested(place: &Place) -> Envelope<LifecycleEvent> {
    let key = place.secret.sign_up_key(&pool(), "ada");
    let (subject, route) = (Subject::SignUp(key), SignUpRoute::SelfService);
    let (id, time) = identity::sign_up_request(&pool(), &subject, route, at(0));
    let invite = None;
    let event = LifecycleEvent::from(SignUpRequested { route, invite });
    Envelope {
        id,
        subject,
        time,
        ..registration(place.who, 0).map(|_| event)
    }
}

fn attributes_changed(who: Who, seconds: u64) -> Envelope<LifecycleEvent> {
    let (person, user) = (who.changed(), sub(&who.sub(0)));
    let digest = usher_shared::digest::Secret::new(&[7; 32]).person(&person);
    let (id, time) = identity::attributes_changed(&pool(), &user, &digest, at(seconds));
    let client = None;
    let event = LifecycleEvent::from(AttributesChanged { client, person });
    Envelope {
        id,
        time,
        ..registration(who, 0).map(|_| event)
    }
}

async fn life(endpoint: &str, who: Who, played: &mut Played) {
    let place = Place::new(endpoint, who, &rules()).await;
    let user = who.sub(0);
    let costs = &mut played.costs;
    let requested = requested(&place);
    let registered = registration(who, 0);
    let signed_in_first = sign_in(who, 0, 60);
    let changed = signed_in(&user, who.changed(), at(100));
    let reset = password_reset(&user, who.person(), at(180));
    let refused = refused(&user, RefusalReason::OutsideHours, at(200));
    let unwanted = (RefusalReason::DomainBlocked, 1);
    let unwanted = refused_sign_up("eve", unwanted, None, at(200));
    let events = [
        (("sign-up requested", "sign-up requested, again"), requested),
        (("registration", "registration, again"), registered),
        (("sign-in", "sign-in, again"), signed_in_first),
        (
            (
                "sign-in, with an attribute changed",
                "sign-in with an attribute changed, again",
            ),
            changed,
        ),
        (
            (
                "attributes changed, as a token shows",
                "attributes changed, again",
            ),
            attributes_changed(who, 140),
        ),
        (
            ("password reset, with its notice", "password reset, again"),
            reset,
        ),
        (("sign-in refused", "sign-in refused, again"), refused),
        (("sign-up refused", "sign-up refused, again"), unwanted),
    ];
    for ((what, _), event) in &events {
        costs.push(place.recording(what, [event.clone()]).await);
    }
    let never_seen = sign_in(who, 20, 60);
    let what = "sign-in of who was never seen before";
    costs.push(place.recording(what, [never_seen]).await);
    let ten = (0..10).map(|number| sign_in(who, 0, 300 + 10 * number));
    costs.push(
        place
            .recording("sign-ins, ten of one user in a batch", ten)
            .await,
    );
    place
        .recorded((1..=10).map(|number| registration(who, number)))
        .await;
    let ten = (1..=10).map(|number| sign_in(who, number, 300));
    costs.push(
        place
            .recording("sign-ins, of ten users in a batch", ten)
            .await,
    );
    for ((_, again), event) in events {
        costs.push(place.recording(again, [event]).await);
    }
    played.ends(&place).await;
}

/// A token told of the user before anything else did.
async fn seen_first(endpoint: &str, who: Who, played: &mut Played) {
    let greeting = rules().replace("[mail]\n", "[mail]\nwelcome_first_seen = true\n");
    for (rules, names) in [
        (
            rules(),
            [
                "first seen, by a token",
                "first seen, again",
                "registration of who was first seen",
            ],
        ),
        (
            greeting,
            [
                "first seen, with a welcome that waits",
                "first seen with a welcome that waits, again",
                "registration of whose welcome waits",
            ],
        ),
    ] {
        let place = Place::new(endpoint, who, &rules).await;
        let seen = first_seen(&who.sub(0), who.person(), at(5));
        let events = [seen.clone(), seen, registration(who, 0)];
        for (what, event) in names.into_iter().zip(events) {
            played.costs.push(place.recording(what, [event]).await);
        }
        played.ends(&place).await;
    }
}

async fn founding(endpoint: &str, who: Who, played: &mut Played) {
    let rules = format!(
        "{RULES}\n[founding]\nmode = 'create'\nplan = 'enterprise'\naccount_type = '{}'\n\
         founder_role = '{}'\n",
        percentile::ACCOUNT_TYPE,
        percentile::ROLE,
    );
    let place = Place::new(endpoint, who, &rules).await;
    for (number, what) in [
        "registration that founds an organization",
        "registration that joins one",
    ]
    .into_iter()
    .enumerate()
    {
        let cost = place.recording(what, [registration(who, number)]).await;
        played.costs.push(cost);
    }
    played.ends(&place).await;
}

/// An invite of ten uses, nine of which were redeemed, that brings all that an invite can.
async fn invited(endpoint: &str, who: Who, played: &mut Played) {
    let place = Place::new(endpoint, who, &rules()).await;
    let terms = Terms {
        uses: 10,
        expires_at: None,
        bound_to: None,
        grants: Grants {
            role: Role::new(percentile::ROLE).ok(),
            organization: OrganizationId::new(percentile::ORGANIZATION).ok(),
            account_type: AccountType::new(percentile::ACCOUNT_TYPE).ok(),
        },
        label: Some("spring 2026".to_owned()),
    };
    let id = place.secret.invite_id(&who.pool(), &Code::draw(&[0; 10]));
    let invite = Invite::new(who.pool(), id.clone(), terms, at(0));
    place.table.write_invite(&invite).await.unwrap();
    for number in 1..=9 {
        let event = sign_up(&place, &id, number).await;
        place.recorded([event]).await;
    }
    let event = sign_up(&place, &id, 0).await;
    let what = "registration that redeems an invite";
    played.costs.push(place.recording(what, [event]).await);
    played.ends(&place).await;
}

/// Signs somebody up as the trigger does, with the invite, and gives the confirmation.
async fn sign_up(
    place: &Place,
    id: &usher_events::InviteId,
    number: usize,
) -> Envelope<LifecycleEvent> {
    let (who, pool) = (place.who, place.who.pool());
    let key = place.secret.sign_up_key(&pool, &who.sub(number));
    let mut person = who.person();
    person.email = Some(usher_events::Personal::new(format!(
        "{number}-{}",
        person.email.unwrap().expose()
    )));
    let asking = Applicant::asking(&place.policy, &place.secret, &pool, key.clone(), &person);
    let mut invite = place.table.invite(&pool, id).await.unwrap().unwrap();
    let reservation = invite.reserve(&asking, at(0), DAY).unwrap();
    let kept = SignUp::new(key.clone(), who.context(), at(0));
    let kept = kept.holding(&invite, &asking, &reservation);
    invite.version += 1;
    place.table.write_invite(&invite).await.unwrap();
    place.table.put_sign_up(&kept).await.unwrap();
    let mut event = confirmed_from(&who.sub(number), person, Default::default(), at(1));
    if let LifecycleEvent::SignUpConfirmed(event) = &mut event.event {
        event.sign_up = Some(key);
    }
    event
}

/// A worker that is nobody else.
fn another(place: &Place) -> Worker {
    Worker {
        owner: chance::owner(),
        ..place.worker.clone()
    }
}

/// Delivered again while the worker that had it first still holds the lease of its mail.
async fn in_flight(endpoint: &str, who: Who, played: &mut Played) {
    let place = Place::new(endpoint, who, &rules()).await;
    place.recorded([registration(who, 1)]).await;
    for (what, event) in [
        ("registration under way, again", registration(who, 0)),
        (
            "password reset under way, again",
            password_reset(&who.sub(1), who.person(), at(180)),
        ),
    ] {
        let body = wire::encode(&who.sends(event));
        // Too little time for a mail, and enough for everything before it.
        let end = Instant::now() + Duration::from_secs(12);
        let outcomes = another(&place).work(&[message(&body)], end).await;
        assert_eq!(outcomes, [Outcome::Again(Again::OutOfTime)], "{what}");
        place.begin().await;
        let outcomes = place.worker.work(&[message(&body)], soon()).await;
        assert_eq!(outcomes, [Outcome::Again(Again::LeaseNotOurs)], "{what}");
        played.costs.push(place.cost(what, 1));
    }
    played.ends(&place).await;
}

/// What is set aside while a service is down, found due by a sweep, and resumed.
async fn deferred(endpoint: &str, who: Who, played: &mut Played) {
    let place = Place::new(endpoint, who, &rules()).await;
    place.recorded([registration(who, 1)]).await;
    let costs = &mut played.costs;
    let (mail, bus) = (registration(who, 0), sign_in(who, 1, 60));
    let resumes = [&mail, &bus].map(|event| Resume {
        subject: event.subject.clone(),
        id: event.id,
    });
    let scenes = [
        (
            &place.down.mail,
            mail,
            (
                "registration whose mail is deferred",
                "its resume, which sends the mail",
            ),
        ),
        (
            &place.down.bus,
            bus,
            (
                "sign-in whose entry for the bus is deferred",
                "its resume, which tells the bus",
            ),
        ),
    ];
    for ((down, event, (deferred, resumed)), resume) in scenes.into_iter().zip(resumes) {
        down.store(true, Ordering::SeqCst);
        costs.push(place.recording(deferred, [event]).await);
        down.store(false, Ordering::SeqCst);
        costs.push(place.sweep("a sweep that finds one due", MINUTES).await);
        costs.push(place.working(resumed, &resume.encode()).await);
    }
    let again = costs.len() - 2;
    costs.remove(again);
    costs.push(place.sweep("a sweep that finds nothing", MINUTES).await);
    played.ends(&place).await;
}

/// An operator's act, as the command appends it, and what the worker makes of it.
async fn suspended(endpoint: &str, who: Who, played: &mut Played) {
    let place = Place::new(endpoint, who, &rules()).await;
    place.recorded([registration(who, 0)]).await;
    let user = sub(&who.sub(0));
    let known = place.table.load(&user).await.unwrap().user.unwrap();
    let reason = SuspensionReason::Operator;
    let act = Act {
        id: chance::event_id(),
        pool: who.pool(),
        sub: user.clone(),
        event: UserSuspended { reason }.into(),
    };
    let commit = act.commit(&place.policy, &known.user, at(290)).unwrap();
    let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
    place.begin().await;
    place.table.append(&sealed).await.unwrap();
    played
        .costs
        .push(place.cost("suspension, as a command appends it", 1));
    place.sweep("swept", MINUTES).await;
    let resume = Resume {
        subject: Subject::User(user),
        id: commit.envelope.id,
    };
    let what = "its resume, which folds it and sends the notice";
    played
        .costs
        .push(place.working(what, &resume.encode()).await);
    played.ends(&place).await;
}
