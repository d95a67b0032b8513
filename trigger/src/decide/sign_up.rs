//! Before a sign-up: is this person let in, and by which invite?

use super::{Verdict, named, person_of, told};
use crate::answer;
use crate::budget::Budget;
use crate::cognito::Call;
use crate::explained;
use crate::facts::Witness;
use crate::invite;
use crate::refused::{self, Refused, Telling};
use usher_events::{RefusalReason, SignUpRoute};
use usher_shared::policy::admit::{self, Applicant, Asking};
use usher_shared::policy::trace::{Question, Step};
use usher_shared::port::Store;

pub(super) async fn sign_up(
    call: &Call<'_>,
    witness: Witness<'_>,
    store: &dyn Store,
    budget: Budget,
    route: SignUpRoute,
) -> Verdict {
    let policy = witness.policy;
    let counts = admit::address_counts(policy, route, &call.user_name, &person_of(call, policy));
    let admitted = match rules_of_sign_up(call, witness, route, counts) {
        Ok(()) => {
            let email = call.request.attribute("email").filter(|_| counts);
            let need = admit::invite(policy, route, email.as_deref());
            witness.note(|| vec![admit::explain_invite(policy, route, need)]);
            let held = invite::reserve(call, witness, store, need, budget).await;
            witness.note(|| explained::reservation(need, &held).into_iter().collect());
            held
        }
        Err(reason) => Err(Refused::from(reason)),
    };
    match admitted {
        Ok(held) => {
            let bound = held.as_ref().map(|held| held.is_bound);
            let automatic = admit::automatic(policy, route, bound);
            witness.note(|| admit::explain_automatic(policy, route, automatic));
            let invite = held.map(|held| held.invite);
            Verdict {
                answer: Ok(answer::automatic(call, automatic)),
                fact: named(witness.sign_up_requested(call, route, invite)),
                reason: None,
            }
        }
        Err(refused) => {
            let reason = refused.reason;
            let telling = refused::tell(call, witness, store, budget, route, refused);
            Verdict {
                answer: Err(told(call, witness, reason)),
                fact: match telling.await {
                    Telling::Fact(fact) => Some(*fact),
                    Telling::Enough => None,
                    Telling::Unnamed => named(None),
                },
                reason: Some(reason),
            }
        }
    }
}

fn rules_of_sign_up(
    call: &Call<'_>,
    witness: Witness<'_>,
    route: SignUpRoute,
    address_counts: bool,
) -> Result<(), RefusalReason> {
    let policy = witness.policy;
    let applicant = Applicant {
        route,
        attribute: &|name| call.request.attribute(name),
    };
    let asking = Asking::new(policy, applicant);
    witness.note(|| Step::all(Question::SignUp, &asking.explain()));
    asking.decide()?;
    if route == SignUpRoute::ExternalProvider {
        let opinion = admit::explain_outsider(policy, address_counts);
        witness.note(|| Step::all(Question::SignUp, &[opinion]));
    }
    admit::outsider(policy, address_counts)
}
