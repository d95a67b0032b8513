use super::Organization;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use usher_events::OrganizationId;

/// How many organizations are kept at most: half a megabyte of them.
const MOST: usize = 1_000;

/// Organizations that were read, for a while. Cheap to clone; clones share them.
///
/// Only what was read is kept: that there is none, and that the table did not answer, is asked anew
/// each time. Nobody waits: the lock is held while the map is looked at, never while anything is read.
#[derive(Clone, Default)]
pub struct Cache(Arc<Mutex<Read>>);

/// Each organization with the instant at which its reading began.
type Read = HashMap<OrganizationId, (Instant, Arc<Organization>)>;

impl Cache {
    /// The organization of this id: as it was read within the last `lifetime`, else as `read` gives
    /// it now.
    ///
    /// # Errors
    ///
    /// That of `read`. What was kept longer than its lifetime is not used then either.
    pub async fn get<E>(
        &self,
        id: &OrganizationId,
        lifetime: Duration,
        read: impl Future<Output = Result<Option<Organization>, E>>,
    ) -> Result<Option<Arc<Organization>>, E> {
        let begun = Instant::now();
        let kept = self.entries().get(id).cloned();
        if let Some((read_at, organization)) = kept
            && begun.saturating_duration_since(read_at) < lifetime
        {
            return Ok(Some(organization));
        }
        Ok(read.await?.map(|found| self.keep(found, begun)))
    }

    /// Keeps what the table showed to somebody who asked at `asked`.
    pub fn keep(&self, organization: Organization, asked: Instant) -> Arc<Organization> {
        let organization = Arc::new(organization);
        let mut entries = self.entries();
        if entries.len() >= MOST && !entries.contains_key(&organization.id) {
            let oldest = entries.iter().min_by_key(|(_, (read_at, _))| *read_at);
            let oldest = oldest.map(|(id, _)| id.clone());
            oldest.map(|id| entries.remove(&id));
        }
        let entry = (asked, Arc::clone(&organization));
        entries.insert(organization.id.clone(), entry);
        organization
    }

    fn entries(&self) -> MutexGuard<'_, Read> {
        // Nothing can panic while the lock is held, so that a poisoned one holds a whole map too.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("organizations", &self.entries().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::policy::{self, Domain};
    use std::cell::Cell;
    use usher_events::{EventId, Sub, Time};

    const LIFETIME: Duration = Duration::from_secs(60);

    fn organization(number: usize) -> Organization {
        let terms = policy::Organization {
            name: "Acme".to_owned(),
            account_type: None,
            active: true,
            plan: None,
        };
        Organization::new(
            Domain::new(&format!("c{number}.example")).unwrap(),
            terms,
            Sub::new("ada").unwrap(),
            EventId::from_uuid(uuid::Uuid::nil()),
            Time::from_unix_seconds(0).unwrap(),
        )
    }

    /// Asks for an organization, and says what it got and whether it was read.
    async fn asked(
        cache: &Cache,
        number: usize,
        answer: Result<Option<Organization>, ()>,
    ) -> (Result<bool, ()>, bool) {
        let was_read = Cell::new(false);
        let read = async {
            was_read.set(true);
            answer
        };
        let found = cache.get(&organization(number).id, LIFETIME, read).await;
        (found.map(|found| found.is_some()), was_read.get())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_is_good_for_its_lifetime_and_no_longer() {
        let cache = Cache::default();
        let there = || Ok(Some(organization(1)));
        assert_eq!(asked(&cache, 1, there()).await, (Ok(true), true));
        tokio::time::advance(LIFETIME - Duration::from_millis(1)).await;
        assert_eq!(asked(&cache, 1, Err(())).await, (Ok(true), false));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(asked(&cache, 1, Err(())).await, (Err(()), true));
        assert_eq!(asked(&cache, 1, there()).await, (Ok(true), true));
        assert_eq!(asked(&cache, 2, Ok(None)).await, (Ok(false), true));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_and_what_failed_is_asked_anew() {
        let cache = Cache::default();
        for answer in [Ok(None), Err(()), Ok(None), Ok(Some(organization(1)))] {
            let expected = answer.clone().map(|found| found.is_some());
            assert_eq!(asked(&cache, 1, answer).await, (expected, true));
        }
        assert_eq!(asked(&cache, 1, Err(())).await, (Ok(true), false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reading_is_as_old_as_its_question() {
        let cache = Cache::default();
        let slow = async {
            clock::sleep(LIFETIME / 2).await;
            Ok::<_, ()>(Some(organization(1)))
        };
        assert!(cache.get(&organization(1).id, LIFETIME, slow).await.is_ok());
        tokio::time::advance(LIFETIME / 2).await;
        assert_eq!(asked(&cache, 1, Err(())).await, (Err(()), true));
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_holds_more_than_so_many_and_forgets_the_oldest_first() {
        let cache = Cache::default();
        for number in 0..MOST + 10 {
            cache.keep(organization(number), Instant::now());
            cache.keep(organization(number), Instant::now());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(cache.entries().len(), MOST);
        for (number, is_kept) in [(0, false), (9, false), (10, true), (MOST + 9, true)] {
            let id = organization(number).id;
            assert_eq!(cache.entries().contains_key(&id), is_kept, "{number}");
        }
    }
}
