//! Patience: how long a message waits before it is delivered again, while a service that its work
//! needs is down.

use crate::Worker;
use crate::batch::Message;
use crate::story::Outcome;
use std::time::Duration;
use usher_shared::chance;
use usher_shared::port::Hidden;

/// An outage of so long leaves no dead letter, whatever the receive limit is.
const LEAST_PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// In so long a message is recorded or a dead letter, before the queue itself forgets it: SQS keeps
/// messages for four days, if nobody says otherwise. Half of it more may come on top, by chance.
const MOST_PATIENCE: Duration = Duration::from_secs(48 * 3600);

/// The longest wait, if the receive limit leaves the choice: so late at the most a message is after a
/// service has recovered.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// The most by which chance makes a wait longer, so that what failed together does not come back
/// together.
const SPREAD: f64 = 0.5;

/// SQS hides a message for twelve hours from its receipt at most; a batch may have taken a part.
const LONGEST_HIDDEN: Duration = Duration::from_secs(11 * 3600);

/// How long a message is hidden after its so-manieth delivery, where a service was down. Grows from
/// delivery to delivery; `drawn` is a number from 0 up to 1.
///
/// The first wait is as long as it has to be that all that the receive limit permits are six hours;
/// it is no longer than the visibility timeout that the queue's contract asks for.
pub fn wait(receive_count: u32, receive_limit: u32, drawn: f64) -> Duration {
    // After the last delivery there is none to wait for.
    let waits = receive_limit.saturating_sub(1).max(1);
    let share = |of: Duration| Duration::from_secs(of.as_secs().div_ceil(waits.into()));
    let shortest = share(LEAST_PATIENCE);
    let longest = LONGEST_WAIT.min(share(MOST_PATIENCE)).max(shortest);
    let doublings = receive_count.saturating_sub(1).min(16);
    let wait = shortest.saturating_mul(1 << doublings).min(longest);
    wait.mul_f64(1.0 + SPREAD * drawn.clamp(0.0, 1.0))
        .min(LONGEST_HIDDEN)
}

impl Worker {
    /// Hides for a longer and longer while the messages that met a service that is down, instead of
    /// having them again as soon as the queue shows them. Where that fails, the queue's own time
    /// counts.
    pub(crate) async fn be_patient(&self, messages: &[Message], outcomes: &[Outcome]) {
        let hidden = messages
            .iter()
            .zip(outcomes)
            .filter_map(|(message, outcome)| {
                let met_an_outage = match outcome {
                    Outcome::Again(again) => again.is_outage(),
                    Outcome::Recorded(_) | Outcome::NothingToResume | Outcome::SetAside(_) => false,
                };
                let receipt = message.receipt.clone().filter(|_| met_an_outage)?;
                let limit = self.policy.worker.receive_limit;
                let duration = wait(message.receive_count, limit, chance::fraction());
                Some(Hidden { receipt, duration })
            });
        let hidden: Vec<Hidden> = hidden.collect();
        if hidden.is_empty() {
            return;
        }
        let messages = hidden.len();
        match self.visibility.hide_many(&hidden).await {
            Ok(()) => tracing::warn!(messages, "A service is down; messages wait longer"),
            Err(fault) => {
                tracing::warn!(messages, fault = %fault, "A service is down, and not all messages could be hidden; the queue shows them in its own time");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use usher_shared::policy::file;

    /// How long a message waits in all, if chance draws the same each time.
    fn patience(receive_limit: u32, drawn: f64) -> Duration {
        (1..receive_limit)
            .map(|count| wait(count, receive_limit, drawn))
            .sum()
    }

    #[test]
    fn whatever_the_receive_limit_an_outage_of_six_hours_leaves_no_dead_letter() {
        for limit in 2..=1000 {
            let least = patience(limit, 0.0);
            assert!(least >= LEAST_PATIENCE, "{limit}: {least:?}");
            // Each wait is rounded up to a second, and may be longer by half.
            let most = MOST_PATIENCE.mul_f64(1.0 + SPREAD) + Duration::from_secs(2000);
            let longest = patience(limit, 1.0);
            assert!(longest <= most, "{limit}: {longest:?}");
        }
    }

    #[test]
    fn a_wait_grows_is_spread_and_is_never_longer_than_sqs_hides_a_message() {
        let drawn = [0.0, 0.25, 0.5, 1.0, 7.0];
        for limit in [1, 2, 6, 40, 1000] {
            for (count, drawn) in (0..=limit + 1).zip(drawn.into_iter().cycle()) {
                let waited = wait(count, limit, drawn);
                assert!(waited <= LONGEST_HIDDEN && !waited.is_zero());
                assert!(wait(count, limit, 0.0) <= wait(count + 1, limit, 0.0));
                assert!(wait(count, limit, 0.0) <= wait(count, limit, 0.5));
            }
        }
        assert!(wait(2, 40, 0.0) == 2 * wait(1, 40, 0.0));
        assert_eq!(wait(9, 40, 0.0), LONGEST_WAIT);
        assert_eq!(wait(9, 40, 1.0), LONGEST_WAIT * 3 / 2);
    }

    /// The contract: as many deliveries as the policy says, and the visibility timeout that makes six
    /// hours of them.
    #[test]
    fn the_readme_s_contract_leaves_the_hours_that_it_says() {
        let policy = file::parse("", Path::new(""), &|_| {
            Err(std::io::ErrorKind::NotFound.into())
        })
        .unwrap_or_else(|problems| panic!("{problems}"));
        let limit = policy.worker.receive_limit;
        let queue_s_own = LEAST_PATIENCE / limit;
        assert!(
            wait(1, limit, 0.0) >= queue_s_own,
            "shorter than the queue's own"
        );
        let hours = patience(limit, 0.0).as_secs() / 3600;
        assert!(hours >= 6);
        let readme = include_str!("../../README.md");
        let said = format!("With {limit} deliveries that is {hours} hours at least");
        assert!(readme.contains(&said), "the README does not say: {said}");
    }
}
