//! Where each key stands: idle, waiting for its `for` (or for its cooldown) to be over, or open.
//! Knows nothing of rows but what it has to: `H` is whatever its owner wants to keep of one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use zaraba_core::alert::{Severity, State};

/// What tells keys apart.
pub(crate) type Key = Arc<[u8]>;

/// What a row says of its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says {
    pub(crate) time: i64,
    /// `when` holds, and `clear` does not.
    pub(crate) holds: bool,
    /// What is open is over.
    pub(crate) over: bool,
    /// The worst severity whose condition holds.
    pub(crate) severity: Option<Severity>,
    /// It is a deletion: not a row to be told of.
    pub(crate) deleted: bool,
}

/// What is kept of a row.
pub(crate) trait Kept: Clone {
    /// The worst severity whose condition holds.
    fn severity(&self) -> Option<Severity>;
}

/// A key that is not idle.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// It opens at `due`, if it holds until then.
    Waiting { due: i64 },
    /// It opened. `again`: when it is told again, if nothing is told of it before.
    Open {
        opened: i64,
        severity: Severity,
        again: Option<i64>,
    },
}

/// A key that is not idle, since when, and a row: the one that stands, or, once it is open and not to
/// be told again, the one last told of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing<H> {
    pub(crate) since: i64,
    pub(crate) stage: Stage,
    pub(crate) held: H,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event<H> {
    pub(crate) key: Key,
    pub(crate) time: i64,
    pub(crate) state: State,
    pub(crate) severity: Severity,
    /// Since when the condition held.
    pub(crate) since: i64,
    /// The row to tell of.
    pub(crate) held: H,
}

/// How long things take, microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// So long a condition holds before its key opens.
    pub(crate) hold: i64,
    /// So long after it opened a key does not open again.
    pub(crate) cooldown: i64,
    /// So long after something was told of an open key it is told again; 0: it is not.
    pub(crate) repeat: i64,
}

/// All keys.
pub(crate) struct Machine<H> {
    times: Times,
    keys: HashMap<Key, Standing<H>>,
    /// When keys open that wait.
    timers: BTreeSet<(i64, Key)>,
    /// When keys are told again that are open.
    repeats: BTreeSet<(i64, Key)>,
    /// Keys that may not open before a time, and the same by that time.
    cooling: HashMap<Key, i64>,
    cooled: BTreeSet<(i64, Key)>,
    suppressed: u64,
}

impl<H: Kept> Machine<H> {
    pub(crate) fn new(times: Times) -> Self {
        Self {
            times,
            keys: HashMap::new(),
            timers: BTreeSet::new(),
            repeats: BTreeSet::new(),
            cooling: HashMap::new(),
            cooled: BTreeSet::new(),
            suppressed: 0,
        }
    }

    /// What begins from now on takes so long; what waits or cools down already goes on as it was.
    pub(crate) const fn set(&mut self, times: Times) {
        self.times = times;
    }

    /// Whether no key waits and none is open: then only rows that hold matter.
    pub(crate) fn is_quiet(&self) -> bool {
        self.keys.is_empty()
    }

    /// Times at which a key would have opened but for its cooldown.
    pub(crate) const fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Keys that are not idle, and those that only cool down.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.keys.len(), self.cooling.len())
    }

    /// A row, in order; `held`: what to keep of it. Whether it was kept.
    pub(crate) fn row(
        &mut self,
        key: &[u8],
        says: Says,
        held: impl FnOnce() -> H,
        out: &mut Vec<Event<H>>,
    ) -> bool {
        let Some(standing) = self.keys.get_mut(key) else {
            return says.holds && self.begin(key, says, held(), out);
        };
        match (&mut standing.stage, says.holds) {
            (Stage::Waiting { .. }, true) => {
                standing.held = held();
                true
            }
            (Stage::Waiting { due }, false) => {
                let due = *due;
                // It held for its time, and only the cooldown kept it.
                let would = standing.since.saturating_add(self.times.hold);
                if self.times.hold == 0 || says.time > would {
                    self.suppressed += 1;
                }
                if let Some((key, _)) = self.keys.remove_entry(key) {
                    self.timers.remove(&(due, key));
                }
                false
            }
            (Stage::Open { .. }, _) if says.over => {
                self.close(key, says, held, out);
                false
            }
            (
                Stage::Open {
                    severity, again, ..
                },
                _,
            ) => {
                let Some(now) = says.severity.filter(|now| now != severity) else {
                    // Who is told again is told of the row that stands then.
                    let stands = again.is_some();
                    if stands {
                        standing.held = held();
                    }
                    return stands;
                };
                *severity = now;
                standing.held = held();
                let (since, held) = (standing.since, standing.held.clone());
                let key: Key = key.into();
                if let Some(due) = again.take() {
                    self.repeats.remove(&(due, Arc::clone(&key)));
                }
                *again = next(&mut self.repeats, &key, says.time, self.times.repeat);
                out.push(Event {
                    key,
                    time: says.time,
                    state: State::Update,
                    severity: now,
                    since,
                    held,
                });
                true
            }
        }
    }

    /// A key that was idle holds.
    fn begin(&mut self, key: &[u8], says: Says, held: H, out: &mut Vec<Event<H>>) -> bool {
        let key: Key = key.into();
        let cooled = self.cooling.get(&key).copied().unwrap_or(i64::MIN);
        let due = says.time.saturating_add(self.times.hold).max(cooled);
        let since = says.time;
        let stage = Stage::Waiting { due };
        let standing = Standing { since, stage, held };
        self.keys.insert(Arc::clone(&key), standing);
        if due <= says.time {
            self.open(&key, says.time, out);
        } else {
            self.timers.insert((due, key));
        }
        true
    }

    fn open(&mut self, key: &Key, time: i64, out: &mut Vec<Event<H>>) {
        let Some(standing) = self.keys.get_mut(key) else {
            return;
        };
        let severity = standing.held.severity().unwrap_or(Severity::Info);
        standing.stage = Stage::Open {
            opened: time,
            severity,
            again: next(&mut self.repeats, key, time, self.times.repeat),
        };
        out.push(Event {
            key: Arc::clone(key),
            time,
            state: State::Open,
            severity,
            since: standing.since,
            held: standing.held.clone(),
        });
        self.cool(key, time);
    }

    /// An open key is told again.
    fn tell_again(&mut self, key: &Key, time: i64, out: &mut Vec<Event<H>>) {
        let Some(standing) = self.keys.get_mut(key) else {
            return;
        };
        let Stage::Open {
            severity, again, ..
        } = &mut standing.stage
        else {
            return;
        };
        *again = next(&mut self.repeats, key, time, self.times.repeat);
        out.push(Event {
            key: Arc::clone(key),
            time,
            state: State::Update,
            severity: *severity,
            since: standing.since,
            held: standing.held.clone(),
        });
    }

    /// From now on a key may not open before its cooldown is over.
    fn cool(&mut self, key: &Key, opened: i64) {
        if self.times.cooldown == 0 {
            return;
        }
        let until = opened.saturating_add(self.times.cooldown);
        if let Some(before) = self.cooling.insert(Arc::clone(key), until) {
            self.cooled.remove(&(before, Arc::clone(key)));
        }
        self.cooled.insert((until, Arc::clone(key)));
    }

    fn close(&mut self, key: &[u8], says: Says, held: impl FnOnce() -> H, out: &mut Vec<Event<H>>) {
        let Some((key, standing)) = self.keys.remove_entry(key) else {
            return;
        };
        let Stage::Open {
            severity, again, ..
        } = standing.stage
        else {
            return;
        };
        if let Some(due) = again {
            self.repeats.remove(&(due, Arc::clone(&key)));
        }
        out.push(Event {
            key,
            time: says.time,
            state: State::Clear,
            severity,
            since: standing.since,
            held: if says.deleted { standing.held } else { held() },
        });
    }

    /// Opens what was to open before `time`, and tells again what was to be, so many keys at most;
    /// whether there may be more. No row before `time` may follow. At the end of time nothing is told
    /// again.
    pub(crate) fn before(&mut self, time: i64, most: usize, out: &mut Vec<Event<H>>) -> bool {
        for _ in 0..most {
            let opens = self.timers.first();
            let again = self.repeats.first().filter(|_| time < i64::MAX);
            let first = opens.into_iter().chain(again).min();
            if first.is_none_or(|(due, _)| *due >= time) {
                return false;
            }
            if first == opens {
                if let Some((due, key)) = self.timers.pop_first() {
                    self.open(&key, due, out);
                }
            } else if let Some((due, key)) = self.repeats.pop_first() {
                self.tell_again(&key, due, out);
            }
        }
        true
    }

    /// Forgets the cooldowns that are over at `time`. No row before it may follow.
    pub(crate) fn forget(&mut self, time: i64) {
        while self.cooled.first().is_some_and(|(until, _)| *until <= time) {
            if let Some((_, key)) = self.cooled.pop_first() {
                self.cooling.remove(&key);
            }
        }
    }

    /// The keys that are not idle, in the order of their keys.
    pub(crate) fn standing(&mut self) -> Vec<(&Key, &mut Standing<H>)> {
        let mut all: Vec<_> = self.keys.iter_mut().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// The keys that cool down, and until when, by that time.
    pub(crate) fn cooling(&self) -> impl Iterator<Item = &(i64, Key)> {
        self.cooled.iter()
    }

    /// Takes back a key that was not idle.
    pub(crate) fn stood(&mut self, key: Key, standing: Standing<H>) {
        match standing.stage {
            Stage::Waiting { due } => self.timers.insert((due, Arc::clone(&key))),
            Stage::Open {
                again: Some(due), ..
            } => self.repeats.insert((due, Arc::clone(&key))),
            Stage::Open { again: None, .. } => false,
        };
        self.keys.insert(key, standing);
    }

    /// Takes back one that cooled down.
    pub(crate) fn cooled(&mut self, key: Key, until: i64) {
        self.cooling.insert(Arc::clone(&key), until);
        self.cooled.insert((until, key));
    }
}

/// When a key that was told of at `time` is told again, if it is.
fn next(repeats: &mut BTreeSet<(i64, Key)>, key: &Key, time: i64, repeat: i64) -> Option<i64> {
    let due = (repeat > 0).then(|| time.saturating_add(repeat))?;
    repeats.insert((due, Arc::clone(key)));
    Some(due)
}
