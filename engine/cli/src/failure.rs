//! How a command ends when it cannot do what it was asked, and with which exit code.

use std::fmt;

use zaraba::error::Error;

use crate::args::WRONG;

/// What went wrong.
pub(crate) enum Failure {
    /// The pipeline is wrong, could not start or failed.
    Pipeline(Error),
    /// Something else outside failed.
    Outside(String),
    /// What was asked cannot be done by this program.
    User(String),
    /// Tests of the pipeline failed; they were told of already.
    Tests,
}

impl Failure {
    /// 1 for what failed, 2 for what the user wrote. Whoever closed standard output wanted no
    /// more of it: 0.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Pipeline(error) => error.exit_code(),
            Self::Outside(_) | Self::Tests => 1,
            Self::User(_) => WRONG,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Pipeline(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Already one `error:` for each mistake, and how many they are.
            Self::Pipeline(Error::Mistakes(text)) => f.write_str(text.trim_end()),
            Self::Pipeline(error) => write!(f, "error: {error}"),
            Self::Outside(text) | Self::User(text) => write!(f, "error: {text}"),
            Self::Tests => Ok(()),
        }
    }
}
