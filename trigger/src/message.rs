//! Messages that carry codes: the policy's own texts, or else the pool's.

use crate::cognito::Call;
use crate::explained;
use crate::facts::Witness;
use serde_json::value::{RawValue, to_raw_value};
use usher_shared::policy::MessageSource;
use usher_shared::policy::custom_messages::{Placeholders, Recipient, Rendered};

/// The event with the texts that the policy has for this message and reader. `None` where it has
/// none. A part that is missing stays as it came, which has Cognito send the pool's own.
pub fn answer(
    call: &Call<'_>,
    witness: Witness<'_>,
    source: MessageSource,
) -> Option<Box<RawValue>> {
    let messages = &witness.policy.custom_messages;
    if messages.is_empty() {
        witness.note(|| vec![explained::no_messages()]);
        return None;
    }
    let attribute = |name: &str| call.request.attribute(name);
    let locale = call.request.hint("locale");
    let locale = locale.or_else(|| attribute(&messages.locale_attribute));
    let (first_name, last_name) = (attribute("given_name"), attribute("family_name"));
    let recipient = Recipient {
        locale: locale.as_deref(),
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        user_name_length: Some(call.user_name.encode_utf16().count()),
    };
    let rendered = messages.render(source, &recipient, &placeholders(call));
    witness.note(|| messages.explain(source, &recipient, &rendered));
    tell(call, &rendered);
    let parts = [
        ("smsMessage", rendered.sms),
        ("emailMessage", rendered.email),
        ("emailSubject", rendered.subject),
    ];
    let parts = parts.map(|(key, text)| Some((key, raw(&text?))));
    let parts: Vec<(&str, &RawValue)> = parts
        .iter()
        .flatten()
        .map(|(key, text)| (*key, text.as_ref()))
        .collect();
    (!parts.is_empty()).then(|| call.with_responses(&parts))
}

/// What Cognito replaces, by the event's own names for it; the guide's where it has none.
fn placeholders(call: &Call<'_>) -> Placeholders {
    let guide = Placeholders::default();
    let parameter = |name: &str| call.request.parameter(name);
    Placeholders {
        code: parameter("codeParameter").unwrap_or(guide.code),
        link: parameter("linkParameter").unwrap_or(guide.link),
        username: parameter("usernameParameter").unwrap_or(guide.username),
    }
}

/// Counts what was there and could not be sent, without a word of it.
fn tell(call: &Call<'_>, rendered: &Rendered) {
    for (part, unfit) in &rendered.unfit {
        tracing::warn!(
            trigger.source = call.source.as_str(),
            message.part = part.key(),
            problem = unfit.as_str(),
            messages_unfit = 1,
            "A text of the policy does not fit what Cognito takes; the pool's own is sent"
        );
    }
}

fn raw(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("a text is always JSON")
}
