use crate::{CorrelationId, EventId, PoolId, Subject, Time};

/// An event with what makes it one fact among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<E> {
    /// Two envelopes with one id are one fact; the first that was appended is the fact.
    pub id: EventId,
    /// The user pool it happened in.
    pub source: PoolId,
    /// Whom it is about.
    pub subject: Subject,
    /// When it happened; for an event whose id is bucketed, the start of the bucket.
    pub time: Time,
    /// The request that caused it, together with everything else that request caused.
    pub correlation_id: Option<CorrelationId>,
    /// The event that caused it, if one did.
    pub causation_id: Option<EventId>,
    /// What happened.
    pub event: E,
}

impl<E> Envelope<E> {
    /// The same envelope around another event.
    pub fn map<F>(self, f: impl FnOnce(E) -> F) -> Envelope<F> {
        Envelope {
            id: self.id,
            source: self.source,
            subject: self.subject,
            time: self.time,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            event: f(self.event),
        }
    }
}
