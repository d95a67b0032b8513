//! The one question that every failure answers.

/// What is to be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Try again within this invocation, while its deadline allows.
    Retry,
    /// Set the work aside until later: another try now would fail in the same way.
    Defer,
    /// Give up: no later try can succeed.
    DeadLetter,
}

/// Why a call to another service failed, as far as its caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// No answer within the time allowed. The call may have been carried out.
    TimedOut,
    /// The service could not be reached, or said that it is broken.
    Unavailable,
    /// The service asked for fewer calls.
    Throttled,
    /// The service understood and will not do it: permission, a missing resource, a wrong request.
    Refused,
    /// The service answered with something that cannot be read.
    Corrupt,
    /// The service was not called, because its breaker is open.
    Held,
}

impl FaultKind {
    /// The name in log fields and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::Corrupt => "corrupt",
            Self::Held => "breaker_open",
        }
    }

    /// What to do about it within one invocation.
    pub fn disposition(self) -> Disposition {
        match self {
            Self::TimedOut | Self::Unavailable | Self::Throttled => Disposition::Retry,
            Self::Refused | Self::Held => Disposition::Defer,
            Self::Corrupt => Disposition::DeadLetter,
        }
    }
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
