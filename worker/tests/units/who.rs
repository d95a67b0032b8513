//! Whose events they are.

use crate::common::{person, pool};
use usher_events::{Envelope, LifecycleEvent, Person, Personal, PoolId, SignUpContext};
use usher_shared::testkit::percentile;

/// A user, by the size of what there is of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// With a name and a verified address.
    Ordinary,
    /// With more than nineteen in twenty have.
    Percentile,
}

impl Who {
    /// The user, or one of several.
    pub fn sub(self, number: usize) -> String {
        let shortest = &percentile::SUB[..percentile::SUB.len() - 2];
        format!("{shortest}{number:02}")
    }

    pub fn person(self) -> Person {
        match self {
            Self::Ordinary => person(&format!("ada@{}", self.domain())),
            Self::Percentile => percentile::person(),
        }
    }

    /// The same with another name, no shorter.
    pub fn changed(self) -> Person {
        let mut person = self.person();
        let name = person.given_name.as_ref().unwrap().expose();
        person.given_name = Some(Personal::new(name.replace('a', "e")));
        person
    }

    pub fn context(self) -> SignUpContext {
        match self {
            Self::Ordinary => SignUpContext::default(),
            Self::Percentile => percentile::context(),
        }
    }

    /// The pool that the user is in.
    pub fn pool(self) -> PoolId {
        match self {
            Self::Ordinary => pool(),
            Self::Percentile => percentile::pool(),
        }
    }

    /// The domain of the address.
    pub fn domain(self) -> &'static str {
        match self {
            Self::Ordinary => "home.example",
            Self::Percentile => percentile::DOMAIN,
        }
    }

    /// An event as the trigger sends it, with all that this user's brings.
    pub fn sends(self, event: Envelope<LifecycleEvent>) -> Envelope<LifecycleEvent> {
        let mut event = match self {
            Self::Ordinary => return event,
            Self::Percentile => percentile::around(event),
        };
        let client = percentile::client();
        match &mut event.event {
            LifecycleEvent::SignUpConfirmed(event) => event.client = client,
            LifecycleEvent::SignedIn(event) => {
                event.client = client;
                event.new_device = Some(false);
            }
            LifecycleEvent::FirstSeen(event) => event.client = client,
            LifecycleEvent::PasswordReset(event) => event.client = client,
            LifecycleEvent::AttributesChanged(event) => event.client = client,
            LifecycleEvent::SignInRefused(_)
            | LifecycleEvent::SignUpRequested(_)
            | LifecycleEvent::SignUpRefused(_)
            | LifecycleEvent::MessageRequested(_) => {}
        }
        event
    }
}
