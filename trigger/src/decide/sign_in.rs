//! Before a sign-in: may this user come in now?

use super::{Verdict, glance, invited_user, known, person_of, refuse};
use crate::budget::Budget;
use crate::cognito::Call;
use crate::explained;
use crate::facts::{self, Witness};
use crate::invite::{self, Awaited};
use crate::organization;
use usher_shared::organization::Cache;
use usher_shared::policy::UserRead;
use usher_shared::policy::admit::{Case, Occasion};
use usher_shared::policy::trace::{Question, Step};
use usher_shared::port::Store;

pub(super) async fn sign_in(
    call: &Call<'_>,
    witness: Witness<'_>,
    (store, organizations): (&dyn Store, &Cache),
    budget: Budget,
) -> Verdict {
    let Some(sub) = facts::sub(call) else {
        // Only for users who do not exist, and those Cognito refuses itself.
        witness.note(|| vec![explained::no_sub(Question::SignIn)]);
        return Verdict::pass(None);
    };
    let look = glance(store, &sub, budget).await;
    let policy = witness.policy;
    let awaited = match policy.admits_by_grant() {
        true => invite::awaited(call, witness, store, &sub, known(&look), budget).await,
        false => Awaited::Nothing,
    };
    let invited = invited_user(&awaited, witness, known(&look));
    let person = person_of(call, policy);
    let bearer = organization::Bearer {
        user: invited.as_ref().map_or(known(&look), UserRead::Found),
        sub: &sub,
        person: &person,
    };
    let grant = organization::grant(witness, (store, organizations), bearer, budget).await;
    let case = Case {
        policy,
        user: known(&look),
        grant: &grant,
        occasion: Occasion::BeforeSignIn,
        now: witness.now,
    };
    witness.note(|| Step::all(Question::SignIn, &case.explain()));
    match case.decide() {
        Ok(()) => Verdict::pass(None),
        Err(reason) => refuse(call, witness, sub, reason, &look),
    }
}
