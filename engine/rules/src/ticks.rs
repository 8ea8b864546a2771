//! When a rule's timer fires: at each multiple of its interval since 1970, from the first row on, after
//! all rows up to it and before all rows behind it.

use zaraba_core::time::EventTime;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticks {
    interval: i64,
    next: Option<i64>,
}

impl Ticks {
    pub(crate) const fn new(interval: i64) -> Self {
        Self {
            interval,
            next: None,
        }
    }

    /// A row of this time is next: the first tick is the first multiple that is not before it.
    pub(crate) fn see(&mut self, time: i64) {
        if self.next.is_none() {
            let floor = time.div_euclid(self.interval) * self.interval;
            self.next = Some(if floor == time {
                floor
            } else {
                floor.saturating_add(self.interval)
            });
        }
    }

    /// The next tick, if it is before a row (or a watermark) of this time.
    pub(crate) fn before(&self, time: EventTime) -> Option<i64> {
        self.next.filter(|next| *next < time.0)
    }

    /// It fired.
    pub(crate) fn fired(&mut self) {
        self.next = self.next.map(|next| next.saturating_add(self.interval));
    }

    /// How many of these rising times are not behind the next tick.
    pub(crate) fn rows_before(&self, times: &[i64]) -> usize {
        match self.next {
            Some(next) => times.partition_point(|time| *time <= next),
            None => times.len(),
        }
    }

    pub(crate) const fn next(&self) -> Option<i64> {
        self.next
    }

    pub(crate) const fn restore(&mut self, next: Option<i64>) {
        self.next = next;
    }
}
