//! The operator of SESSION: rows wait until the watermark has passed them, and go to their
//! sessions in the order of time; when the watermark reaches a session's end, it is emitted.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime, duration_text};

use crate::agg::call::growth;
use crate::failed;
use crate::rows::{Step, run, sift};
use crate::session::groups::Groups;
pub use crate::session::groups::SessionGroups;
use crate::session::held::Held;
use crate::session::kept::Kept;
use crate::session::open::OpenSessions;
use crate::session::runs::Runs;
use zaraba_core::in_order::{InOrder, Ties};

/// Most rows emitted in one batch; behind it, barriers and backpressure get their turn.
const EMIT_ROWS_MAX: usize = 8192;

/// What the operator does, as planned.
#[derive(Clone)]
pub struct SessionPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// What happens to a row before.
    pub pre: Vec<Step>,
    /// The columns behind those steps.
    pub input: SchemaRef,
    /// Rows of a key that are closer than this are of one session, microseconds.
    pub gap: i64,
    /// The keys, among the columns of `input`.
    pub keys: Vec<usize>,
    /// What is aggregated; none: the rows themselves are emitted, with their session's bounds.
    pub groups: Option<Arc<SessionGroups>>,
    /// The result's columns, before the post steps.
    pub schema: SchemaRef,
    /// What happens to a result row.
    pub post: Vec<Step>,
}

impl SessionPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let gap = duration_text(self.gap);
        match &self.groups {
            Some(groups) => {
                let kept = growth(&groups.agg.calls);
                format!(
                    "one row of state per open session and group, until nothing came for {gap}, \
                     and the rows that the watermark has not passed{kept}"
                )
            }
            None => format!(
                "all rows of open sessions, until nothing came for {gap}: a row's bounds are \
                 asked for beyond GROUP BY window_start, window_end and all keys"
            ),
        }
    }

    fn kept(&self) -> Result<Box<dyn Kept>> {
        Ok(match &self.groups {
            Some(groups) => Box::new(Groups::new(Arc::clone(groups))?),
            None => Box::new(Held::new(Arc::clone(&self.schema))),
        })
    }
}

/// The operator.
pub struct Session {
    plan: Arc<SessionPlan>,
    waiting: InOrder,
    open: OpenSessions,
    /// What the sessions keep: the newest rows in a head, numbered from 0; older ones in runs.
    kept: Box<dyn Kept>,
    head: u64,
    runs: Runs,
    watermark: EventTime,
    /// No row follows: every session closes. The watermark stays where it was, since time does not
    /// go on.
    ended: bool,
    /// Closed sessions' rows not yet emitted, before the post steps.
    pending: Option<Batch>,
}

impl Session {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key's type has no order, or DataFusion cannot make an accumulator: both were checked.
    pub fn new(plan: Arc<SessionPlan>) -> Result<Self> {
        Ok(Self {
            waiting: InOrder::new(Arc::clone(&plan.input), Ties::ByContent),
            open: OpenSessions::new(plan.gap, &plan.input, plan.keys.clone())?,
            kept: plan.kept()?,
            plan,
            head: 0,
            runs: Runs::default(),
            watermark: EventTime::MIN,
            ended: false,
            pending: None,
        })
    }

    /// Takes in the rows that the watermark has passed, and closes what is due.
    fn pass(&mut self, out: &mut Output) -> Result<()> {
        let until = (!self.ended).then_some(self.watermark.0);
        let mut closed = Vec::new();
        if let Some(rows) = self.waiting.before(until)? {
            let (ids, ended) = self.open.assign(&rows, self.head)?;
            closed = ended;
            let mut failed = Vec::new();
            self.kept.take(&rows, &ids, &mut failed)?;
            failed::send(&self.plan.node, &mut failed, out)?;
        }
        self.open.due(until, &mut closed);
        if closed.is_empty() {
            return Ok(());
        }
        // The head is sealed only for a session that has rows in it: a gap of time at least lies
        // between two such times where rows come one by one.
        if closed.iter().any(|c| c.head == self.head) {
            self.seal()?;
        }
        let closed: BTreeMap<_, _> = closed.into_iter().map(|c| (c.id, c)).collect();
        let parts = self.runs.extract(&closed)?;
        let rows = self.kept.close(&parts, &closed)?;
        self.pending = (!rows.is_empty()).then_some(rows);
        self.tidy()
    }

    fn seal(&mut self) -> Result<()> {
        if let Some(run) = self.kept.seal()? {
            self.runs.push(run);
        }
        self.head += 1;
        Ok(())
    }

    fn tidy(&mut self) -> Result<()> {
        let Self {
            runs, open, kept, ..
        } = self;
        runs.tidy(&|id| open.is_open(id), &|several| kept.merge(several))
    }

    /// Emits a slice of what is pending.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let Some(pending) = self.pending.take() else {
            if !self.ended {
                out.watermark(self.watermark);
            }
            return Ok(Progress::Done);
        };
        let n = pending.len().min(EMIT_ROWS_MAX);
        let (mut failed, post) = (Vec::new(), &self.plan.post);
        for rows in sift(&pending.slice(0, n), &mut failed, &mut |rows| {
            run(post, rows)
        }) {
            out.rows(rows);
        }
        failed::send(&self.plan.node, &mut failed, out)?;
        if n < pending.len() {
            self.pending = Some(pending.slice(n, pending.len() - n));
        }
        Ok(Progress::More)
    }
}

impl Operator for Session {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut failed = Vec::new();
        let pre = &self.plan.pre;
        for good in sift(&rows, &mut failed, &mut |rows| run(pre, rows)) {
            self.waiting.push(good)?;
        }
        failed::send(&self.plan.node, &mut failed, out)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.watermark = watermark;
        self.pass(out)?;
        self.step(out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.step(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.ended = true;
        self.pass(out)?;
        self.step(out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        self.seal()?;
        self.tidy()?;
        let mut snapshot = Snapshot::default();
        snapshot.push("clock", vec![self.watermark.0], Vec::new());
        let (next, open) = self.open.seal()?;
        let numbers = vec![i64::try_from(next).map_err(|_| unknown())?];
        snapshot.push("open", numbers, vec![Segment::new(open)]);
        let (runs, dead) = self.runs.parts();
        let numbers = vec![i64::try_from(dead).map_err(|_| unknown())?];
        snapshot.push("dead", numbers, Vec::new());
        for run in runs {
            snapshot.push("run", Vec::new(), vec![Arc::clone(run)]);
        }
        self.waiting.save("waiting", &mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let number = |name: &str| -> Result<i64> {
            let numbers = &snapshot.part(name)?.numbers;
            numbers.first().copied().ok_or_else(unknown)
        };
        self.watermark = EventTime(number("clock")?);
        let next = u64::try_from(number("open")?).map_err(|_| unknown())?;
        for sealed in &snapshot.part("open")?.segments {
            self.open.restore(next, &sealed.rows, self.head)?;
        }
        self.head += 1;
        let dead = usize::try_from(number("dead")?).map_err(|_| unknown())?;
        let runs = snapshot.parts("run").flat_map(|p| p.segments.clone());
        self.runs = Runs::restored(runs.collect(), dead);
        self.waiting.load("waiting", snapshot)
    }

    fn state_bytes(&self) -> usize {
        let pending = self.pending.as_ref().map_or(0, Batch::bytes);
        self.waiting.size() + self.open.size() + self.kept.size() + self.runs.size() + pending
    }
}

fn unknown() -> Error {
    Error::internal("a snapshot that is not of this operator")
}
