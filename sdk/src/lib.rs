//! Write an alert rule for zaraba: a struct of columns, a struct of parameters, and a function.
//!
//! ```
//! use zaraba_sdk::alert::{Alerts, Severity};
//! use zaraba_sdk::input::Input;
//! use zaraba_sdk::manifest::Manifest;
//! use zaraba_sdk::rule::Rule;
//! use zaraba_sdk::text::Text;
//! use zaraba_sdk::{Params, Row};
//!
//! /// The columns that are wanted.
//! #[derive(Row)]
//! struct Quote<'a> {
//!     symbol: Text<'a>,
//!     price: f64,
//! }
//!
//! #[derive(Params)]
//! struct Limits {
//!     /// From which price on an alert is raised.
//!     #[param(default = 100.0, min = 0.0)]
//!     above: f64,
//! }
//!
//! struct High(Limits);
//!
//! impl Rule for High {
//!     type Params = Limits;
//!
//!     fn manifest() -> Manifest {
//!         Manifest::new("high", "1.0.0", "A price is high").reads::<Quote>("quotes")
//!     }
//!
//!     fn new(params: Limits) -> Self {
//!         Self(params)
//!     }
//!
//!     fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
//!         for row in input.rows::<Quote>() {
//!             if row.price > self.0.above {
//!                 alerts
//!                     .open(row.index, Severity::Watch, "high")
//!                     .key(row.symbol.as_str())
//!                     .figure(row.price, self.0.above, "JPY");
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//! # #[cfg(target_arch = "wasm32")]
//! zaraba_sdk::export!(High);
//!
//! // Tests run natively, in the harness.
//! let mut rule = zaraba_sdk::harness::Harness::<High>::new(r#"{ "above": 50 }"#).unwrap();
//! let mut quotes = zaraba_sdk::harness::Table::new(&["symbol", "price"]);
//! quotes.push(1_000_000, ("7203", 49.0)).push(2_000_000, ("7203", 51.0));
//! let alerts = rule.evaluate(0, &quotes).unwrap();
//! assert_eq!((alerts.len(), alerts[0].key.as_str()), (1, "7203"));
//! ```
//!
//! The struct of columns becomes the manifest's fields and reads rows as borrowed values; the struct
//! of parameters becomes their JSON Schema. Nothing but [`state`] survives a call, and rows come in
//! the order of their times.

pub mod rule;

pub mod manifest;

pub mod input;

pub mod row;

pub mod text;

pub mod params;

pub mod alert;

pub mod state;

pub mod series;

pub mod rolling;

pub mod hysteresis;

pub mod percent;

pub mod duration;

pub mod log;

pub mod tables;

pub mod calendar;

#[cfg(not(target_arch = "wasm32"))]
pub mod harness;

#[doc(hidden)]
pub mod bindings;

#[doc(hidden)]
pub mod glue;

mod host;

#[cfg(target_arch = "wasm32")]
mod memory;

pub use zaraba_sdk_derive::{Params, Row, Stored};

#[doc(hidden)]
pub use serde_json;
