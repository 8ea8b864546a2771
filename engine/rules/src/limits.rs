//! What a rule may use. Every limit has a name, and going over one is a failure of that rule alone.

use std::time::Duration;

/// Limits of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Linear memory of an instance, bytes.
    pub memory: usize,
    /// Keyed state: keys, values and 64 bytes an entry.
    pub state: usize,
    /// Alerts of one call.
    pub alerts: usize,
    /// Bytes that one call, or one import within it, may hand to the host.
    pub output: usize,
    /// Bytes of log lines of one call; what is more is dropped.
    pub log: usize,
    /// Fuel of a call, whatever its rows, and four times as much of a tick. About one unit an
    /// instruction of wasm. A rule that loops holds up whoever reads the same stream for so long.
    pub fuel: u64,
    /// Fuel of a call for each of its rows.
    pub fuel_per_row: u64,
    /// Fuel of loading: `describe`, and a fresh instance with its `configure`.
    pub fuel_to_start: u64,
    /// Rows of a call; more come in several.
    pub rows: usize,
    /// How long a call may take. Fuel comes first, and always at the same place; this is for what
    /// fuel does not see.
    pub deadline: Duration,
    /// How many calls in a row may fail before the rule is paused.
    pub failures: u32,
    /// How long it is paused first, microseconds of event time; twice as long each time after that.
    pub pause: i64,
    /// The longest it is paused.
    pub pause_max: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            state: 16 << 20,
            alerts: 10_000,
            output: 8 << 20,
            log: 64 << 10,
            fuel: 5_000_000,
            fuel_per_row: 20_000,
            fuel_to_start: 1_000_000_000,
            rows: 8192,
            deadline: Duration::from_secs(1),
            failures: 3,
            pause: 1_000_000,
            pause_max: 600_000_000,
        }
    }
}

/// Stack of a guest, bytes. The thread that calls it has at least four times as much.
pub(crate) const STACK: usize = 512 << 10;

/// Entries of a guest's tables (of functions, mostly).
pub(crate) const TABLE_ENTRIES: usize = 100_000;

/// Largest file that is loaded.
pub(crate) const FILE: usize = 128 << 20;

/// The longest line of a log.
pub(crate) const LINE: usize = 4 << 10;
