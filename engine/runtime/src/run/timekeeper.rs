//! What the sources of one pipeline know of each other: who is silent, and how far the rest is.

use std::sync::{Mutex, PoisonError};

use zaraba_core::time::{ClockTime, EventTime};

/// One source, as the others see it.
#[derive(Clone, Copy, Debug)]
struct Known {
    watermark: EventTime,
    /// It holds the watermark of the pipeline back: neither idle nor ended.
    counts: bool,
}

/// Shared by the sources of a pipeline.
#[derive(Debug)]
pub struct Timekeeper {
    sources: Mutex<Vec<Known>>,
}

impl Timekeeper {
    /// For so many sources.
    #[must_use]
    pub fn new(sources: usize) -> Self {
        let known = Known {
            watermark: EventTime::MIN,
            counts: true,
        };
        Self {
            sources: Mutex::new(vec![known; sources]),
        }
    }

    /// A source states its watermark and whether it counts.
    pub fn state(&self, source: usize, watermark: EventTime, counts: bool) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sources.get_mut(source) {
            *known = Known { watermark, counts };
        }
    }

    /// What an idle source follows: the least watermark of those that count; where none does, the
    /// clock, less how far its own rows may be out of order.
    #[must_use]
    pub fn follow(&self, now: ClockTime, out_of_order: i64) -> EventTime {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let counting = sources
            .iter()
            .filter(|s| s.counts)
            .map(|s| s.watermark)
            .min();
        counting.unwrap_or(EventTime(now.0.saturating_sub(out_of_order)))
    }
}
