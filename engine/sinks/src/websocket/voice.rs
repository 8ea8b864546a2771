//! How a client is spoken to: JSON, or JSON with the rows as Arrow.

use zaraba_formats::encode::json::Int64;

/// The subprotocol of JSON: what a client gets that names none.
pub(crate) const JSON_PROTOCOL: &str = "zaraba.v1.json";
/// The subprotocol with rows as Arrow.
pub(crate) const ARROW_PROTOCOL: &str = "zaraba.v1.arrow";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// In the text of the message.
    Json(Int64),
    /// As an Arrow IPC stream behind it.
    Arrow,
}

impl Default for Voice {
    fn default() -> Self {
        Self::Json(Int64::default())
    }
}
