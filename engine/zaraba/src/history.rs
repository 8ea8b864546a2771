//! An alert or a rule over recorded rows: what it tells with these settings or others, how that
//! spreads, and what prices did afterwards. Only what the node needs runs, as fast as it can.

mod after;
mod asked;
mod fires;
mod prices;
mod recorded;
mod sessions;
mod settings;
mod suggest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use chrono::NaiveDate;
use zaraba_config::document::{Document, Located, SinkConnector, SinkDoc};
use zaraba_core::alert;
use zaraba_core::batch::Batch;
use zaraba_core::error::Error as CoreError;
use zaraba_core::time::EventTime;
use zaraba_runtime::part;
use zaraba_runtime::plan::plan;

use crate::error::Error;
use crate::history::asked::Asked;
use crate::history::fires::KeyWords;
use crate::history::prices::Prices;
use crate::history::settings::OfPlugin;
use crate::pipeline::{Checked, Pipeline};

pub use crate::history::after::{After, Spread};
pub use crate::history::asked::{Ask, Column};
pub use crate::history::fires::{Fire, Groups};
pub use crate::history::recorded::Recorded;
pub(crate) use crate::history::recorded::ends;
pub use crate::history::sessions::Sessions;
pub use crate::history::settings::{Number, Owner};
pub use crate::history::suggest::{Found, Tried};
pub use zaraba_finance::calendar::Venue;

/// The sink through which alerts come here. No node of a file can have this name.
const SINK: &str = "zaraba history";
/// An alert or a rule, ready to be run over recorded rows.
pub struct History<'a> {
    pipeline: &'a Pipeline,
    whole: Checked,
    document: Document,
    name: String,
    plugin: OfPlugin,
    words: KeyWords,
    price: Option<(Column, Vec<String>)>,
    underlying: Option<Column>,
    /// The stream that the node reads first.
    input: String,
    /// What days and sessions are told apart by.
    pub sessions: Sessions,
    seen: Option<Seen>,
}

/// What a recording holds.
#[derive(Debug, Default)]
pub struct Seen {
    /// Rows of all sources.
    pub rows: u64,
    /// Of each source that has such: rows that were late, and left out.
    pub late: BTreeMap<String, u64>,
    /// And rows that could not be read, with the reason of the first.
    pub bad: BTreeMap<String, (u64, String)>,
    /// Trading days on which the node's stream has rows.
    pub days: BTreeSet<NaiveDate>,
    prices: Option<Prices>,
    underlying: Option<Prices>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The alerts that opened.
    pub fires: Vec<Fire>,
    /// How many more were left out, by `cooldown` and `group`.
    pub suppressed: u64,
    /// Rows on which it failed, and which it did not see.
    pub failed: u64,
    /// Why it failed first, where that is known.
    pub why: Option<String>,
}

impl Pipeline {
    /// Makes an alert or a rule of this pipeline ready for recorded rows.
    ///
    /// # Errors
    /// The mistakes of the pipeline, or what of the question cannot be.
    pub fn history(&self, ask: &Ask) -> Result<History<'_>, Error> {
        let whole = self.check()?;
        let Some(document) = self.load().document else {
            return Err(CoreError::internal("a file that was checked has gone").into());
        };
        let asked = Asked::new(&document, &whole.plan, ask)?;
        let needed = part::behind(&document, std::slice::from_ref(&ask.name));
        let files = recorded::files(&document, &needed, &ask.recorded)?;
        let mut history = asked.history(self, &whole, document, &files)?;
        let kept = history.streams();
        part::keep(&mut history.document, &kept);
        recorded::place(&mut history.document, &files, self.path())?;
        Ok(history)
    }
}

impl History<'_> {
    /// The streams that are looked at.
    fn streams(&self) -> Vec<String> {
        let price = self.price.iter().map(|(price, _)| price.stream.clone());
        let underlying = self.underlying.iter().map(|column| column.stream.clone());
        let own = [self.name.clone(), self.input.clone()];
        let all: BTreeSet<String> = own.into_iter().chain(price).chain(underlying).collect();
        all.into_iter().collect()
    }

    /// Runs it with these settings over the recording.
    ///
    /// # Errors
    /// When a setting is none of the node's, or the recording cannot be read.
    pub fn run(&mut self, settings: &[(String, String)]) -> Result<Run, Error> {
        let mut document = self.document.clone();
        for (name, value) in settings {
            settings::set(&mut document, &self.name, &self.plugin, name, value)?;
        }
        // All but the alerts are looked at once.
        let first = self.seen.is_none();
        let streams = if first {
            self.streams()
        } else {
            vec![self.name.clone()]
        };
        let checked = self.planned(document, &streams)?;
        let sources: Vec<String> = checked.plan.source_names().into_iter().collect();
        let mut built = self.pipeline.build_checked(&checked)?;
        let receiver = built.take_receiver(SINK);
        let receiver = receiver.ok_or_else(|| CoreError::internal("a sink without its end"))?;
        let running = built.start()?;
        let meters = running.meters().to_vec();
        let mut seen = self.nothing_seen();
        let mut fires = Vec::new();
        let taken = receiver.map(|(stream, rows)| {
            if stream == self.name {
                fires::read(&rows, &self.words, &mut fires)?;
            }
            if first {
                self.look(&stream, &rows, &mut seen)?;
            }
            Ok(())
        });
        let taken: Result<(), CoreError> = taken.collect();
        running.join()?;
        taken?;
        let (mut suppressed, mut failed, mut why) = (0, 0, None);
        for (node, meter) in &meters {
            if sources.iter().any(|source| **source == **node) {
                seen.rows += meter.rows_out.load(Ordering::Relaxed);
                let late = meter.late.load(Ordering::Relaxed);
                let bad = meter.errors.load(Ordering::Relaxed);
                let why = meter.first_reason.get().cloned().unwrap_or_default();
                if late > 0 {
                    seen.late.insert(node.to_string(), late);
                }
                if bad > 0 {
                    seen.bad.insert(node.to_string(), (bad, why));
                }
            } else if **node == *self.name {
                suppressed += meter.suppressed.load(Ordering::Relaxed);
                failed += meter.errors.load(Ordering::Relaxed);
                why = why.or_else(|| meter.first_reason.get().cloned());
            }
        }
        if first {
            seen.prices.iter_mut().for_each(Prices::settle);
            seen.underlying.iter_mut().for_each(Prices::settle);
            self.seen = Some(seen);
        }
        Ok(Run {
            fires,
            suppressed,
            failed,
            why,
        })
    }

    /// The plan of what is left of the document, with a way out for these streams.
    fn planned(&self, mut document: Document, streams: &[String]) -> Result<Checked, Error> {
        let span = document.sources.first().map(|source| source.name.span);
        let span = span.ok_or_else(|| CoreError::user("the pipeline has no source"))?;
        let here = |value: &str| Located {
            value: value.to_owned(),
            span,
        };
        document.sinks = vec![SinkDoc {
            name: here(SINK),
            from: streams.iter().map(|stream| here(stream)).collect(),
            connector: SinkConnector::Channel,
        }];
        let (planned, mistakes) = plan(&document, &self.pipeline.extensions);
        let plan = planned.ok_or_else(|| {
            let sources = self.pipeline.load().sources;
            Error::Mistakes(sources.render_all(&mistakes))
        })?;
        Ok(Checked {
            plan,
            ..self.whole.clone()
        })
    }

    fn nothing_seen(&self) -> Seen {
        let price = self.price.as_ref();
        let price = price
            .map(|(price, key)| Prices::new(key.clone(), price.column.clone(), self.words.between));
        let underlying = self.underlying.as_ref();
        let underlying = underlying.map(|of| Prices::new(Vec::new(), of.column.clone(), &[]));
        Seen {
            prices: price,
            underlying,
            ..Seen::default()
        }
    }

    /// Takes what rows say of days and prices.
    fn look(&self, stream: &str, rows: &Batch, seen: &mut Seen) -> Result<(), CoreError> {
        if stream == self.input {
            let mut known = None;
            for time in rows.time.iter() {
                // Rows of one hour are mostly of one day.
                let hour = time.div_euclid(3_600_000_000);
                if known != Some(hour) {
                    let time = EventTime(*time);
                    // What comes between two sessions makes no day of its own.
                    let within = self.sessions.at(time).map(|_| hour);
                    known = within;
                    seen.days
                        .extend(within.and_then(|_| self.sessions.day(time)));
                }
            }
        }
        if let (Some(prices), Some((of, _))) = (&mut seen.prices, &self.price)
            && of.stream == stream
        {
            prices.add(rows)?;
        }
        if let (Some(prices), Some(of)) = (&mut seen.underlying, &self.underlying)
            && of.stream == stream
        {
            prices.add(rows)?;
        }
        Ok(())
    }

    /// What the recording holds, once something ran.
    #[must_use]
    pub const fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// Values that must not appear in any output.
    #[must_use]
    pub fn secrets(&self) -> &[String] {
        &self.whole.secrets
    }

    /// The numbers that can be set of it.
    #[must_use]
    pub fn numbers(&self) -> Vec<Number> {
        let read = self.whole.plan.params.iter();
        let read = read.filter(|param| param.readers.contains(&self.name));
        let read: Vec<String> = read.map(|param| param.name.clone()).collect();
        settings::numbers(&self.document, &self.name, &read, &self.plugin)
    }

    /// The `params` of the rule as they would be written with another value of one.
    #[must_use]
    pub fn params_with(&self, name: &str, value: &str) -> String {
        settings::written(&self.document, &self.name, name, value)
    }

    /// The columns by which alerts can be counted: the fields of their rule, and those of their key.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let own = self.whole.plan.streams.get(&self.name);
        let own = own.map(|stream| {
            stream
                .columns
                .fields()
                .iter()
                .skip(alert::columns().fields().len())
        });
        let own = own.into_iter().flatten().map(|field| field.name().clone());
        let key = self.words.columns.iter().cloned();
        let code = ["code".to_owned()];
        own.chain(key)
            .chain(code)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// How alerts spread over product, moneyness, session, severity and these columns.
    #[must_use]
    pub fn groups(&self, run: &Run, columns: &[String]) -> Vec<Groups> {
        let underlying = self.seen.as_ref().and_then(|seen| seen.underlying.as_ref());
        fires::groups(&run.fires, columns, underlying, &self.sessions)
    }

    /// What prices did after alerts; why it is not known, where none of them can be followed.
    ///
    /// # Errors
    /// When no price is known, or none that is of the alerts' keys.
    pub fn after(&self, run: &Run) -> Result<Vec<After>, String> {
        let prices = self.seen.as_ref().and_then(|seen| seen.prices.as_ref());
        let Some(prices) = prices else {
            return Err(format!(
                "which price of `{}` is an alert's is not clear: --price STREAM.COLUMN says it",
                self.input
            ));
        };
        let found = after::after(&run.fires, prices, &self.sessions);
        let first = run.fires.first();
        let (Some(fire), true) = (first, found.is_empty()) else {
            return Ok(found);
        };
        if run.fires.iter().any(|fire| prices.of(&fire.key).is_some()) {
            return Ok(found);
        }
        let of = self
            .price
            .as_ref()
            .map_or("", |(price, _)| price.stream.as_str());
        Err(format!(
            "no price in `{of}` is of an alert's key: the alerts have keys like `{}`, and {} of `{of}` \
             are like `{}`; --key COLUMN,… says which columns make the key",
            fire.key.join(" "),
            prices.key.join(", "),
            prices.some_key().unwrap_or_default()
        ))
    }
}
