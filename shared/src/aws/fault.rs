//! What an SDK's error means to us. Nothing of its text goes further: it may quote a request.

use crate::disposition::FaultKind;
use crate::port::Fault;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::io;

/// Says which operation failed and why, in our words.
pub(crate) fn fault<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata,
{
    Fault::new(operation, kind(error))
}

/// Tells what a caller may believe: [`FaultKind::TimedOut`] wherever the request may have arrived
/// and no complete answer came back, whatever broke on the way.
fn kind<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> FaultKind {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => FaultKind::TimedOut,
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .map_or(FaultKind::Unavailable, kind_of_connector),
        SdkError::ServiceError(error) => {
            kind_of_answer(error.raw().status().as_u16(), error.err().code())
        }
        // Construction: a parameter is missing or wrong, which no repeat makes right.
        _ => FaultKind::Refused,
    }
}

fn kind_of_connector(error: &ConnectorError) -> FaultKind {
    if error.is_user() {
        FaultKind::Refused
    } else if !error.is_timeout() && was_never_sent(error) {
        FaultKind::Unavailable
    } else {
        FaultKind::TimedOut
    }
}

/// Whether the connection was never made, so that the request cannot have been carried out.
fn was_never_sent(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<ResolveDnsError>().is_some() {
            return true;
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return failed_handshake(error)
                || matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::HostUnreachable
                        | io::ErrorKind::NetworkUnreachable
                        | io::ErrorKind::NetworkDown
                        | io::ErrorKind::AddrNotAvailable
                );
        }
        next = error.source();
    }
    false
}

/// Whether the other side's certificate or its TLS was not to our liking.
///
/// Rustls reports that as invalid data, and hyper-rustls wraps what a handshake reports once more. Not
/// wrapped, the same has broken a connection that was in use.
fn failed_handshake(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.is_some_and(|inner: &io::Error| inner.kind() == io::ErrorKind::InvalidData)
}

/// What SQS puts before the names of some errors, and other servers before those of all.
const OF_SQS: &str = "AWS.SimpleQueueService.";

/// Reads status and error code, by the names that the services give them.
fn kind_of_answer(status: u16, code: Option<&str>) -> FaultKind {
    let code = code.unwrap_or_default();
    match (status, code.strip_prefix(OF_SQS).unwrap_or(code)) {
        (429, _)
        | (
            _,
            "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "TooManyRequestsException"
            | "OverLimit",
        ) => FaultKind::Throttled,
        // Two writers met on one item, of a global table or by way of a transaction; the next try
        // meets nobody.
        (
            _,
            "ReplicatedWriteConflictException"
            | "TransactionConflictException"
            | "TransactionInProgressException",
        ) => FaultKind::Unavailable,
        // Done, and the answer about it cannot be read, as when it was cut short.
        (200..=299 | 504, _) => FaultKind::TimedOut,
        (500..=599, _) => FaultKind::Unavailable,
        // Whoever refuses says why; this answer was cut short, and may have been any.
        (_, "") => FaultKind::TimedOut,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_to_come_back() {
        for (status, code, kind) in [
            (
                400,
                "ProvisionedThroughputExceededException",
                FaultKind::Throttled,
            ),
            (403, "RequestThrottled", FaultKind::Throttled),
            (
                403,
                "AWS.SimpleQueueService.RequestThrottled",
                FaultKind::Throttled,
            ),
            (429, "", FaultKind::Throttled),
            (500, "InternalServerError", FaultKind::Unavailable),
            (503, "ServiceUnavailable", FaultKind::Unavailable),
            (504, "", FaultKind::TimedOut),
            (200, "", FaultKind::TimedOut),
            (400, "", FaultKind::TimedOut),
            (400, "ResourceNotFoundException", FaultKind::Refused),
            (403, "AccessDeniedException", FaultKind::Refused),
        ] {
            assert_eq!(kind_of_answer(status, Some(code)), kind, "{status} {code}");
        }
    }

    #[test]
    fn a_connection_lost_on_the_way_may_have_carried_the_request() {
        let lost = |kind: io::ErrorKind| ConnectorError::io(io::Error::from(kind).into());
        assert_eq!(
            kind_of_connector(&lost(io::ErrorKind::ConnectionReset)),
            FaultKind::TimedOut
        );
        assert_eq!(
            kind_of_connector(&lost(io::ErrorKind::UnexpectedEof)),
            FaultKind::TimedOut
        );
        assert_eq!(
            kind_of_connector(&lost(io::ErrorKind::InvalidData)),
            FaultKind::TimedOut
        );
        assert_eq!(
            kind_of_connector(&lost(io::ErrorKind::ConnectionRefused)),
            FaultKind::Unavailable
        );
    }

    /// Calls a server that reads a request, says this and hangs up, or one that is not there.
    async fn call(listener: Option<tokio::net::TcpListener>, says: &'static str) -> FaultKind {
        use crate::port::Store;
        let endpoint = match &listener {
            Some(listener) => format!("http://{}", listener.local_addr().unwrap()),
            None => "http://127.0.0.1:1".to_owned(),
        };
        let server = tokio::spawn(async move {
            if let Some(listener) = listener {
                let (stream, _) = listener.accept().await.unwrap();
                stream.readable().await.unwrap();
                let _ = stream.try_read(&mut [0; 65_536]);
                let _ = stream.try_write(says.as_bytes());
            }
        });
        let clients = crate::aws::Clients::local(&endpoint, crate::aws::Timeouts::WORKER);
        let table = crate::dynamodb::Table::new(&clients, "usher");
        let fault = table
            .glance(&usher_events::Sub::new("3f0c").unwrap())
            .await
            .unwrap_err();
        server.await.unwrap();
        fault.kind
    }

    #[tokio::test]
    async fn a_real_connection_tells_the_same() {
        for says in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Length: 2",
            "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"Item\":{\"PK\"",
            "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n<html></html>",
            "\u{1}\u{2}\u{3}",
        ] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let kind = call(Some(listener), says).await;
            assert_eq!(kind, FaultKind::TimedOut, "{says:?}");
        }
        assert_eq!(call(None, "").await, FaultKind::Unavailable);
    }
}
