//! Random choices of a case, all from its seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The choices of one case.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// From a construct's name and a seed.
    pub(crate) fn new(construct: &str, seed: u64) -> Self {
        let salt = construct
            .bytes()
            .fold(0u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
        Self(ChaCha8Rng::seed_from_u64(
            salt.wrapping_mul(1_000_003) ^ seed,
        ))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, chance: i64) -> bool {
        self.within(0, 99) < chance
    }

    /// One of several.
    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// So many different ones of several, in their order.
    pub(crate) fn subset<T: Clone>(&mut self, of: &[T], n: usize) -> Vec<T> {
        let mut left: Vec<usize> = (0..of.len()).collect();
        while left.len() > n {
            let gone = self.below(left.len());
            left.remove(gone);
        }
        left.into_iter().map(|i| of[i].clone()).collect()
    }
}
