use super::*;
use crate::aws::Timeouts;
use crate::disposition::FaultKind;
use crate::testkit::http::{self, Behavior};
use secrecy::ExposeSecret;

async fn secret(behavior: Behavior) -> Result<Option<Stored>, Fault> {
    let clients = http::clients(behavior, Timeouts::TRIGGER);
    SecretsManager::new(&clients).secret("usher/digest").await
}

#[tokio::test]
async fn a_secret_has_a_text_and_a_version() {
    let answer = r#"{"ARN":"arn:x","CreatedDate":1.7e9,"Name":"usher/digest",
        "SecretString":"hunter2","VersionId":"b9c8","VersionStages":["AWSCURRENT"]}"#;
    let stored = secret(Behavior::Answers(answer)).await.unwrap().unwrap();
    assert_eq!(
        (
            stored.name.as_str(),
            stored.text.expose_secret(),
            stored.version.as_str()
        ),
        ("usher/digest", "hunter2", "b9c8")
    );
}

#[tokio::test]
async fn bytes_are_no_text_and_what_is_not_there_is_none() {
    let bytes = r#"{"Name":"usher/digest","SecretBinary":"AAEC","VersionId":"b9c8"}"#;
    assert!(secret(Behavior::Answers(bytes)).await.unwrap().is_none());
    let absent = Behavior::Refuses("ResourceNotFoundException");
    assert!(secret(absent).await.unwrap().is_none());
    let fault = secret(Behavior::Denies).await.unwrap_err();
    assert_eq!(fault, Fault::new(GET, FaultKind::Refused));
}
