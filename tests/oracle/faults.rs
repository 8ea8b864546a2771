//! Bugs planted at the seams of a running graph, to see that the oracle finds them: operators and
//! sources are wrapped, or the engine's pipeline file is changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{sort_to_indices, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::snapshot::Snapshot;
use zaraba_core::source::{Polled, Position, Source};
use zaraba_core::time::{Epoch, EventTime};
use zaraba_runtime::run::graph::Graph;

use super::indicator::with_longer_n;
use super::market_hours::{VENUES, without_closing_minute};
use super::window::Windows;

/// Queries over tables, as the cases call them.
const TRIGGERED: [&str; 2] = ["q", "p"];

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A restored pane is merged twice.
    PaneTwice,
    /// `>=` for `>` at a window's end: its first microsecond belongs to the window before.
    WindowEnd,
    /// Of rows of equal time the other one is taken.
    Tie,
    /// Rows without a key are dropped.
    NullKey,
    /// Rows are late by the watermark before their batch, not before them.
    BatchWatermark,
    /// A row is seen a microsecond after it expired.
    Expired,
    /// Deletions are lost.
    DeletionLost,
    /// A tick runs at the watermark, before the last rows of its time.
    TickEarly,
    /// A row late by a microsecond is counted.
    LateCounted,
    /// The first window is not emitted.
    FirstWindow,
    /// A window that grows is not emitted where its last step has no row.
    StepLost,
    /// `<=` for `<`: rows a gap apart are of one session.
    GapTouches,
    /// Sessions are made in the order of arrival: a row between two does not make them one.
    ArrivalOrder,

    /// A night session is given to its own date in place of the next trading day.
    NightsOwnDate,
    /// Rows of the minute after a close are taken for rows after the session.
    ClosingMinute,
    /// Days without trading count for a ttl.
    WeekendCounted,

    /// A frame of rows is a row too long.
    FrameLong,
    /// Rows of the same time as the last of a frame are left out.
    PeerLeftOut,
    /// What is kept of the keys is lost at a restore.
    KeysLost,
    /// What frames and functions know of the rows before is lost at a restore; the rows are not.
    CallsLost,
    /// A null starts a counter again.
    NullCounted,
    /// An indicator looks at a row too many.
    LengthLong,
    /// An indicator takes a null for 0.
    NullTaken,
    /// `<` for `<=` in a join's bound.
    Bound,
    /// A joined table's row is seen a microsecond before its time.
    VersionEarly,
    /// A joined table's row is not seen at its own time.
    VersionLate,
    /// Rows of an outer join without a match are lost.
    UnmatchedLost,
    /// Null equals null in a join.
    NullMatches,
}

impl Fault {
    /// The pipeline file with the bug.
    pub(crate) fn change_file(self, toml: &str) -> String {
        if self == Self::GapTouches {
            return with_longer_gap(toml);
        }
        if let Some(spoilt) = self.change_over(toml).or_else(|| self.change_days(toml)) {
            return spoilt;
        }
        let key = match self {
            Self::Expired => "ttl",
            Self::LateCounted => "out_of_order",
            Self::Bound => return toml.replace(" <= ", " < "),
            Self::UnmatchedLost => {
                let inner = |toml: String, word| toml.replace(word, " JOIN ");
                let toml = toml.replace(" FULL JOIN ", " LEFT JOIN ");
                return inner(inner(toml, " LEFT JOIN "), " RIGHT JOIN ");
            }
            Self::NullMatches => {
                return toml.replacen("a.k1 = b.k1", "(a.k1 IS NOT DISTINCT FROM b.k1)", 1);
            }
            _ => return toml.to_owned(),
        };
        let longer = |line: &str| match line.strip_prefix(&format!("{key} = \"")) {
            Some(rest) => {
                let micros: i64 = rest.trim_end_matches("us\"").parse().unwrap();
                format!("{key} = \"{}us\"\n", micros + 1)
            }
            None => format!("{line}\n"),
        };
        toml.lines().map(longer).collect()
    }

    /// The pipeline file with a bug in its trading days.
    fn change_days(self, toml: &str) -> Option<String> {
        let own_date = |toml: String, venue| {
            let day = format!("trading_day(ts, '{venue}')");
            toml.replace(&day, "(ts + INTERVAL '9 hours')::date")
        };
        match self {
            Self::NightsOwnDate => Some(VENUES[..2].iter().fold(toml.to_owned(), own_date)),
            Self::WeekendCounted => Some(toml.replace(" trading_days\"", "d\"")),
            _ => None,
        }
    }

    /// The pipeline file with a bug in its frames.
    fn change_over(self, toml: &str) -> Option<String> {
        Some(match self {
            Self::FrameLong => {
                let mut parts = toml.split("ROWS BETWEEN ");
                let first = parts.next()?.to_owned();
                let longer = |part: &str| {
                    let (n, rest) = part.split_once(' ').unwrap();
                    let n: i64 = n.parse().unwrap();
                    format!("ROWS BETWEEN {} {rest}", n + 1)
                };
                first + &parts.map(longer).collect::<String>()
            }
            Self::PeerLeftOut => {
                let before = "AND INTERVAL '1 microseconds' PRECEDING";
                let spoilt = |line: &str| line.replace("AND CURRENT ROW", before) + "\n";
                toml.lines().map(spoilt).collect()
            }
            Self::LengthLong => with_longer_n(toml),
            Self::NullTaken => toml.replace("(vi", "(coalesce(vi, 0)"),
            Self::NullCounted => {
                toml.replace("counter_delta(vi)", "counter_delta(coalesce(vi, 0))")
            }
            _ => return None,
        })
    }

    /// The graph with the bug.
    pub(crate) fn change_graph(self, graph: Graph, windows: Option<Windows>) -> Graph {
        let planted = |name: &str, inner| -> Box<dyn Operator> {
            if self == Self::TickEarly && !TRIGGERED.contains(&name) {
                return inner;
            }
            let (scratch, first_end) = (Output::default(), None);
            Box::new(Planted {
                inner,
                fault: self,
                windows,
                scratch,
                first_end,
                newest: i64::MIN,
                steps: BTreeSet::new(),
            })
        };
        let sorted = |inner| -> Box<dyn Source> { Box::new(SortedBatches(inner)) };
        let sources = graph.sources.into_iter().map(|(task, routes, wake)| {
            let batch = self == Self::BatchWatermark;
            (
                if batch { task.wrapped(sorted) } else { task },
                routes,
                wake,
            )
        });
        let vertices = graph.vertices.into_iter().map(|(vertex, routes)| {
            let name = vertex.name.to_string();
            (vertex.wrapped(|inner| planted(&name, inner)), routes)
        });
        Graph {
            sources: sources.collect(),
            vertices: vertices.collect(),
            sinks: graph.sinks,
            meters: graph.meters,
        }
    }
}

/// An operator with a bug.
struct Planted {
    inner: Box<dyn Operator>,
    fault: Fault,
    windows: Option<Windows>,
    /// What the operator wrote, before the bug.
    scratch: Output,
    /// The first window's time, which is not emitted.
    first_end: Option<i64>,
    /// The greatest time so far.
    newest: i64,
    /// The steps in which there were rows.
    steps: BTreeSet<i64>,
}

/// The pipeline file with a gap longer by a microsecond.
fn with_longer_gap(toml: &str) -> String {
    let Some((before, call)) = toml.split_once("SESSION(") else {
        return toml.to_owned();
    };
    let (input, rest) = call.split_once(", ts, INTERVAL '").unwrap();
    let (gap, rest) = rest.split_once(" microseconds'").unwrap();
    let gap = gap.parse::<i64>().unwrap() + 1;
    format!("{before}SESSION({input}, ts, INTERVAL '{gap} microseconds'{rest}")
}

impl Planted {
    fn spoil_input(&mut self, port: Port, mut rows: Batch) -> Result<Batch> {
        match (self.fault, self.windows) {
            // The table is a join's second input; other nodes of these cases have one.
            (Fault::VersionEarly, _) if port == Port(1) => {
                rows.time = rows.time.iter().map(|t| t - 1).collect();
            }
            (Fault::VersionLate, _) if port == Port(1) => {
                rows.time = rows.time.iter().map(|t| t + 1).collect();
            }
            (Fault::WindowEnd, Some(windows)) => {
                let Windows {
                    size,
                    slide,
                    offset,
                    ..
                } = windows;
                let at_end = |t: &i64| (t - offset - size).rem_euclid(slide) == 0;
                rows.time = rows.time.iter().map(|t| t - i64::from(at_end(t))).collect();
            }
            (Fault::StepLost, Some(windows)) if windows.grow => {
                let step = |t: &i64| (t - windows.offset).div_euclid(windows.slide);
                self.steps.extend(rows.time.iter().map(step));
            }
            (Fault::ClosingMinute, _) => {
                rows.time = rows
                    .time
                    .iter()
                    .map(|t| without_closing_minute(*t))
                    .collect();
            }
            (Fault::ArrivalOrder, _) => {
                let newest = &mut self.newest;
                let mut behind = |t: &i64| {
                    *newest = (*newest).max(*t);
                    *newest
                };
                rows.time = rows.time.iter().map(&mut behind).collect();
            }
            (Fault::Tie, _) => {
                rows.seq = rows.seq.iter().map(|s| s ^ ((1 << 40) - 1)).collect();
            }
            (Fault::NullKey, _) => {
                let schema = rows.rows.schema();
                let keys: Vec<usize> = (0..schema.fields().len())
                    .filter(|i| schema.field(*i).name().starts_with('k'))
                    .collect();
                let known = |i| keys.iter().all(|k| rows.rows.column(*k).is_valid(i));
                let mask: BooleanArray = (0..rows.len()).map(|i| Some(known(i))).collect();
                rows = rows.filter(&mask)?;
            }
            _ => {}
        }
        Ok(rows)
    }

    fn spoil_output(&mut self, mut rows: Batch) -> Result<Batch> {
        if self.fault == Fault::GapTouches {
            rows = with_earlier_end(rows)?;
        }
        let kept: Option<BooleanArray> = match self.fault {
            Fault::DeletionLost => {
                Some((0..rows.len()).map(|i| Some(!rows.is_deleted(i))).collect())
            }
            Fault::FirstWindow if self.windows.is_some() && !rows.is_empty() => {
                let first = *self.first_end.get_or_insert(rows.time[0]);
                Some(rows.time.iter().map(|t| Some(*t != first)).collect())
            }
            Fault::StepLost => self.windows.filter(|w| w.grow).map(|windows| {
                let step = |t: &i64| (t - windows.offset).div_euclid(windows.slide);
                let seen = |t| Some(self.steps.contains(&step(t)));
                rows.time.iter().map(seen).collect()
            }),
            _ => None,
        };
        kept.map_or(Ok(rows.clone()), |kept| rows.filter(&kept))
    }

    /// Calls the operator and passes on what it wrote.
    fn call(
        &mut self,
        out: &mut Output,
        call: impl FnOnce(&mut dyn Operator, &mut Output) -> Result<Progress>,
    ) -> Result<Progress> {
        let progress = call(self.inner.as_mut(), &mut self.scratch)?;
        for (port, message) in self.scratch.take() {
            match message {
                Message::Rows(rows) => {
                    let rows = self.spoil_output(rows)?;
                    out.rows_to(port, rows);
                }
                Message::Watermark(watermark) if port == OutPort::Main => {
                    out.watermark(watermark);
                }
                _ => {}
            }
        }
        Ok(progress)
    }
}

impl Operator for Planted {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let rows = self.spoil_input(port, rows)?;
        self.call(out, |inner, out| inner.process(port, rows, out))
    }

    fn advance_port(&mut self, port: Port, watermark: EventTime) -> Result<()> {
        self.inner.advance_port(port, watermark)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        let early = i64::from(self.fault == Fault::TickEarly);
        self.call(out, |inner, out| inner.advance(watermark.plus(early), out))
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.call(out, |inner, out| inner.resume(out))
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.call(out, |inner, out| inner.end(out))
    }

    fn snapshot(&mut self, epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = self.inner.snapshot(epoch)?;
        if self.fault == Fault::PaneTwice {
            let names = ["pane", "run"];
            for part in snapshot
                .parts
                .iter_mut()
                .filter(|p| names.contains(&p.name.as_str()))
            {
                part.segments.extend(part.segments.first().cloned());
            }
        }
        let lost: &[&str] = match self.fault {
            Fault::KeysLost => &["keys", "rows", "call"],
            Fault::CallsLost => &["call"],
            _ => &[],
        };
        snapshot.parts.retain(|p| !lost.contains(&p.name.as_str()));
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.inner.restore(snapshot)
    }

    fn state_bytes(&self) -> usize {
        self.inner.state_bytes()
    }
}

/// The microsecond that made the gap longer, taken away from where it shows.
fn with_earlier_end(mut rows: Batch) -> Result<Batch> {
    let Some((end, _)) = rows.rows.schema().column_with_name("window_end") else {
        return Ok(rows);
    };
    let mut columns = rows.rows.columns().to_vec();
    let times = columns[end].as_primitive::<TimestampMicrosecondType>();
    let times = times.unary::<_, TimestampMicrosecondType>(|t| t - 1);
    columns[end] = Arc::new(times.with_timezone("UTC"));
    rows.rows = RecordBatch::try_new(rows.rows.schema(), columns)?;
    rows.time = rows.time.iter().map(|t| t - 1).collect();
    Ok(rows)
}

/// Hands over each batch in the order of time, so that no row is late by one of its own batch.
struct SortedBatches(Box<dyn Source>);

impl Source for SortedBatches {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let mut rows = match self.0.poll(limit)? {
            Polled::Rows(rows) => rows,
            other => return Ok(other),
        };
        let times = rows.rows.column_by_name("ts").unwrap();
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let times = Int64Array::new(times.values().clone(), None);
        let order = sort_to_indices(&times, None, None)?;
        rows.rows = take_record_batch(&rows.rows, &order)?;
        Ok(Polled::Rows(rows))
    }

    fn partitions(&self) -> u16 {
        self.0.partitions()
    }

    fn replayable(&self) -> bool {
        self.0.replayable()
    }

    fn live(&self) -> bool {
        self.0.live()
    }

    fn position(&self) -> Position {
        self.0.position()
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.0.seek(position)
    }
}
