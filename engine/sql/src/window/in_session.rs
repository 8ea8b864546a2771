//! Before the windows of an exchange's sessions: rows outside any session leave by their own port,
//! with the columns they came with. Keeps no state.

use std::sync::Arc;

use arrow::array::BooleanArray;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};
use zaraba_finance::calendar::Session;

use crate::failed;
use crate::rows::{Step, run, sift};
use crate::window::trading::TradingWindows;

/// What the operator does, as planned.
#[derive(Clone)]
pub struct InSessionPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// What happens to a row before.
    pub pre: Vec<Step>,
    /// The sessions.
    pub windows: TradingWindows,
}

impl InSessionPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "rows outside the sessions of {} go to `{}__unassigned`; no state",
            self.windows.venue, self.node
        )
    }
}

/// The operator.
pub struct InSession {
    plan: Arc<InSessionPlan>,
    /// The session of the row before: most rows are of the same.
    session: Option<Session>,
}

impl InSession {
    /// No rows yet.
    #[must_use]
    pub const fn new(plan: Arc<InSessionPlan>) -> Self {
        Self {
            plan,
            session: None,
        }
    }

    fn holds(&mut self, time: i64) -> bool {
        let holds = |s: &Session| s.start.0 <= time && time < s.end.0;
        if !self.session.as_ref().is_some_and(holds) {
            self.session = self.plan.windows.session_at(time);
        }
        self.session.is_some()
    }

    fn send(&mut self, rows: &Batch, out: &mut Output) -> Result<()> {
        let held: Vec<bool> = rows.time.iter().map(|t| self.holds(*t)).collect();
        if held.iter().all(|h| *h) {
            out.rows(rows.clone());
            return Ok(());
        }
        let outside: BooleanArray = held.iter().map(|h| Some(!h)).collect();
        out.rows(rows.filter(&BooleanArray::from(held))?);
        out.rows_to(OutPort::Unassigned, rows.filter(&outside)?);
        Ok(())
    }
}

impl Operator for InSession {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut failed = Vec::new();
        let plan = Arc::clone(&self.plan);
        for rows in sift(&rows, &mut failed, &mut |rows| run(&plan.pre, rows)) {
            self.send(&rows, out)?;
        }
        failed::send(&self.plan.node, &mut failed, out)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        out.watermark(watermark);
        Ok(Progress::Done)
    }

    fn end(&mut self, _out: &mut Output) -> Result<Progress> {
        Ok(Progress::Done)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        Ok(Snapshot::default())
    }

    fn restore(&mut self, _snapshot: &Snapshot) -> Result<()> {
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        0
    }
}
