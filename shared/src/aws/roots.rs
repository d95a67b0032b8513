//! Whose word an AWS endpoint's certificate has to rest on.

use crate::config::Config;
use aws_smithy_http_client::tls::TrustStore;

/// Amazon's own roots.
const AMAZON: &str = include_str!("amazon-roots.pem");

/// The first parts of the names of Regions of the partition `aws`, as AWS's own endpoint rules have
/// them.
const COMMERCIAL: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];

/// The roots that connections to AWS trust: in Lambda, in AWS's commercial partition, Amazon's own;
/// anywhere else, and wherever the environment names some, the system's.
///
/// A start in Lambda so reads five certificates and not some three hundred files.
pub(super) fn trusted(config: &Config) -> TrustStore {
    if config.in_lambda && !config.roots_named && is_commercial(&config.region) {
        amazon()
    } else {
        TrustStore::default()
    }
}

fn amazon() -> TrustStore {
    TrustStore::empty().with_pem_certificate(AMAZON)
}

/// Whether a Region is of the partition `aws`, all of whose endpoints have certificates under
/// Amazon's roots. A Region of a kind that it does not know is not: trusting the system's roots is
/// slower, and never wrong.
fn is_commercial(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    match parts[..] {
        [area, place, number] => {
            COMMERCIAL.contains(&area)
                && !place.is_empty()
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
