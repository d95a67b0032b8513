//! Mail through SES.

use crate::aws::{Clients, fault};
use crate::disposition::FaultKind;
use crate::port::{Fault, Mail, MailError, Mailer};
use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::RequestId;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

const SEND: &str = "ses.send_email";

/// SES, API version 2.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// SES in the clients' Region; nothing is called yet.
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: Client::new(clients.sdk()),
        }
    }
}

#[async_trait]
impl Mailer for Ses {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let refused = |_: BuildError| Fault::new(SEND, FaultKind::Refused);
        let mut request = self
            .client
            .send_email()
            .from_email_address(&mail.from)
            .destination(
                Destination::builder()
                    .to_addresses(mail.to.expose())
                    .build(),
            )
            .content(content(mail).map_err(refused)?)
            .set_reply_to_addresses(mail.reply_to.clone().map(|address| vec![address]))
            .set_configuration_set_name(mail.configuration_set.clone());
        for tag in &mail.tags {
            let tag = MessageTag::builder()
                .name(&tag.name)
                .value(&tag.value)
                .build();
            request = request.email_tags(tag.map_err(refused)?);
        }
        let answer = request.send().await.map_err(|error| failure(&error))?;
        let is_of_ses = answer.request_id().is_some();
        match answer.message_id {
            Some(id) => Ok(id),
            // Taken, and without a name: sent again it would be there twice.
            None if is_of_ses => Ok(String::new()),
            // Nobody knows who said that. A proxy's page is no acceptance.
            None => Err(Fault::new(SEND, FaultKind::TimedOut).into()),
        }
    }
}

fn content(mail: &Mail) -> Result<EmailContent, BuildError> {
    let text = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder()
        .text(text(&mail.text)?)
        .html(text(&mail.html)?)
        .build();
    let headers = mail.list_headers().into_iter().flatten();
    let headers = headers.map(|(name, value)| {
        let header = MessageHeader::builder().name(name).value(value);
        header.build()
    });
    let headers: Vec<_> = headers.collect::<Result<_, _>>()?;
    let message = Message::builder()
        .subject(text(&mail.subject)?)
        .body(body)
        .set_headers((!headers.is_empty()).then_some(headers))
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Tells a mail that will never be taken from a service that takes none.
///
/// | SES says | means | becomes |
/// |---|---|---|
/// | `MessageRejected` with "not verified" | the sender, or in the sandbox the recipient, has no verified identity | [`FaultKind::Refused`]: deferred, until somebody mends the set-up |
/// | `MailFromDomainNotVerifiedException`, `NotFoundException` (the configuration set), `SendingPausedException`, `AccountSuspendedException`, no permission | every mail would fail | the same |
/// | `MessageRejected` or `BadRequestException` with "suppress" or "blacklist" | nothing is sent to this address any more | [`MailError::Suppressed`]: given up |
/// | `BadRequestException` about an address, a domain or a local part | this is no address | [`MailError::BadAddress`]: given up |
/// | any other `MessageRejected` or `BadRequestException` | this content, such as a virus | [`MailError::Rejected`]: given up |
/// | `LimitExceededException`, `TooManyRequestsException` | the quota of the day or of the second | [`FaultKind::Throttled`] |
/// | anything else | | as [`crate::aws`] reads it |
///
/// An address on the account's own suppression list is no failure at all: SES takes the mail, gives an
/// id, and sends nothing (SES developer guide, *Using the account-level suppression list*).
fn failure(error: &SdkError<SendEmailError, HttpResponse>) -> MailError {
    let Some(said) = error.as_service_error() else {
        return fault(SEND, error).into();
    };
    let text = said.message().unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match said {
        SendEmailError::LimitExceededException(_) => Fault::new(SEND, FaultKind::Throttled).into(),
        // Nothing is wrong with the mail.
        SendEmailError::MessageRejected(_) if says(&["not verified"]) => {
            Fault::new(SEND, FaultKind::Refused).into()
        }
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_)
            if says(&["suppress", "blacklist"]) =>
        {
            MailError::Suppressed
        }
        SendEmailError::BadRequestException(_)
            if says(&["address", "domain", "missing local name"]) =>
        {
            MailError::BadAddress
        }
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => {
            MailError::Rejected
        }
        _ => fault(SEND, error).into(),
    }
}

#[cfg(test)]
mod tests;
