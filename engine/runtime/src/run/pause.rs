//! A source that is held since it is more than `max_drift` ahead of the others: everybody may see for
//! which one it waits, and it is said once that lasts. While files are read as fast as they can be,
//! pauses are short and many, and nothing is wrong.

use std::sync::Arc;

use zaraba_core::meter::Meter;
use zaraba_core::time::{ClockTime, SECOND};

use crate::run::source_task::Stepped;

/// How long a pause lasts before it is said.
const SAID_AFTER: i64 = 5 * SECOND;

/// Whether a source is held, and what was said of it.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    since: Option<ClockTime>,
    said: bool,
}

impl Pause {
    /// It is held, for the slowest of the others: when to look again.
    pub(crate) fn held(
        &mut self,
        source: &str,
        slowest: Arc<str>,
        meter: &Meter,
        now: ClockTime,
    ) -> Stepped {
        let since = *self.since.get_or_insert_with(|| {
            Meter::add(&meter.pauses, 1);
            now
        });
        let due = ClockTime(since.0.saturating_add(SAID_AFTER));
        if !self.said && now >= due {
            self.said = true;
            tracing::warn!(
                "{source}: waits for `{slowest}`: it is more than `limits.max_drift` of event time \
                 ahead of it"
            );
        }
        meter.waits_for(Some(slowest));
        Stepped::Wait((!self.said).then_some(due))
    }

    /// It is not held.
    pub(crate) fn over(&mut self, source: &str, meter: &Meter) {
        if self.since.take().is_some() {
            meter.waits_for(None);
            if std::mem::take(&mut self.said) {
                tracing::warn!("{source}: goes on");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_said_once_if_it_lasts() {
        let (mut pause, meter) = (Pause::default(), Meter::default());
        let due = ClockTime(SAID_AFTER);
        let mut held = |now| pause.held("fast", "slow".into(), &meter, now);
        assert_eq!(held(ClockTime(0)), Stepped::Wait(Some(due)));
        assert_eq!(meter.waited_for().as_deref(), Some("slow"));
        assert_eq!(held(due), Stepped::Wait(None), "it was said");
        assert_eq!(held(due), Stepped::Wait(None), "and is not said again");
        pause.over("fast", &meter);
        assert_eq!((meter.waited_for(), Meter::get(&meter.pauses)), (None, 1));
        let again = pause.held("fast", "slow".into(), &meter, due);
        let due = ClockTime(2 * SAID_AFTER);
        assert_eq!(again, Stepped::Wait(Some(due)), "another pause");
        assert_eq!(Meter::get(&meter.pauses), 2);
    }
}
