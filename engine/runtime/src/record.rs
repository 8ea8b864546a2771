//! What a recording needs to know of a source.

use arrow::datatypes::SchemaRef;
use zaraba_config::document::{SourceConnector, SourceDoc};

pub use zaraba_sinks::record::{Count, Recorded, Recorder};

/// The columns of failed rows.
#[must_use]
pub fn bad_rows_schema() -> SchemaRef {
    zaraba_core::bad_rows::stream().columns
}

/// Whether a source's rows come as time goes by, on one partition.
#[must_use]
pub const fn is_live(source: &SourceDoc) -> bool {
    !matches!(source.connector, SourceConnector::File(_))
}
