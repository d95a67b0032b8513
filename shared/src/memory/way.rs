use crate::disposition::FaultKind;
use crate::port::Fault;
use async_trait::async_trait;

/// What became of a call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It arrives, and so does its answer.
    Through,
    /// It is carried out, and its answer is lost: the caller hears this instead.
    AnswerLost(FaultKind),
    /// It never arrives.
    Stopped(FaultKind),
}

/// What lies between a caller and one service: how long a call takes, and whether it gets through.
#[async_trait]
pub trait Way: Send + Sync {
    /// Takes the time that a call of this operation takes, and says what becomes of it.
    async fn pass(&self, operation: &'static str) -> Passed;
}

/// A way that takes no time and loses nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

#[async_trait]
impl Way for Open {
    async fn pass(&self, _operation: &'static str) -> Passed {
        Passed::Through
    }
}

/// Carries out a call if it arrives, and gives what its caller hears.
pub(super) async fn call<T>(
    way: &dyn Way,
    operation: &'static str,
    act: impl FnOnce() -> T,
) -> Result<T, Fault> {
    let passed = way.pass(operation).await;
    if let Passed::Stopped(kind) = passed {
        return Err(Fault::new(operation, kind));
    }
    let answer = act();
    match passed {
        Passed::Through => Ok(answer),
        Passed::AnswerLost(kind) | Passed::Stopped(kind) => Err(Fault::new(operation, kind)),
    }
}
