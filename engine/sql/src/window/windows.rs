//! The windows of a node, whatever cuts them: fixed lengths or an exchange's sessions. Operators
//! ask only for panes, the next end, the start that belongs to an end, and the windows of a time.

use std::fmt;

use zaraba_core::time::DAY;

use crate::window::spec::WindowSpec;
use crate::window::trading::TradingWindows;

/// The windows of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum Windows {
    /// Of fixed lengths.
    Fixed(WindowSpec),
    /// Of an exchange's sessions.
    Trading(TradingWindows),
}

impl fmt::Display for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(spec) => spec.fmt(f),
            Self::Trading(windows) => windows.fmt(f),
        }
    }
}

impl Windows {
    /// Whether windows grow from one start.
    #[must_use]
    pub const fn grows(&self) -> bool {
        match self {
            Self::Fixed(spec) => spec.grows,
            Self::Trading(windows) => windows.step.is_some(),
        }
    }

    /// Whether a window is more than one pane.
    #[must_use]
    pub const fn several_panes(&self) -> bool {
        match self {
            Self::Fixed(spec) => spec.several_panes(),
            Self::Trading(windows) => windows.step.is_some(),
        }
    }

    /// The pane that holds `time`, from its start to its end.
    #[must_use]
    pub fn pane_of(&self, time: i64) -> (i64, i64) {
        match self {
            Self::Fixed(spec) => spec.pane_of(time),
            Self::Trading(windows) => windows.pane_of(time),
        }
    }

    /// The first end of a window after `time`.
    #[must_use]
    pub fn next_end(&self, time: i64) -> i64 {
        match self {
            Self::Fixed(spec) => spec.next_end(time),
            Self::Trading(windows) => windows.next_end(time),
        }
    }

    /// Start of the window that ends at `end`.
    #[must_use]
    pub fn start(&self, end: i64) -> i64 {
        match self {
            Self::Fixed(spec) => spec.start(end),
            Self::Trading(windows) => windows.start(end),
        }
    }

    /// Most windows that hold one time.
    #[must_use]
    pub fn windows_of_a_row(&self) -> usize {
        match self {
            Self::Fixed(spec) => spec.windows_of_a_row(),
            // No session is as long as a day.
            Self::Trading(windows) => windows.step.map_or(1, |step| {
                WindowSpec::cumulate(step, DAY, 0).windows_of_a_row()
            }),
        }
    }

    /// The windows that hold `time`, the earliest end first.
    pub fn windows(&self, time: i64) -> impl Iterator<Item = (i64, i64)> + use<'_> {
        let mut end = self.next_end(time);
        std::iter::from_fn(move || {
            let window = (self.start(end), end);
            end = self.next_end(end);
            (window.0 <= time && time < window.1).then_some(window)
        })
    }
}
