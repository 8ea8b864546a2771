//! Errors, by whose they are: the user's (exit code 2), the outside's, or ours (a broken
//! invariant).

use arrow::error::ArrowError;

/// What went wrong, and whose it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pipeline or the command line is wrong: exit code 2.
    #[error("{0}")]
    User(String),
    /// Something outside failed: a file, a socket, a disk. Exit code 1.
    #[error("{0}")]
    Outside(String),
    /// A limit with a name was reached: exit code 1.
    #[error("{0}")]
    Limit(String),
    /// An invariant is broken: a bug of ours. Exit code 1.
    #[error("{0} (this is a bug in zaraba)")]
    Internal(String),
}

/// Result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The user's.
    pub fn user(message: impl Into<String>) -> Self {
        Self::User(message.into())
    }

    /// The outside's.
    pub fn outside(message: impl Into<String>) -> Self {
        Self::Outside(message.into())
    }

    /// Ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }

    /// The same error with where it happened put before it.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        match self {
            Self::User(m) => Self::User(format!("{place}: {m}")),
            Self::Outside(m) => Self::Outside(format!("{place}: {m}")),
            Self::Limit(m) => Self::Limit(format!("{place}: {m}")),
            Self::Internal(m) => Self::Internal(format!("{place}: {m}")),
        }
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Self::Internal(error.to_string())
    }
}
