//! The making of a token: what it says, and what it brings to light.

use super::{Verdict, glance, invited_user, known, person_of, refuse};
use crate::answer;
use crate::budget::Budget;
use crate::cognito::{Call, TokenSource};
use crate::explained;
use crate::facts::{self, Witness};
use crate::invite::{self, Awaited};
use crate::organization;
use usher_shared::organization::Cache;
use usher_shared::policy::admit::{Case, Occasion};
use usher_shared::policy::trace::{Question, Step};
use usher_shared::policy::{UserRead, claims, notice};
use usher_shared::port::Store;

pub(super) async fn token(
    call: &Call<'_>,
    witness: Witness<'_>,
    (store, organizations): (&dyn Store, &Cache),
    budget: Budget,
    source: TokenSource,
) -> Verdict {
    let occasion = match source {
        // A machine's token is about no user, whatever else its event may say.
        TokenSource::ClientCredentials => {
            return Verdict::answer(answer::machine_token(call, witness.policy, witness.trace));
        }
        // At the first sign-in with an outside provider no trigger runs before this one.
        TokenSource::HostedAuth => Occasion::SignIn,
        TokenSource::Authentication
        | TokenSource::NewPasswordChallenge
        | TokenSource::AuthenticateDevice
        | TokenSource::RefreshTokens => Occasion::Renewal,
    };
    let Some(sub) = facts::sub(call) else {
        witness.note(|| vec![explained::no_sub(Question::Token)]);
        let answer = answer::suppressions(call, witness.policy, witness.trace);
        return Verdict::answer(answer);
    };
    let look = glance(store, &sub, budget).await;
    let policy = witness.policy;
    let awaited = invite::awaited(call, witness, store, &sub, known(&look), budget).await;
    let invited = invited_user(&awaited, witness, known(&look));
    let read = invited.as_ref().map_or(known(&look), UserRead::Found);
    let person = person_of(call, policy);
    let bearer = organization::Bearer {
        user: read,
        sub: &sub,
        person: &person,
    };
    let grant = organization::grant(witness, (store, organizations), bearer, budget).await;
    let case = Case {
        policy,
        user: known(&look),
        grant: &grant,
        occasion,
        now: witness.now,
    };
    witness.note(|| Step::all(Question::Token, &case.explain()));
    if let Err(reason) = case.decide() {
        return refuse(call, witness, sub, reason, &look);
    }
    let bearer = claims::Bearer {
        policy,
        grant: &grant,
        user: read,
        person: Some(&person),
    };
    let answered = Verdict::answer(answer::tokens(call, &bearer, witness.trace));
    // Who is announced is asked no more for an invite. So whoever waits for a confirmation, or may, is
    // left to it: the tokens until then would lack what the invite brings.
    let fact = match awaited {
        Awaited::Nothing => witness.noticed(call, sub, known(&look), person),
        Awaited::Grants(_) | Awaited::Unknown => {
            witness.note(|| vec![notice::explain(Err(notice::Nothing::Awaited))]);
            None
        }
    };
    Verdict { fact, ..answered }
}
