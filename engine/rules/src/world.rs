//! What an instance's imports see, and what survives the instance: keyed state, and what is left of a
//! call's allowances.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;
use zaraba_core::clock::WorkWatch;
use zaraba_finance::calendar::Calendar;

use crate::failure::Failure;
use crate::limits::{LINE, Limits, TABLE_ENTRIES};
use crate::seeded::Seeded;
use crate::state::State;
use crate::tables::Tables;

/// How loud a rule's line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// For whoever runs it.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something is wrong.
    Error,
}

/// Where the lines of a rule go: its own, and what the engine has to say about it.
pub trait Log: Send + Sync {
    /// Writes a line.
    fn line(&self, level: Level, text: &str);
}

impl<F: Fn(Level, &str) + Send + Sync> Log for F {
    fn line(&self, level: Level, text: &str) {
        self(level, text);
    }
}

/// What a rule stands in.
#[derive(Clone)]
pub struct Surroundings {
    /// What it may use.
    pub limits: Limits,
    /// The exchanges' calendar.
    pub calendar: Calendar,
    /// Its tables.
    pub tables: Arc<dyn Tables>,
    /// Where its lines go.
    pub log: Arc<dyn Log>,
}

/// The data of an instance's store.
pub(crate) struct World {
    pub(crate) around: Surroundings,
    pub(crate) state: State,
    /// The times of the first and last row of the call (or of the tick); none while it starts.
    pub(crate) times: Option<(i64, i64)>,
    /// How many tables the manifest has.
    pub(crate) tables: usize,
    /// Bytes that imports may still move in this call.
    pub(crate) work: u64,
    /// Bytes of log lines that this call may still write.
    pub(crate) log_left: usize,
    /// Bytes of log lines that it wrote beyond that.
    pub(crate) log_dropped: u64,
    /// What it wrote to standard output or standard error, up to the end of a line.
    written: Vec<u8>,
    /// Memory of the instance.
    pub(crate) memory: usize,
    /// Until when the call may go on.
    deadline: Deadline,
    /// What the limiter refused: how much was wanted, how much there may be.
    pub(crate) refused: Option<(usize, usize)>,
    /// The randomness that WASI's stubs give.
    pub(crate) random: Seeded,
}

/// The deadline of a call. Half of it passes by the clock, which costs nothing to look at; of the
/// other half only what the thread itself has worked counts, so that a busy machine ends no call that
/// does its work.
#[derive(Clone, Copy, Debug, Default)]
struct Deadline {
    half: Duration,
    second: Option<WorkWatch>,
}

impl Deadline {
    fn left(&mut self) -> Option<Duration> {
        let Some(watch) = self.second else {
            self.second = Some(WorkWatch::start());
            return Some(self.half);
        };
        let left = self.half.saturating_sub(watch.elapsed());
        (!left.is_zero()).then_some(left)
    }
}

impl World {
    pub(crate) fn new(around: Surroundings, tables: usize) -> Self {
        Self {
            around,
            state: State::default(),
            times: None,
            tables,
            work: 0,
            log_left: 0,
            log_dropped: 0,
            written: Vec::new(),
            memory: 0,
            deadline: Deadline::default(),
            refused: None,
            random: Seeded::default(),
        }
    }

    /// The deadline of the call that follows.
    pub(crate) fn begin_deadline(&mut self, deadline: Duration) -> Duration {
        self.deadline = Deadline {
            half: deadline / 2,
            second: None,
        };
        self.deadline.half
    }

    /// A part of the call's time is over: how much longer it may go on.
    pub(crate) fn time_left(&mut self) -> Option<Duration> {
        self.deadline.left()
    }

    /// For a fresh instance.
    pub(crate) fn renew(&mut self) {
        self.memory = 0;
        self.refused = None;
        self.random = Seeded::default();
        self.written.clear();
    }

    /// Before a call of so many units of fuel.
    pub(crate) fn begin(&mut self, times: Option<(i64, i64)>, fuel: u64) {
        self.times = times;
        self.work = fuel;
        self.log_left = self.around.limits.log;
        self.log_dropped = 0;
        self.refused = None;
    }

    /// What an import moves costs like the guest's own work: a call that reads its whole state in a
    /// loop ends as surely as one that only loops.
    pub(crate) fn charge(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let cost = 64 + bytes as u64 / 8;
        match self.work.checked_sub(cost) {
            Some(left) => {
                self.work = left;
                Ok(())
            }
            None => {
                Err(Failure::Answer("it used up what imports may move in a call".into()).into())
            }
        }
    }

    /// Bytes that the guest writes to standard output or standard error: a line of it at a time.
    pub(crate) fn written(&mut self, bytes: impl Iterator<Item = u8>) {
        for byte in bytes {
            let ends = byte == b'\n';
            if !ends {
                self.written.push(byte);
            }
            if ends || self.written.len() >= LINE {
                let line = std::mem::take(&mut self.written);
                self.line(Level::Info, &String::from_utf8_lossy(&line));
            }
        }
    }

    /// A line of the guest: shortened, on one line, and within what the call may write.
    pub(crate) fn line(&mut self, level: Level, text: &str) {
        let shown: String = text.chars().take(LINE).flat_map(printable).collect();
        let cost = text.len().max(shown.len()) + 1;
        if cost > self.log_left {
            self.log_dropped += text.len() as u64;
            return;
        }
        self.log_left -= cost;
        self.around.log.line(level, &shown);
    }
}

/// Control characters are written out: a line of a rule is one line and moves no cursor.
fn printable(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = escaped.is_none().then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

impl ResourceLimiter for World {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        let limit = self.around.limits.memory;
        if wanted > limit {
            self.refused = Some((wanted, limit));
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ENTRIES)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}
