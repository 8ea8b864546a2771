//! A pipeline from its document to its end: cross-checked ([`plan`]), made of concrete stages
//! ([`wire`], which alone names them), and run by one of two executors over the same nodes: plain
//! threads ([`run::threads`]), or one thread whose order of steps comes from a seed
//! ([`run::simulation`]).

pub mod plan;

pub mod wire;

pub mod run;

pub mod describe;

pub mod inside;

pub mod test_run;

pub mod record;

pub mod part;

mod rules;

/// Plugins off any pipeline: loaded, looked at and tried.
pub mod plugins {
    pub use crate::rules::find::load_plugin;
    pub use zaraba_rules::manifest::{Field, Manifest, Stream, Table};
    pub use zaraba_rules::plugin::Plugin;
    pub use zaraba_rules::trial::{Difference, Outcome, Pace, Trial};
    pub use zaraba_rules::value::type_name;
}

pub use crate::rules::told::PluginTold;
pub use zaraba_formats::decode::infer;
pub use zaraba_sinks::channel::ChannelReceiver;
pub use zaraba_sinks::stdout::is_closed as is_stdout_closed;
pub use zaraba_sources::channel::ChannelSender;
pub use zaraba_sources::file::named as files_named;
