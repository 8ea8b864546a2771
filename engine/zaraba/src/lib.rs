//! zaraba: an embedded stream-processing engine. A pipeline is one TOML file; rows flow through it
//! as Arrow record batches; a stream gives what a batch gives.
//!
//! ```
//! # fn main() -> Result<(), zaraba::error::Error> {
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("pipeline.toml");
//! # std::fs::write(&path, r#"
//! # name = "doc"
//! # [source.ticks]
//! # connector = "simulate"
//! # time = "ts"
//! # start = "2025-11-14T09:00:00Z"
//! # interval = "1s"
//! # rows = 100
//! # [source.ticks.schema]
//! # ts = "timestamp"
//! # price = { type = "float64", walk = { start = 100.0, step = 1.0, min = 1.0 } }
//! # [sink.out]
//! # connector = "channel"
//! # from = ["ticks"]
//! # "#).unwrap();
//! let mut pipeline = zaraba::pipeline::Pipeline::from_path(&path).build()?;
//! let rows = pipeline.take_receiver("out").expect("a sink with the connector `channel`");
//! let reader = std::thread::spawn(move || rows.map(|(_, batch)| batch.len()).sum::<usize>());
//! pipeline.run().await?;
//! assert_eq!(reader.join().unwrap(), 100);
//! # Ok(()) })
//! # }
//! ```

pub mod pipeline;

pub mod running;

pub mod error;

pub use zaraba_core::batch::Batch;
pub use zaraba_core::clock::{Clock, ManualClock, SystemClock};
pub use zaraba_core::meter::Meter;
pub use zaraba_core::time::{ClockTime, EventTime};
