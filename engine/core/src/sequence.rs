//! `__seq`: what orders rows of equal event time. Source ordinal, partition and position packed
//! into one `u64`, so that comparing two rows is one comparison and a column of them is a buffer.

use crate::error::{Error, Result};

/// Bits of the position within its partition: a trillion rows.
const POSITION_BITS: u32 = 40;
/// Bits of the partition within its source.
const PARTITION_BITS: u32 = 16;

/// Where a row came from: (source ordinal, partition, position), ordered in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    /// Most positions in one partition.
    pub const POSITION_MAX: u64 = (1 << POSITION_BITS) - 1;

    /// Packs the three parts.
    ///
    /// # Errors
    /// When the position does not fit into its bits: the run must stop, since order would be lost.
    pub fn new(source: u8, partition: u16, position: u64) -> Result<Self> {
        if position > Self::POSITION_MAX {
            return Err(Error::internal(format!(
                "position {position} in one partition; at most {} are numbered",
                Self::POSITION_MAX
            )));
        }
        let high = (u64::from(source) << PARTITION_BITS) | u64::from(partition);
        Ok(Self((high << POSITION_BITS) | position))
    }

    /// The position within its partition.
    #[must_use]
    pub const fn position(self) -> u64 {
        self.0 & Self::POSITION_MAX
    }

    /// The partition within its source.
    #[must_use]
    pub const fn partition(self) -> u16 {
        ((self.0 >> POSITION_BITS) & u16::MAX as u64) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_source_partition_position() {
        let seq = |s, p, n| Sequence::new(s, p, n).unwrap();
        assert!(seq(0, 0, Sequence::POSITION_MAX) < seq(0, 1, 0));
        assert!(seq(0, u16::MAX, 5) < seq(1, 0, 0));
        assert!(seq(3, 2, 1) < seq(3, 2, 2));
        assert_eq!(seq(3, 2, 77).position(), 77);
        assert_eq!(seq(3, 2, 77).partition(), 2);
        assert!(Sequence::new(0, 0, Sequence::POSITION_MAX + 1).is_err());
    }
}
