//! Memory in all: every node's state against `limits.memory`.

use std::sync::atomic::{AtomicI64, Ordering};

use zaraba_core::error::{Error, Result};

/// The sum of all nodes' state.
#[derive(Debug)]
pub struct Ledger {
    limit: i64,
    held: AtomicI64,
}

impl Ledger {
    /// With a limit in bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            held: AtomicI64::new(0),
        }
    }

    /// A node's state went from `before` to `after` bytes.
    ///
    /// # Errors
    /// When the sum is over the limit: the run ends with the node's name.
    pub fn change(&self, before: u64, after: u64, node: &str) -> Result<()> {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let change = signed(after) - signed(before);
        let held = self.held.fetch_add(change, Ordering::Relaxed) + change;
        if change > 0 && held > self.limit {
            return Err(Error::Limit(format!(
                "{node}: its state grew to {} and all state to {}; limits.memory is {}",
                size(signed(after)),
                size(held),
                size(self.limit)
            )));
        }
        Ok(())
    }
}

fn size(bytes: i64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Half of the machine's memory, or 4 GiB where that cannot be read.
#[must_use]
pub fn half_of_machine() -> u64 {
    const UNKNOWN: u64 = 4 << 30;
    let Ok(text) = std::fs::read_to_string("/proc/meminfo") else {
        return UNKNOWN;
    };
    let total = text.lines().find_map(|l| l.strip_prefix("MemTotal:"));
    let kib = total.and_then(|t| t.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or(UNKNOWN, |kib| kib * 1024 / 2)
}
