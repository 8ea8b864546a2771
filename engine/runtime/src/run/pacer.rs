//! Replays rows at the pace of their event times: `speed` seconds of event time a second.

use zaraba_core::time::ClockTime;

/// The pace of one source.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    speed: f64,
    start: Option<(i64, ClockTime)>,
}

impl Pacer {
    /// At so much event time per real time.
    #[must_use]
    pub const fn new(speed: f64) -> Self {
        Self { speed, start: None }
    }

    /// When a row of this time is due. The first row is due at once.
    #[expect(clippy::cast_possible_truncation, reason = "a float of microseconds")]
    pub fn due(&mut self, time: i64, now: ClockTime) -> ClockTime {
        let (first, started) = *self.start.get_or_insert((time, now));
        let ahead = time.saturating_sub(first) as f64 / self.speed;
        ClockTime(started.0.saturating_add(ahead as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_times() {
        let mut pacer = Pacer::new(60.0);
        let now = ClockTime(1_000);
        assert_eq!(pacer.due(0, now), now);
        assert_eq!(
            pacer.due(60_000_000, ClockTime(5_000)),
            ClockTime(1_001_000)
        );
        assert!(pacer.due(-60_000_000, now) < now);
    }
}
