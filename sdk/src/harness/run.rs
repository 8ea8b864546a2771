//! All that a rule raises over its streams, however they are split.

use std::ops::Deref;

use super::random::Random;
use super::table::Table;
use super::{Harness, Text};
use crate::bindings::Alert;
use crate::rule::Rule;

/// An alert with its time and its texts. Its row is the place in its stream's table, 0 of a tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// The time of the row, or of the tick.
    pub time: i64,
    /// What the rule raised.
    pub alert: Alert,
    /// How it reads, by language.
    pub texts: Vec<(String, Text)>,
}

impl Deref for Raised {
    type Target = Alert;

    fn deref(&self) -> &Alert {
        &self.alert
    }
}

impl Raised {
    /// The title in a language; empty if there is none.
    #[must_use]
    pub fn title(&self, language: &str) -> &str {
        let mut texts = self.texts.iter();
        let found = texts.find(|(of, _)| of == language);
        found.map_or("", |(_, text)| &text.title)
    }

    /// The message in a language; empty if there is none.
    #[must_use]
    pub fn message(&self, language: &str) -> &str {
        let mut texts = self.texts.iter();
        let found = texts.find(|(of, _)| of == language);
        found.map_or("", |(_, text)| &text.message)
    }
}

/// How rows are split into calls.
#[derive(Clone, Debug)]
enum Split {
    /// As few calls as there can be, all in one instance.
    Whole,
    /// So many rows a call, each in a fresh instance.
    Rows(usize),
    /// Some rows a call, each in a fresh instance.
    Some(Random),
}

/// Rows of one stream that come one after another: `from..to` of its table.
struct Stretch {
    stream: usize,
    from: usize,
    to: usize,
}

/// The rows of all streams in the order of time, of equal times the first stream's first.
fn in_order(streams: &[&Table]) -> Vec<(i64, usize, usize)> {
    let rows = streams.iter().enumerate().flat_map(|(stream, table)| {
        let times = table.times().enumerate();
        times.map(move |(row, time)| (time, stream, row))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows
}

impl<R: Rule> Harness<R> {
    /// All that a rule raises over its streams, in order, with the ticks of its timer between. It is
    /// run again with other splits of the rows into calls, each call in a fresh instance.
    ///
    /// # Errors
    /// As the rule; and what is wrong with parameters, columns or templates.
    ///
    /// # Panics
    /// When a split changes what is raised.
    pub fn raised(params: &str, streams: &[&Table]) -> Result<Vec<Raised>, String> {
        let whole = Self::run(params, streams, Split::Whole)?;
        let random = (1..4).map(|seed| Split::Some(Random::new(seed)));
        let splits = [Split::Rows(1), Split::Rows(7)].into_iter().chain(random);
        for split in splits {
            let again = Self::run(params, streams, split.clone())?;
            let differs = whole.iter().zip(&again).find(|(a, b)| a != b);
            assert!(
                differs.is_none() && whole.len() == again.len(),
                "{} alerts in one call, {} with {split:?}; first difference: {differs:#?}",
                whole.len(),
                again.len()
            );
        }
        Ok(whole)
    }

    fn run(params: &str, streams: &[&Table], mut split: Split) -> Result<Vec<Raised>, String> {
        let mut harness = Self::new(params)?;
        let wants = harness.manifest.streams.len();
        if wants != streams.len() {
            return Err(format!(
                "the rule reads {wants} streams, not {}",
                streams.len()
            ));
        }
        let mut found = Vec::new();
        let mut tick = None;
        let rows = in_order(streams);
        let mut next = 0;
        while let Some((time, ..)) = rows.get(next) {
            if let Some(every) = harness.manifest.timer {
                let due = *tick.get_or_insert_with(|| up_to(*time, every));
                if due < *time {
                    harness.tick_to(due, &split, &mut found)?;
                    tick = Some(due + every);
                    continue;
                }
            }
            let most = match &mut split {
                Split::Whole => usize::MAX,
                Split::Rows(n) => *n,
                Split::Some(random) => 1 + random.below(40) as usize,
            };
            let stretch = stretch(&rows[next..], most, tick);
            next += stretch.to - stretch.from;
            harness.fresh(&split)?;
            let table = streams[stretch.stream];
            let part = table.part(stretch.from, stretch.to);
            for mut alert in harness.evaluate(stretch.stream as u32, &part)? {
                alert.row += stretch.from as u32;
                let time = table.times().nth(alert.row as usize);
                found.push(harness.read(time.unwrap_or_default(), alert)?);
            }
        }
        // The engine runs the first tick that is not before the last row.
        if let Some(due) = tick {
            harness.tick_to(due, &split, &mut found)?;
        }
        Ok(found)
    }

    fn fresh(&mut self, split: &Split) -> Result<(), String> {
        match split {
            Split::Whole => Ok(()),
            _ => self.replace(),
        }
    }

    fn tick_to(&mut self, at: i64, split: &Split, found: &mut Vec<Raised>) -> Result<(), String> {
        self.fresh(split)?;
        for alert in self.tick(at)? {
            found.push(self.read(at, alert)?);
        }
        Ok(())
    }

    fn read(&self, time: i64, alert: Alert) -> Result<Raised, String> {
        let mut texts = Vec::new();
        for message in self
            .manifest
            .messages
            .iter()
            .filter(|m| m.code == alert.code)
        {
            let text = self.text(&alert, &message.language)?;
            texts.extend(text.map(|text| (message.language.clone(), text)));
        }
        Ok(Raised { time, alert, texts })
    }
}

/// The first multiple of an interval that is not before a time.
const fn up_to(time: i64, every: i64) -> i64 {
    -(-time).div_euclid(every) * every
}

/// The next rows of one stream, at most so many, up to a tick.
fn stretch(rows: &[(i64, usize, usize)], most: usize, tick: Option<i64>) -> Stretch {
    let (_, stream, from) = rows[0];
    let together = rows
        .iter()
        .take(most)
        .take_while(|(time, of, _)| *of == stream && tick.is_none_or(|tick| *time <= tick));
    Stretch {
        stream,
        from,
        to: from + together.count(),
    }
}
