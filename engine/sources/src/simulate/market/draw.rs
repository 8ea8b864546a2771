//! Random numbers of the simulated market. What happens in a day comes from a generator of its own
//! seeded by (seed, day, what for), so that a day can be made without those before it and the
//! streams do not disturb each other; what belongs to a contract comes from a hash of its name.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a generator is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The path of the market.
    Path = 1,
    /// Ticks of options.
    Options = 2,
    /// Ticks of futures.
    Futures = 3,
    /// Ticks of indices.
    Indices = 4,
    /// When the feed is silent.
    Stalls = 5,
    /// How rows are delayed.
    Disorder = 6,
    /// When pages are collected.
    Pages = 7,
}

/// A generator.
pub(super) struct Draw {
    random: ChaCha8Rng,
    /// Normal numbers come in pairs.
    spare: Option<f64>,
}

impl Draw {
    /// The generator of a day and purpose.
    pub(super) fn new(seed: u64, day: u32, purpose: Purpose) -> Self {
        let seed = mix(&[seed, u64::from(day), purpose as u64]);
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            spare: None,
        }
    }

    /// From 0 up to but not 1.
    pub(super) fn uniform(&mut self) -> f64 {
        self.random.random()
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Mean 0, deviation 1 (Box and Muller's pairs).
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Mean 1, no memory.
    pub(super) fn waiting(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    /// An integer from 0 to `last`.
    pub(super) fn up_to(&mut self, last: i64) -> i64 {
        self.random.random_range(0..=last.max(0))
    }
}

/// One number of several, each bit of which depends on all of theirs (splitmix64's finaliser).
pub(super) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut x = state.rotate_left(29) ^ part.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    })
}

/// A hash as a number from 0 up to but not 1.
pub(super) fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// A hash as a number that is nearly normal: the sum of four uniform ones.
pub(super) fn bell(hash: u64) -> f64 {
    let sum: f64 = (1..=4).map(|i| unit(mix(&[hash, i]))).sum();
    (sum - 2.0) * 3f64.sqrt()
}

/// A choice by weights.
#[derive(Default)]
pub(super) struct Weights {
    /// Sums of the weights up to each.
    sums: Vec<f64>,
}

impl Weights {
    pub(super) fn new(weights: impl Iterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let running = weights.map(|w| {
            sum += w;
            sum
        });
        Self {
            sums: running.collect(),
        }
    }

    /// The number of the chosen one.
    pub(super) fn choose(&self, draw: &mut Draw) -> usize {
        let at = draw.uniform() * self.sums.last().copied().unwrap_or(0.0);
        let chosen = self.sums.partition_point(|s| *s <= at);
        chosen.min(self.sums.len().saturating_sub(1))
    }
}
