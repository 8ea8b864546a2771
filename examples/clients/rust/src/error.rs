//! What ends a client or a topic for good. Everything else is tried again.

/// Why nothing follows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server will not have this client: a wrong token, a wrong address.
    #[error("refused: {0}")]
    Refused(String),
    /// The server has no topic of this name.
    #[error("{0}")]
    NoTopic(String),
    /// The server said what it may not say.
    #[error("against the protocol: {0}")]
    Protocol(String),
}
