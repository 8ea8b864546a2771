//! A rule as a node: its streams' rows wait until the watermark has passed them, then go to the rule in
//! order, with its ticks between.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime};

use crate::meter::Meter;
use crate::rule::Rule;
use crate::tables::Kept;
use crate::waiting::{Waiting, stretches};

/// Stretches of rows that one call works off: then what was written is sent.
const STRETCHES: usize = 64;

/// What is left to do of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Watermark(EventTime),
    End,
}

/// The operator.
pub struct Node {
    rule: Rule,
    waiting: Vec<Waiting>,
    /// What it looks into; the ports behind its streams are theirs.
    tables: Option<Arc<Kept>>,
    /// Rows that the watermark has passed, in order, until the rule has them.
    passed: VecDeque<(usize, Batch)>,
    goal: Option<Goal>,
    /// The time of the newest row that the rule was given.
    last: EventTime,
}

impl Node {
    /// A rule over streams with these columns, in the order of its manifest; ports are numbered so.
    #[must_use]
    pub fn new(rule: Rule, streams: &[SchemaRef]) -> Self {
        Self {
            rule,
            waiting: streams.iter().cloned().map(Waiting::new).collect(),
            tables: None,
            passed: VecDeque::new(),
            goal: None,
            last: EventTime::MIN,
        }
    }

    /// With the tables that the rule was given to look into: their changelogs come by the ports
    /// behind those of its streams, in the order of the manifest.
    #[must_use]
    pub fn with_tables(self, tables: Arc<Kept>) -> Self {
        Self {
            tables: Some(tables),
            ..self
        }
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Takes out what a watermark (none: the end) has passed, and sets out to work it off.
    fn begin(&mut self, goal: Goal, out: &mut Output) -> Result<Progress> {
        let until = match goal {
            Goal::Watermark(watermark) => Some(watermark.0),
            Goal::End => None,
        };
        let rows = self.waiting.iter_mut().map(|waiting| waiting.before(until));
        let rows: Vec<Batch> = rows.collect::<Result<_>>()?;
        self.passed.extend(stretches(&rows));
        self.goal = Some(goal);
        self.go_on(out)
    }

    fn go_on(&mut self, out: &mut Output) -> Result<Progress> {
        let mut alerts = Vec::new();
        let progress = self.work(&mut alerts);
        for batch in alerts {
            out.rows(batch);
        }
        let progress = progress?;
        if progress == Progress::Done
            && let Some(Goal::Watermark(watermark)) = self.goal.take()
        {
            if let Some(tables) = &self.tables {
                tables.forget(watermark);
            }
            // Alerts have the times of rows and ticks before it.
            out.watermark(watermark);
        }
        Ok(progress)
    }

    fn work(&mut self, alerts: &mut Vec<Batch>) -> Result<Progress> {
        for _ in 0..STRETCHES {
            let Some((stream, rows)) = self.passed.pop_front() else {
                return self.ticks(alerts);
            };
            self.last = self
                .last
                .max(EventTime(rows.time.last().copied().unwrap_or(i64::MIN)));
            self.rule.process(stream, &rows, alerts)?;
        }
        Ok(Progress::More)
    }

    fn ticks(&mut self, alerts: &mut Vec<Batch>) -> Result<Progress> {
        let until = match self.goal {
            None => return Ok(Progress::Done),
            Some(Goal::Watermark(watermark)) => watermark,
            Some(Goal::End) => self.last,
        };
        if self.rule.advance(until, alerts)? {
            return Ok(Progress::More);
        }
        if self.goal == Some(Goal::End) {
            self.rule.end(self.last, alerts)?;
        }
        Ok(Progress::Done)
    }
}

impl Operator for Node {
    fn process(&mut self, port: Port, rows: Batch, _out: &mut Output) -> Result<Progress> {
        match (self.waiting.len().checked_sub(port.0 + 1), &self.tables) {
            (Some(_), _) => self.waiting[port.0].push(rows)?,
            (None, Some(tables)) => tables.push(port.0 - self.waiting.len(), &rows)?,
            (None, None) => return Err(Error::internal("rows of a stream that no rule reads")),
        }
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.begin(Goal::Watermark(watermark), out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.go_on(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.begin(Goal::End, out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = self.rule.snapshot()?;
        for waiting in &self.waiting {
            snapshot.push("waiting", Vec::new(), vec![Segment::new(waiting.rows()?)]);
        }
        for (table, rows) in self
            .tables
            .iter()
            .map(|t| t.saved())
            .collect::<Result<Vec<_>>>()?
            .concat()
        {
            snapshot.push("table", vec![table], vec![Segment::new(rows)]);
        }
        snapshot.push("last", vec![self.last.0], Vec::new());
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.rule.restore(snapshot)?;
        for (waiting, part) in self.waiting.iter_mut().zip(snapshot.parts("waiting")) {
            for segment in &part.segments {
                waiting.load(&segment.rows)?;
            }
        }
        if let Some(tables) = &self.tables {
            for part in snapshot.parts("table") {
                let number = part.numbers.first().copied().unwrap_or(-1);
                for segment in &part.segments {
                    tables.load(number, &segment.rows)?;
                }
            }
        }
        let last = snapshot.part("last")?.numbers.first().copied();
        self.last = EventTime(last.unwrap_or(i64::MIN));
        Ok(())
    }

    fn failed(&self) -> u64 {
        Meter::get(&self.rule.meter().skipped)
    }

    fn state_bytes(&self) -> usize {
        let waiting: usize = self.waiting.iter().map(Waiting::bytes).sum();
        let passed: usize = self.passed.iter().map(|(_, rows)| rows.bytes()).sum();
        let tables = self.tables.as_ref().map_or(0, |tables| tables.bytes());
        self.rule.state_bytes() + waiting + passed + tables
    }
}
