//! zaraba: an embedded stream-processing engine. A pipeline is one TOML file; rows flow through it
//! as Arrow record batches; a stream gives what a batch gives.
//!
//! ```
#![doc = include_str!("../examples/five_lines.rs")]
//! ```
//!
//! The pipeline of the example:
//!
//! ```toml
#![doc = include_str!("../examples/five_lines.toml")]
//! ```

pub mod pipeline;

pub mod running;

pub mod listeners;

pub mod record;

pub mod history;

pub mod error;

pub mod plugin;

pub mod look;

/// Schemas from samples: what `zaraba connect` writes.
pub mod infer {
    pub use zaraba_runtime::infer::{
        InferredColumn, InferredCsv, InferredJson, infer_csv, infer_json, time_column,
    };
}

pub use zaraba_config::env::redact;
pub use zaraba_config::json_schema::json_schema;
pub use zaraba_core::batch::Batch;
pub use zaraba_core::clock::{Clock, ManualClock, Stopwatch, SystemClock};
pub use zaraba_core::diagnostic::width as text_width;
pub use zaraba_core::meter::Meter;
pub use zaraba_core::time::{ClockTime, EventTime};
pub use zaraba_runtime::is_stdout_closed;

/// The tests that a pipeline carries, run by [`pipeline::Checked::run_tests`].
pub mod test_run {
    pub use zaraba_runtime::test_run::{Difference, Outcome, RowDifference};
}
