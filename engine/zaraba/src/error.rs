//! What can go wrong with a pipeline, as the embedding program sees it.

/// An error of a pipeline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pipeline file is wrong: every mistake, each at its place, as shown to users.
    #[error("{0}")]
    Mistakes(String),
    /// The pipeline could not start or stopped while running.
    #[error(transparent)]
    Run(#[from] zaraba_core::error::Error),
}

impl Error {
    /// The exit code of a program that ends with it: 2 for what its user wrote, 1 else.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Mistakes(_) | Self::Run(zaraba_core::error::Error::User(_)) => 2,
            Self::Run(_) => 1,
        }
    }
}
