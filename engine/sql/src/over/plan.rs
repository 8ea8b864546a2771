//! What an OVER in event time does, as planned: its keys, its calls, and what it keeps of a key.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_core::time::duration_text;

use crate::over::call::{Call, How, Of, What};
use crate::over::frame::{Frame, Unit};
use crate::rows::Step;

/// What the operator does, as planned.
#[derive(Clone, Debug)]
pub struct OverPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// What happens to a row before it waits: the last step adds the columns that calls look at.
    pub pre: Vec<Step>,
    /// The columns of a row as it waits.
    pub waits: SchemaRef,
    /// `PARTITION BY`
    pub keys: Vec<usize>,
    /// Which of the columns is the end of a window that the keys name.
    pub end: Option<usize>,
    /// The columns that are kept for frames.
    pub kept: Vec<usize>,
    /// The calls.
    pub calls: Vec<Call>,
    /// The result: the input's columns, then one of each call.
    pub schema: SchemaRef,
}

impl OverPlan {
    fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.calls.iter().filter_map(|c| match &c.what {
            What::Framed(frame, _) => Some(frame),
            _ => None,
        })
    }

    /// How far behind a row its frames look, microseconds.
    pub(crate) fn following(&self) -> i64 {
        let ends = self
            .frames()
            .filter(|f| f.unit == Unit::Range)
            .map(|f| f.end);
        ends.max().unwrap_or(0).max(0)
    }

    /// How far before a row its frames in time look, where they do.
    pub(crate) fn span(&self) -> Option<i64> {
        let ranges = self.frames().filter(|f| f.unit == Unit::Range);
        ranges
            .filter_map(|f| f.start)
            .map(i64::saturating_neg)
            .max()
    }

    /// Whether rows are kept for frames.
    pub(crate) fn keeps_rows(&self) -> bool {
        self.calls.iter().any(|c| c.what.keeps_rows())
    }

    /// Whether a key without rows in its frames may be forgotten.
    pub(crate) fn forgets(&self) -> bool {
        self.calls.iter().all(|c| c.what.forgets())
    }

    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let (mut before, mut whole) = (0, false);
        for call in &self.calls {
            match &call.what {
                What::Lag { offset, .. } => before = before.max(*offset as u64),
                What::CounterDelta { .. } => before = before.max(1),
                What::Indicator(of) => before = before.max(of.keeps()),
                What::Framed(frame, of) => match (frame.start, frame.unit) {
                    (Some(start), Unit::Rows) => before = before.max(start.unsigned_abs() + 1),
                    (Some(_), Unit::Range) => {}
                    (None, _) => whole |= !runs(of),
                },
                What::RowNumber | What::Rank { .. } => {}
            }
        }
        let mut kept = vec!["rows that the watermark has not passed".to_owned()];
        if whole {
            kept.push("the rows of each key of a window".to_owned());
        } else if before > 0 {
            kept.push(format!("the last {before} rows per key"));
        } else if !self.forgets() {
            kept.push("one row of state per key".to_owned());
        }
        if let Some(span) = self.span() {
            let all = duration_text(span.saturating_add(self.following()));
            kept.push(format!("the rows of the last {all}"));
        }
        let long = match self.end {
            Some(_) => "; a key goes when its window ends",
            None if self.forgets() => "; a key without rows in its frame goes",
            None => "; a key is kept for ever",
        };
        format!("{}{long}", kept.join(", "))
    }
}

/// Whether an endless frame is followed without its rows.
fn runs(of: &Of) -> bool {
    match of {
        Of::Pick { .. } => false,
        Of::Extreme { .. } => true,
        Of::Aggregate(call) => call.how == How::Running,
    }
}
