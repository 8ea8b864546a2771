//! Where windows of fixed lengths begin and end: pure arithmetic on microseconds, no rows and no SQL.
//! Windows that follow an exchange's calendar ([`super::trading`]) answer the same questions.

use std::fmt;

use zaraba_core::time::duration_text;

/// Windows of a fixed size at a fixed distance: `[start, start + size)` with `start = offset + k ·
/// slide`. A tumbling window slides by its size. Where they grow, `[start, start + j · slide)` with
/// `start = offset + k · size` and `j` from 1 to `size / slide`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowSpec {
    /// Length of a window (of the longest, where they grow), microseconds.
    pub size: i64,
    /// From the end of one window to the end of the next, microseconds.
    pub slide: i64,
    /// Shift of the starts from the Unix epoch, microseconds.
    pub offset: i64,
    /// Whether windows grow by `slide` from one start until they are `size` long.
    pub grows: bool,
}

impl fmt::Display for WindowSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "size {}", duration_text(self.size))?;
        if self.slide != self.size {
            let what = if self.grows { "step" } else { "slide" };
            write!(f, ", {what} {}", duration_text(self.slide))?;
        }
        if self.offset != 0 {
            write!(f, ", offset {}", duration_text(self.offset))?;
        }
        Ok(())
    }
}

impl WindowSpec {
    /// Windows that touch each other.
    #[must_use]
    pub const fn tumble(size: i64, offset: i64) -> Self {
        Self::hop(size, size, offset)
    }

    /// Windows of one size, a new one each `slide`.
    #[must_use]
    pub const fn hop(slide: i64, size: i64, offset: i64) -> Self {
        Self {
            size,
            slide,
            offset,
            grows: false,
        }
    }

    /// Windows that grow by `step` until they are `size` long, a multiple of it.
    #[must_use]
    pub const fn cumulate(step: i64, size: i64, offset: i64) -> Self {
        Self {
            size,
            slide: step,
            offset,
            grows: step != size,
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

    /// Whether a window is more than one pane.
    #[must_use]
    pub const fn several_panes(&self) -> bool {
        self.pane() != self.size
    }

    /// The pane that holds `time`, from its start to its end.
    #[must_use]
    pub const fn pane_of(&self, time: i64) -> (i64, i64) {
        let pane = self.pane();
        let start = (time - self.offset).div_euclid(pane) * pane + self.offset;
        (start, start + pane)
    }

    /// The first end of a window after `time`.
    #[must_use]
    pub const fn next_end(&self, time: i64) -> i64 {
        let phase = self.offset + self.size;
        (time - phase).div_euclid(self.slide) * self.slide + self.slide + phase
    }

    /// Start of the window that ends at `end`.
    #[must_use]
    pub const fn start(&self, end: i64) -> i64 {
        if self.grows {
            (end - 1 - self.offset).div_euclid(self.size) * self.size + self.offset
        } else {
            end - self.size
        }
    }

    /// Most windows that hold one time.
    #[must_use]
    pub fn windows_of_a_row(&self) -> usize {
        let whole = self.size / self.slide;
        let windows = whole + i64::from(self.size % self.slide != 0);
        usize::try_from(windows).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::windows::Windows;

    /// The windows by their definition.
    fn defined(spec: &WindowSpec, time: i64) -> Vec<(i64, i64)> {
        let WindowSpec {
            size,
            slide,
            offset,
            grows,
        } = *spec;
        let (period, lengths) = if grows {
            (size, (1..=size / slide).map(|j| j * slide).collect())
        } else {
            (slide, vec![size])
        };
        (-60..60)
            .map(|k| offset + k * period)
            .flat_map(|start| lengths.iter().map(move |length| (start, start + length)))
            .filter(|(start, end)| *start <= time && time < *end)
            .collect()
    }

    #[test]
    fn windows_by_their_definition() {
        let hops = [(5, 5, 0), (5, 1, 0), (6, 4, 1), (3, 7, -2), (10, 4, 3)];
        let hops = hops.map(|(size, slide, offset)| WindowSpec::hop(slide, size, offset));
        let grown = [(1, 5, 0), (2, 6, 1), (3, 12, 7), (4, 4, 0)];
        let grown = grown.map(|(step, size, offset)| WindowSpec::cumulate(step, size, offset));
        for spec in hops.iter().chain(&grown) {
            let windows = Windows::Fixed(*spec);
            let most = (-40..40).map(|time| windows.windows(time).count()).max();
            assert_eq!(most, Some(spec.windows_of_a_row()), "{spec:?}");
            for time in -40..40 {
                let defined = defined(spec, time);
                let found: Vec<_> = windows.windows(time).collect();
                assert_eq!(found, defined, "{spec:?} at {time}");
                let pane = spec.pane_of(time);
                assert!(pane.0 <= time && time < pane.1, "{spec:?} at {time}");
                for (start, end) in defined {
                    assert!(start <= pane.0 && pane.1 <= end, "{spec:?} at {time}");
                    assert_eq!(spec.start(end), start, "{spec:?} to {end}");
                }
            }
        }
    }
}
