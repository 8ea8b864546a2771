//! When a triggered query runs: pure arithmetic on times.

use zaraba_config::document::Trigger;

/// The ticks of one query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    trigger: Trigger,
    /// The query asks for now(): its answer may change at every tick.
    every_tick: bool,
    /// The last tick that ran.
    pub(crate) last: Option<i64>,
}

impl Schedule {
    /// No tick yet.
    pub(crate) const fn new(trigger: Trigger, every_tick: bool) -> Self {
        Self {
            trigger,
            every_tick,
            last: None,
        }
    }

    /// The next tick, given the first time at which an input changes.
    pub(crate) fn next(&self, change: Option<i64>) -> Option<i64> {
        match (self.trigger, self.last) {
            (Trigger::Every(every), Some(last)) if self.every_tick => Some(last + every),
            (Trigger::Every(every), _) => change.map(|c| ceil(c, every)),
            (Trigger::OnChange(interval), Some(last)) => change.map(|c| c.max(last + interval)),
            (Trigger::OnChange(_), None) => change,
        }
    }

    /// The tick at which a finished input is left alone.
    pub(crate) fn final_tick(&self, last_event: i64) -> i64 {
        match self.trigger {
            Trigger::Every(every) => ceil(last_event, every),
            Trigger::OnChange(interval) => last_event.saturating_add(interval),
        }
    }
}

/// The first multiple of `every` at or after `time`.
fn ceil(time: i64, every: i64) -> i64 {
    time.div_euclid(every) * every
        + if time.rem_euclid(every) == 0 {
            0
        } else {
            every
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks() {
        let every = Schedule::new(Trigger::Every(10), false);
        assert_eq!(
            [every.next(Some(1)), every.next(Some(10)), every.next(None)],
            [Some(10), Some(10), None]
        );
        assert_eq!(every.next(Some(-1)), Some(0));
        let asking = Schedule {
            last: Some(20),
            ..Schedule::new(Trigger::Every(10), true)
        };
        assert_eq!(asking.next(None), Some(30));
        let change = Schedule {
            last: Some(20),
            ..Schedule::new(Trigger::OnChange(5), false)
        };
        assert_eq!(
            [change.next(Some(21)), change.next(Some(40))],
            [Some(25), Some(40)]
        );
    }
}
