//! A plugin on trial, off any pipeline: whether it raises the same alerts however its rows are split
//! into calls and however often its instance is replaced, whether it keeps within its limits, and how
//! quick it is. The rows are somebody's, or made up from its manifest.

use std::sync::{Arc, Mutex};

use arrow::datatypes::Schema;
use serde_json::{Map, Value as Json};
use zaraba_core::bad_rows;
use zaraba_core::batch::Batch;
use zaraba_core::clock::Stopwatch;
use zaraba_core::error::{Error, Result};
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Calendar;

use crate::limits::Limits;
use crate::meter::Meter;
use crate::plugin::Plugin;
use crate::rule::Rule;
use crate::tables::NoTables;
use crate::waiting::{Waiting, stretches};
use crate::world::{Level, Surroundings};

mod made;

/// A plugin, its parameters, and the rows of each of its streams, in order.
#[derive(Debug)]
pub struct Trial {
    plugin: Plugin,
    params: Map<String, Json>,
    limits: Limits,
    streams: Vec<Batch>,
}

/// How the rows are handed over.
#[derive(Clone, Copy, Debug)]
struct Way {
    name: &'static str,
    size: usize,
    fresh: bool,
}

/// The first is what the others are compared with.
const WAYS: [Way; 5] = [
    Way {
        name: "as few calls as can be",
        size: usize::MAX,
        fresh: false,
    },
    Way {
        name: "the same once more",
        size: usize::MAX,
        fresh: false,
    },
    Way {
        name: "calls of 7 rows",
        size: 7,
        fresh: false,
    },
    Way {
        name: "calls of 1 row",
        size: 1,
        fresh: false,
    },
    Way {
        name: "a fresh instance before every call",
        size: 7,
        fresh: true,
    },
];

/// What one way of handing over the rows showed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How they were handed over.
    pub name: &'static str,
    /// The alerts that it raised, a line each with all their columns: as a pipeline raises them whose
    /// `[rule.NAME]` has the plugin's name, written with `_`.
    pub alerts: Vec<String>,
    /// What went wrong in calls, and how many lines of that there were.
    pub trouble: Option<(String, usize)>,
    /// Where its alerts differ from those of the first way.
    pub difference: Option<Difference>,
}

impl Outcome {
    /// Whether nothing was wrong.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.trouble.is_none() && self.difference.is_none()
    }
}

/// The first alert that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its place among the alerts, from 0.
    pub place: usize,
    /// As it was the first time; none: there was no such alert.
    pub expected: Option<String>,
    /// As it was now.
    pub got: Option<String>,
}

/// How quick a plugin is in calls of a size.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Rows of a call.
    pub size: usize,
    /// Rows a second.
    pub rows_per_second: f64,
    /// Nanoseconds of a call.
    pub call_ns: f64,
    /// Fuel for each row.
    pub fuel_per_row: u64,
    /// Bytes of memory of the instance at the end.
    pub memory: usize,
}

/// By how much longer than in a pipeline a call may take: on a busy machine that says little of a
/// plugin, and its fuel says the same on all.
const PATIENCE: u32 = 10;

/// Seconds of work that a pace is taken from.
const WORK: f64 = 0.5;

/// Alerts as text, all columns of each, and what was logged of failures.
struct Ran {
    alerts: Vec<String>,
    trouble: Vec<String>,
}

impl Trial {
    /// With made-up rows, so many of each stream.
    ///
    /// # Errors
    /// A broken invariant.
    pub fn made_up(plugin: &Plugin, params: Map<String, Json>, rows: usize) -> Result<Self> {
        let streams = plugin.manifest().streams.iter().enumerate();
        let streams = streams.map(|(i, stream)| Ok(vec![made::rows(stream, rows, i as u64)?]));
        Self::with(plugin, params, streams.collect::<Result<_>>()?)
    }

    /// With rows of each of the plugin's streams, in any order; each has at least one batch, which may
    /// be empty.
    ///
    /// # Errors
    /// A broken invariant.
    pub fn with(
        plugin: &Plugin,
        params: Map<String, Json>,
        streams: Vec<Vec<Batch>>,
    ) -> Result<Self> {
        let sorted = |batches: Vec<Batch>| {
            let none = || Error::internal("a stream without columns");
            let columns = batches.first().ok_or_else(none)?.rows.schema();
            let mut waiting = Waiting::new(columns);
            batches
                .into_iter()
                .try_for_each(|batch| waiting.push(batch))?;
            waiting.before(None)
        };
        let mut limits = plugin.limits();
        limits.deadline = limits.deadline.saturating_mul(PATIENCE);
        Ok(Self {
            plugin: plugin.clone(),
            params,
            limits,
            streams: streams.into_iter().map(sorted).collect::<Result<_>>()?,
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.streams.iter().map(Batch::len).sum()
    }

    /// Hands them over in several ways; each outcome when it is asked for.
    ///
    /// # Errors
    /// The user's, when columns or parameters do not fit the plugin.
    pub fn test(&self) -> Result<impl Iterator<Item = Result<Outcome>> + '_> {
        self.rule(&Arc::default())?;
        let mut first: Option<Vec<String>> = None;
        Ok(WAYS.into_iter().map(move |way| {
            let ran = self.run(way)?;
            let difference = match &first {
                None => None,
                Some(expected) => difference(expected, &ran.alerts),
            };
            let trouble = ran
                .trouble
                .first()
                .map(|line| (line.clone(), ran.trouble.len()));
            first.get_or_insert_with(|| ran.alerts.clone());
            Ok(Outcome {
                name: way.name,
                alerts: ran.alerts,
                trouble,
                difference,
            })
        }))
    }

    /// How quick it is in calls of a size, for about half a second.
    ///
    /// # Errors
    /// As [`Trial::test`], and the user's when a call fails.
    pub fn bench(&self, size: usize) -> Result<Pace> {
        let trouble = Arc::default();
        let parts = self.parts(size.min(self.limits.rows));
        let (mut rows, mut calls, mut fuel, mut seconds) = (0, 0, 0, 0.0);
        let mut memory = 0;
        // The same rows again are older than the last: for another rule.
        while seconds < WORK {
            let mut rule = self.rule(&trouble)?;
            for (stream, part) in &parts {
                let mut out = Vec::new();
                let watch = Stopwatch::start();
                rule.process(*stream, part, &mut out)?;
                seconds += watch.elapsed().as_secs_f64();
                rows += part.len();
                if seconds >= WORK {
                    break;
                }
            }
            calls += Meter::get(&rule.meter().calls);
            fuel += Meter::get(&rule.meter().fuel);
            memory = memory.max(rule.memory_bytes());
            if let Some(line) = lines(&trouble).first() {
                return Err(Error::user(line.clone()));
            }
            if rows == 0 {
                return Err(Error::user("there are no rows to measure with"));
            }
        }
        Ok(Pace {
            size,
            rows_per_second: rows as f64 / seconds,
            call_ns: seconds / calls as f64 * 1e9,
            fuel_per_row: fuel / rows as u64,
            memory,
        })
    }

    /// All rows in order, as parts of one stream each and at most so many rows.
    fn parts(&self, size: usize) -> Vec<(usize, Batch)> {
        let mut parts = Vec::new();
        for (stream, rows) in stretches(&self.streams) {
            let mut from = 0;
            while from < rows.len() {
                let here = size.min(rows.len() - from);
                parts.push((stream, rows.slice(from, here)));
                from += here;
            }
        }
        parts
    }

    fn rule(&self, trouble: &Arc<Mutex<Vec<String>>>) -> Result<Rule> {
        let to = Arc::clone(trouble);
        let around = Surroundings {
            limits: self.limits.clone(),
            calendar: Calendar::built_in(),
            tables: Arc::new(NoTables),
            log: Arc::new(move |level: Level, line: &str| {
                if matches!(level, Level::Warn | Level::Error)
                    && let Ok(mut to) = to.lock()
                {
                    to.push(line.to_owned());
                }
            }),
        };
        let named = self.plugin.manifest().streams.iter().zip(&self.streams);
        let schemas: Vec<_> = named
            .map(|(s, rows)| (s.name.as_str(), rows.rows.schema()))
            .collect();
        let streams: Vec<(&str, &Schema)> = schemas.iter().map(|(n, s)| (*n, s.as_ref())).collect();
        let name = self.plugin.manifest().name.replace('-', "_");
        Rule::new(&name, &self.plugin, &self.params, &streams, around)
    }

    fn run(&self, way: Way) -> Result<Ran> {
        let trouble = Arc::default();
        let mut rule = self.rule(&trouble)?;
        let mut out = Vec::new();
        let mut last = EventTime::MIN;
        for (stream, part) in self.parts(way.size) {
            if way.fresh {
                rule.replace();
            }
            last = part.time.last().map_or(last, |time| EventTime(*time));
            rule.process(stream, &part, &mut out)?;
        }
        rule.end(last, &mut out)?;
        let text = |batch: &Batch| {
            let one = |i: usize| bad_rows::as_text(&batch.rows.slice(i, 1));
            (0..batch.len()).map(one).collect::<Vec<_>>()
        };
        Ok(Ran {
            alerts: out.iter().flat_map(text).collect(),
            trouble: lines(&trouble),
        })
    }
}

fn lines(of: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    of.lock().map(|lines| lines.clone()).unwrap_or_default()
}

fn difference(expected: &[String], got: &[String]) -> Option<Difference> {
    let most = expected.len().max(got.len());
    let place = (0..most).find(|i| expected.get(*i) != got.get(*i))?;
    Some(Difference {
        place,
        expected: expected.get(place).cloned(),
        got: got.get(place).cloned(),
    })
}
