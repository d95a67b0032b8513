use super::*;
use crate::aws::{Clients, Timeouts, https};
use crate::disposition::FaultKind;
use crate::dynamodb::Table;
use crate::port::{Fault, Store};
use crate::testkit::stand_in::{Identity, StandIn, port};
use crate::user::UserItem;
use ring::digest;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use usher_events::Sub;

/// What the file of roots holds: each one's name, and the SHA-256 of its certificate.
const FINGERPRINTS: [(&str, &str); 5] = [
    (
        "Amazon Root CA 1",
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    ),
    (
        "Amazon Root CA 2",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    ),
    (
        "Amazon Root CA 3",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    ),
    (
        "Amazon Root CA 4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    ),
    (
        "Starfield Services Root Certificate Authority - G2",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ),
];

fn config(region: &str, in_lambda: bool, roots_named: bool) -> Config {
    let lookup = |key: &str| {
        let value = match key {
            "REGION" => region,
            "AWS_LAMBDA_RUNTIME_API" if in_lambda => "127.0.0.1:9001",
            "SSL_CERT_FILE" if roots_named => "/etc/ssl/own.pem",
            "USHER_TABLE" | "USHER_QUEUE_URL" | "USHER_BUS" => "usher",
            "USHER_SECRET" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            _ => return None,
        };
        Some(value.to_owned())
    };
    Config::from_lookup(&lookup, &|_| Ok(String::new())).unwrap()
}

/// Whether a trust store is Amazon's, by all that it says of itself.
fn is_amazons(store: &TrustStore) -> bool {
    format!("{store:?}") == format!("{:?}", amazon())
}

async fn look_into_a_table(aws: &StandIn, trust: TrustStore) -> Result<Option<UserItem>, Fault> {
    let clients = Clients::over(https(trust), &aws.endpoint(), Timeouts::WORKER);
    let table = Table::new(&clients, "usher");
    table.glance(&Sub::new("3f0c").unwrap()).await
}

#[test]
fn the_file_of_roots_holds_amazons_five_and_no_other() {
    let roots = CertificateDer::pem_slice_iter(AMAZON.as_bytes()).map(Result::unwrap);
    let roots: Vec<String> = roots
        .map(|root| {
            let fingerprint = digest::digest(&digest::SHA256, &root);
            let hex = fingerprint
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"));
            hex.collect()
        })
        .collect();
    assert_eq!(roots, FINGERPRINTS.map(|(_, fingerprint)| fingerprint));
    for (name, _) in FINGERPRINTS {
        assert!(AMAZON.contains(&format!("\n# {name}\n")), "{name}");
    }
}

#[test]
fn regions_of_other_partitions_and_of_no_known_kind_are_not_commercial() {
    for region in [
        "us-east-1",
        "eu-central-1",
        "ap-southeast-7",
        "mx-central-1",
    ] {
        assert!(is_commercial(region), "{region}");
    }
    for region in [
        "cn-north-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
        "aws-global",
        "xx-north-1",
        "us-east",
        "us-east-one",
        "us-east-",
        "us--1",
        "",
    ] {
        assert!(!is_commercial(region), "{region}");
    }
}

#[test]
fn amazons_roots_are_for_lambda_in_the_commercial_partition_where_nobody_names_others() {
    assert!(is_amazons(&trusted(&config("us-east-1", true, false))));
    for other in [
        config("us-east-1", false, false),
        config("us-east-1", true, true),
        config("us-gov-west-1", true, false),
    ] {
        let (region, store) = (&other.region, trusted(&other));
        assert!(!is_amazons(&store), "{region}");
        assert_eq!(format!("{store:?}"), format!("{:?}", TrustStore::default()));
    }
}

#[tokio::test]
async fn who_trusts_amazon_sends_nothing_to_anybody_else() {
    let aws = StandIn::start().await.over_tls(port(), &Identity::new());
    let refused = look_into_a_table(&aws, amazon()).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Unavailable);
    assert!(aws.take_calls().is_empty());
}

#[tokio::test]
async fn a_root_that_is_trusted_is_all_that_a_connection_takes() {
    let identity = Identity::new();
    let aws = StandIn::start().await.over_tls(port(), &identity);
    let trust = TrustStore::empty().with_pem_certificate(identity.root());
    assert_eq!(look_into_a_table(&aws, trust).await, Ok(None));
    assert_eq!(aws.take_calls().get("GetItem"), Some(&1));
}
