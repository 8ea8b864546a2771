//! Where windows begin and end: pure arithmetic on microseconds, no rows and no SQL.

/// Windows of a fixed size at a fixed distance: `[start, start + size)` with `start = offset + k ·
/// slide`. A tumbling window slides by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowSpec {
    /// Length of a window, microseconds.
    pub size: i64,
    /// From the start of one window to the start of the next, microseconds.
    pub slide: i64,
    /// Shift of the starts from the Unix epoch, microseconds.
    pub offset: i64,
}

impl WindowSpec {
    /// Windows that touch each other.
    #[must_use]
    pub const fn tumble(size: i64, offset: i64) -> Self {
        Self {
            size,
            slide: size,
            offset,
        }
    }

    /// The largest slice that all windows share: no window begins or ends inside one.
    #[must_use]
    pub const fn pane(&self) -> i64 {
        let (mut a, mut b) = (self.size, self.slide);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    }

    /// Start of the pane that holds `time`.
    #[must_use]
    pub const fn pane_start(&self, time: i64) -> i64 {
        let pane = self.pane();
        (time - self.offset).div_euclid(pane) * pane + self.offset
    }

    /// The first end of a window after `time`.
    #[must_use]
    pub const fn next_end(&self, time: i64) -> i64 {
        let phase = self.offset + self.size;
        (time - phase).div_euclid(self.slide) * self.slide + self.slide + phase
    }

    /// The windows that hold `time`, the earliest first.
    pub fn windows(&self, time: i64) -> impl Iterator<Item = (i64, i64)> + use<> {
        let spec = *self;
        let mut end = spec.next_end(time);
        std::iter::from_fn(move || {
            let window = (end - spec.size, end);
            end += spec.slide;
            (window.0 <= time).then_some(window)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_by_their_definition() {
        for (size, slide, offset) in [(5, 5, 0), (5, 1, 0), (6, 4, 1), (3, 7, -2), (10, 4, 3)] {
            let spec = WindowSpec {
                size,
                slide,
                offset,
            };
            for time in -40..40 {
                let defined: Vec<_> = (-60..60)
                    .map(|k| offset + k * slide)
                    .filter(|start| *start <= time && time < start + size)
                    .map(|start| (start, start + size))
                    .collect();
                assert_eq!(
                    spec.windows(time).collect::<Vec<_>>(),
                    defined,
                    "{spec:?} at {time}"
                );
                let pane = spec.pane_start(time);
                assert!(
                    pane <= time && time < pane + spec.pane(),
                    "{spec:?} at {time}"
                );
                for (start, end) in defined {
                    assert!(
                        start <= pane && pane + spec.pane() <= end,
                        "{spec:?} at {time}"
                    );
                }
            }
        }
    }
}
