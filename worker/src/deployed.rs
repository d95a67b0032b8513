//! The worker as it is deployed: under whichever policy is in force.

use crate::Worker;
use crate::mails::{TemplateError, Templates};
use std::sync::Arc;
use usher_shared::loading::{Edition, Policies, Unfit, Version};
use usher_shared::policy::Policy;

/// What the worker makes of a policy. The templates are always that policy's own.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// Decides.
    pub policy: Arc<Policy>,
    /// Renders its mails.
    pub templates: Templates,
}

impl Ruling {
    /// Compiles a policy's templates.
    ///
    /// # Errors
    ///
    /// Names the template that cannot be used.
    pub fn make(policy: Policy) -> Result<Self, Unfit> {
        let templates = Templates::new(&policy).map_err(|error| Unfit {
            problem: error.to_string(),
            key: match error {
                TemplateError::Bad { name, .. } => name,
                TemplateError::NoRecipient | TemplateError::NoSender => "mail.templates".to_owned(),
            },
        })?;
        Ok(Self {
            policy: Arc::new(policy),
            templates,
        })
    }
}

/// Gives each batch a worker of its own, and sees to policy and secret between batches.
#[derive(Clone)]
pub struct Deployed {
    worker: Worker,
    policies: Policies<Ruling>,
}

impl Deployed {
    /// Puts this worker under these policies; its own is the first of them.
    pub fn new(worker: Worker, policies: Policies<Ruling>) -> Self {
        Self { worker, policies }
    }

    /// A worker under the policy that is in force now, and which one that is. It works on one batch,
    /// and so one policy decides it throughout.
    pub fn worker(&self) -> (Worker, Arc<Edition<Ruling>>) {
        let edition = self.policies.current();
        self.worker.guards.heed(&edition.made.policy.breakers);
        let worker = Worker {
            policy: Arc::clone(&edition.made.policy),
            templates: edition.made.templates.clone(),
            ..self.worker.clone()
        };
        (worker, edition)
    }

    /// Sees, once a batch is done, whether policy or secret are to be read anew, and begins that
    /// without waiting for it.
    pub fn after_a_batch(&self) {
        self.policies.refresh_soon();
        self.worker.secret.refresh_soon();
    }
}

impl From<Arc<Worker>> for Deployed {
    /// A worker that keeps its policy for ever.
    fn from(worker: Arc<Worker>) -> Self {
        let ruling = Ruling {
            policy: Arc::clone(&worker.policy),
            templates: worker.templates.clone(),
        };
        let policies = Policies::fixed(Version::of("given", ""), ruling);
        Self::new(worker.as_ref().clone(), policies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;
    use std::time::Duration;
    use tokio::time::advance;
    use usher_events::Time;
    use usher_shared::config::Overrides;
    use usher_shared::loading::{Loading, PolicySource};
    use usher_shared::policy::mails::{Facts, Reader, values};
    use usher_shared::policy::{MailKind, file};
    use usher_shared::port::{Fault, Parameters, Stored};

    /// A policy whose mails are the package's, under a subject of its own.
    fn policy(subject: &str, concurrency: u32) -> String {
        format!(
            "[worker]\nconcurrency = {concurrency}\n[mail]\nfrom = 'a@b.example'\n\
             app_url = 'https://b.example'\n[[mail.templates]]\nmail = 'welcome'\n\
             subject = '{subject}'\ntext_file = 'a.txt'\nhtml_file = 'a.html'\n"
        )
    }

    /// Keeps one parameter.
    struct Store(Mutex<(String, u32)>);

    #[async_trait]
    impl Parameters for Store {
        async fn parameter(&self, name: &str) -> Result<Option<Stored>, Fault> {
            let (text, version) = self.0.lock().unwrap().clone();
            Ok(Some(Stored {
                name: name.to_owned(),
                text: text.into(),
                version: version.to_string(),
            }))
        }
        async fn under(&self, _: &str) -> Result<Vec<Stored>, Fault> {
            panic!("the policy is one parameter")
        }
    }

    fn in_force(policies: &Policies<Ruling>) -> (String, usize) {
        let edition = policies.current();
        let Ruling { policy, templates } = &edition.made;
        let facts = Facts {
            mail: MailKind::Welcome,
            first_name: None,
            account_type: "standard",
            source: None,
            campaign: None,
            organization: None,
            happened_at: Time::from_unix_seconds(0).unwrap(),
            unsubscribe_url: None,
        };
        let reader = Reader {
            mail: MailKind::Welcome,
            locale: None,
            account_type: "standard",
            source: None,
        };
        let mail = templates.render(&reader, &values(policy, &facts)).unwrap();
        (mail.subject, policy.worker.concurrency)
    }

    #[tokio::test(start_paused = true)]
    async fn templates_are_always_those_of_the_policy_that_decides() {
        let directory = tempfile::TempDir::new().unwrap();
        for part in ["a.txt", "a.html"] {
            std::fs::write(directory.path().join(part), "Hello from {{ app_name }}").unwrap();
        }
        let text = policy("first", 1);
        let read = |path: &Path| std::fs::read_to_string(path);
        let packaged = file::parse(&text, directory.path(), &read).unwrap();
        let store = Arc::new(Store(Mutex::new((policy("second", 2), 1))));
        let loading = Loading {
            source: PolicySource::Parameter("/usher/policy".to_owned()),
            packaged: Version::of("package", &text),
            base: PathBuf::from(directory.path()),
            overrides: Overrides::default(),
            refresh: Duration::from_mins(1),
        };
        let policies = Policies::new(packaged, loading, store.clone(), Ruling::make).unwrap();
        assert_eq!(in_force(&policies), ("first".to_owned(), 1));
        policies.load().await;
        assert_eq!(in_force(&policies), ("second".to_owned(), 2));

        for (subject, expected) in [
            ("{{ nobody_knows }}", ("second", 2)),
            ("third", ("third", 3)),
        ] {
            let before = policies.current();
            {
                let mut kept = store.0.lock().unwrap();
                *kept = (policy(subject, 3), kept.1 + 1);
            }
            advance(Duration::from_mins(2)).await;
            policies.refresh_soon();
            for _ in 0..10 {
                tokio::task::yield_now().await;
                advance(Duration::from_millis(1)).await;
            }
            assert_eq!(in_force(&policies), (expected.0.to_owned(), expected.1));
            assert_eq!(before.made.policy.worker.concurrency, 2, "a snapshot stays");
        }
    }
}
