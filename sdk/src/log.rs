//! Lines in the engine's log, under the rule's name.

use crate::host;

pub use crate::bindings::zaraba::rules::log::Level;

/// Writes a line.
pub fn write(level: Level, text: &str) {
    host::log(level, text);
}

/// For whoever looks for a fault.
pub fn debug(text: &str) {
    write(Level::Debug, text);
}

/// For whoever runs it.
pub fn info(text: &str) {
    write(Level::Info, text);
}

/// Something is not as it should be.
pub fn warn(text: &str) {
    write(Level::Warn, text);
}
