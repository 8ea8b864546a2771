//! Open interest that moves within the day, as some feeds have it: now and then a position is
//! opened or closed, and much of it goes back within the hour.

use super::draw::Draw;

/// How long it takes for a third of a stray to be left, microseconds.
const FADES: f64 = 2_400e6;

/// How often a contract's open interest jumps, per minute, and how far, as a share: the deviation
/// of its logarithm around the middle.
const PER_MINUTE: f64 = 0.03;
const MIDDLE: f64 = 0.0135;
const SPREAD: f64 = 0.9;

/// How far a contract's open interest has strayed from where the day takes it.
#[derive(Clone, Copy, Default)]
pub(super) struct Flow {
    strayed: f64,
    /// When, microseconds.
    at: i64,
}

impl Flow {
    /// How far it has strayed now, as a share.
    pub(super) fn next(&mut self, time: i64, draw: &mut Draw) -> f64 {
        let passed = if self.at == 0 { 0 } else { time - self.at };
        self.at = time;
        self.strayed *= (-(passed as f64) / FADES).exp();
        let minutes = passed as f64 / 60e6;
        if draw.chance(1.0 - (-PER_MINUTE * minutes).exp()) {
            let size = MIDDLE * (SPREAD * draw.normal()).exp();
            self.strayed += if draw.chance(0.5) { size } else { -size };
        }
        self.strayed = self.strayed.clamp(-0.6, 1.5);
        self.strayed
    }
}
