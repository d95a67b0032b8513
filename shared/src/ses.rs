//! Mail through SES.

use crate::aws::{Clients, fault};
use crate::disposition::FaultKind;
use crate::port::{Fault, Mail, MailError, Mailer};
use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
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
                .name(tag.name)
                .value(&tag.value)
                .build();
            request = request.email_tags(tag.map_err(refused)?);
        }
        let answer = request.send().await.map_err(|error| failure(&error))?;
        // An accepted mail without an id is accepted all the same.
        Ok(answer.message_id.unwrap_or_default())
    }
}

fn content(mail: &Mail) -> Result<EmailContent, BuildError> {
    let text = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder()
        .text(text(&mail.text)?)
        .html(text(&mail.html)?)
        .build();
    let message = Message::builder()
        .subject(text(&mail.subject)?)
        .body(body)
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Tells a mail that will never be taken from a service that takes none.
///
/// | SES says | means |
/// |---|---|
/// | `MessageRejected`, `BadRequestException` | this recipient or this content: [`MailError::Rejected`] |
/// | `MessageRejected` for want of a verified sender or, in the sandbox, recipient; `MailFromDomainNotVerifiedException`, `NotFoundException` (the configuration set), `SendingPausedException`, `AccountSuspendedException` | every mail would fail until somebody mends the set-up: [`FaultKind::Refused`], which is deferred |
/// | `LimitExceededException`, `TooManyRequestsException` | the quota of the day or of the second: [`FaultKind::Throttled`] |
/// | anything else | as [`crate::aws`] reads it |
fn failure(error: &SdkError<SendEmailError, HttpResponse>) -> MailError {
    match error.as_service_error() {
        Some(SendEmailError::LimitExceededException(_)) => {
            Fault::new(SEND, FaultKind::Throttled).into()
        }
        // Rejected for want of a verified sender, or in the sandbox of a verified recipient: nothing
        // is wrong with the mail.
        Some(SendEmailError::MessageRejected(rejected)) if is_unverified(rejected.message()) => {
            Fault::new(SEND, FaultKind::Refused).into()
        }
        Some(SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_)) => {
            MailError::Rejected
        }
        _ => fault(SEND, error).into(),
    }
}

fn is_unverified(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("not verified"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    fn kind(error: SendEmailError) -> Result<FaultKind, &'static str> {
        let status = StatusCode::try_from(400).unwrap();
        let response = HttpResponse::new(status, SdkBody::empty());
        match failure(&SdkError::service_error(error, response)) {
            MailError::Rejected => Err("rejected"),
            MailError::Fault(fault) => Ok(fault.kind),
        }
    }

    #[test]
    fn a_bad_mail_is_not_a_bad_service() {
        use aws_sdk_sesv2::types::error as ses;
        let rejected = ses::MessageRejected::builder().build();
        assert_eq!(
            kind(SendEmailError::MessageRejected(rejected)),
            Err("rejected")
        );
        let bad = ses::BadRequestException::builder().build();
        assert_eq!(
            kind(SendEmailError::BadRequestException(bad)),
            Err("rejected")
        );
        let domain = ses::MailFromDomainNotVerifiedException::builder().build();
        let domain = SendEmailError::MailFromDomainNotVerifiedException(domain);
        assert_eq!(kind(domain), Ok(FaultKind::Refused));
        let limit = ses::LimitExceededException::builder().build();
        assert_eq!(
            kind(SendEmailError::LimitExceededException(limit)),
            Ok(FaultKind::Throttled)
        );
    }
}
