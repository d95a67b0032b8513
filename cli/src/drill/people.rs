//! Who signs up, and what the trigger tells of it.

use super::clock::VirtualClock;
use super::dice::Dice;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;
use usher_events::{
    ClientId, ConfirmationRoute, CorrelationId, Envelope, LifecycleEvent, Person, Personal, PoolId,
    SignUpConfirmed, SignUpContext, SignUpRequested, SignUpRoute, SignedIn, Sub, Subject, Time,
    identity,
};
use usher_shared::digest::Secret;
use uuid::Uuid;

/// One message in so many is sent a second time, as Cognito's repeats are.
const REPEATED: u64 = 100;

/// The pool of the drill.
pub struct Town {
    pool: PoolId,
    client: Option<ClientId>,
    secret: Secret,
    dice: Dice,
    clock: VirtualClock,
}

/// What somebody does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Requested,
    Confirmed,
    SignedIn,
}

/// One thing that happens: when, who, which step, and whether it is told a second time.
type Happening = Reverse<(Duration, u64, Step, bool)>;

/// Everybody who signs up until a certain time, and what they do, in order of time.
pub struct Arrivals {
    dice: Dice,
    rate: f64,
    until: Duration,
    next: (Duration, u64),
    then: BinaryHeap<Happening>,
}

impl Arrivals {
    /// So many a second on average, each independent of the others.
    pub fn new(dice: Dice, rate: u32, until: Duration) -> Self {
        let mut arrivals = Self {
            dice: dice.of(10),
            rate: f64::from(rate),
            until,
            next: (Duration::ZERO, 0),
            then: BinaryHeap::new(),
        };
        arrivals.next.0 = arrivals.gap(0);
        arrivals
    }

    fn gap(&self, number: u64) -> Duration {
        let draw = 1.0 - self.dice.fraction(number);
        Duration::from_secs_f64(-draw.ln() / self.rate)
    }

    /// A code is typed in after half a minute or two, and the first sign-in follows.
    fn plan(&mut self, arrived: Duration, number: u64) {
        let dice = self.dice.of(number);
        let confirmed = arrived + Duration::from_secs_f64(20.0 + 100.0 * dice.fraction(1));
        let signed_in = confirmed + Duration::from_secs_f64(2.0 + 8.0 * dice.fraction(2));
        for (at, step) in [
            (arrived, Step::Requested),
            (confirmed, Step::Confirmed),
            (signed_in, Step::SignedIn),
        ] {
            self.then.push(Reverse((at, number, step, false)));
            if dice.number(10 + step as u64).is_multiple_of(REPEATED) {
                let again = at + Duration::from_secs_f64(1.0 + 4.0 * dice.fraction(3));
                self.then.push(Reverse((again, number, step, true)));
            }
        }
    }
}

impl Iterator for Arrivals {
    type Item = (Duration, u64, Step, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let (arrives, number) = self.next;
        let first = self.then.peek().map(|Reverse((at, ..))| *at);
        if arrives < self.until && first.is_none_or(|first| arrives <= first) {
            self.plan(arrives, number);
            self.next = (arrives + self.gap(number + 1), number + 1);
        }
        self.then.pop().map(|Reverse(happening)| happening)
    }
}

impl Town {
    /// A pool whose people follow from these dice.
    pub fn new(dice: Dice, clock: VirtualClock, secret: Secret) -> Self {
        Self {
            pool: PoolId::new("eu-west-1_OutageDrl").expect("it is short and has no white space"),
            client: ClientId::new("drill").ok(),
            secret,
            dice: dice.of(11),
            clock,
        }
    }

    /// The sub of the numbered person.
    pub fn sub(&self, number: u64) -> Sub {
        let (high, low) = (self.dice.number(number), self.dice.of(1).number(number));
        let uuid = Uuid::from_u64_pair(high, low).hyphenated().to_string();
        Sub::new(uuid).expect("a UUID is short and has no white space")
    }

    /// Under which name the numbered person's sign-up is kept.
    pub fn sign_up(&self, number: u64) -> Subject {
        let name = self.sub(number);
        Subject::SignUp(self.secret.sign_up_key(&self.pool, name.as_str()))
    }

    /// The address of the numbered person.
    pub fn address(number: u64) -> Personal {
        Personal::new(format!("person-{number}@mail.example"))
    }

    fn person(number: u64) -> Person {
        Person {
            email: Some(Self::address(number)),
            email_verified: true,
            given_name: Some(Personal::new("Ada")),
            family_name: Some(Personal::new(format!("Number-{number}"))),
            locale: Some(Personal::new("en")),
            ..Person::default()
        }
    }

    /// What the trigger tells of this step, taken at this time; the same each time.
    pub fn told(&self, number: u64, step: Step, at: Duration) -> Envelope<LifecycleEvent> {
        let now = self.clock.at(at);
        let (pool, sub, person) = (&self.pool, self.sub(number), Self::person(number));
        let client = self.client.clone();
        let (subject, (id, time), event): (Subject, _, LifecycleEvent) = match step {
            Step::Requested => {
                let (subject, route) = (self.sign_up(number), SignUpRoute::SelfService);
                let named = identity::sign_up_request(pool, &subject, route, now);
                let event = SignUpRequested {
                    route,
                    invite: None,
                };
                (subject, named, event.into())
            }
            Step::Confirmed => {
                let sign_up = match self.sign_up(number) {
                    Subject::SignUp(key) => Some(key),
                    Subject::User(_) => None,
                };
                let event = LifecycleEvent::from(SignUpConfirmed {
                    route: ConfirmationRoute::SignUp,
                    client,
                    context: SignUpContext::default(),
                    sign_up,
                    person,
                });
                let id = identity::once(pool, &sub, &event);
                (Subject::User(sub), (id, now), event)
            }
            Step::SignedIn => {
                let digest = self.secret.person(&person);
                let named = identity::sign_in(pool, &sub, client.as_ref(), &digest, now);
                let event = SignedIn {
                    client,
                    new_device: None,
                    person,
                };
                (Subject::User(sub), named, event.into())
            }
        };
        self.envelope(number, subject, (id, time), event)
    }

    fn envelope(
        &self,
        number: u64,
        subject: Subject,
        (id, time): (usher_events::EventId, Time),
        event: LifecycleEvent,
    ) -> Envelope<LifecycleEvent> {
        let request = Uuid::from_u64_pair(self.dice.of(2).number(number), number);
        Envelope {
            id,
            source: self.pool.clone(),
            subject,
            time,
            correlation_id: CorrelationId::new(request.hyphenated().to_string()).ok(),
            causation_id: None,
            event,
        }
    }
}
