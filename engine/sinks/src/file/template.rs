//! A path with words in braces: `{stream}`, the days of [`super::days`], `{time}`, and columns.

use std::path::{Path, PathBuf};

use arrow::datatypes::Schema;
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use zaraba_core::error::{Error, Result};
use zaraba_core::suggest::hint;

use crate::file::days::{Calendars, DayOf};
use crate::file::leftovers::Pattern;

/// Bytes of one part of a path, as nearly all file systems have it, less what is put around it
/// while it is written and where there are several.
const PART_BYTES_MAX: usize = 220;
/// Most and fewest bytes that a value has of that.
const VALUE_BYTES: (usize, usize) = (100, 24);

/// The times of one file: `from <= t < until`, microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: i64,
    pub(super) until: i64,
    /// The date of the day that it is of, where the path names one.
    date: Option<NaiveDate>,
    /// Where its stretch of `every` begins, of which a day may have a part only.
    begins: i64,
}

impl Stretch {
    pub(super) fn holds(&self, time: i64) -> bool {
        (self.from..self.until).contains(&time)
    }
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Day,
    Time,
    /// The n-th of the columns, cut to so many bytes.
    Column(usize, usize),
}

/// The path of one stream's files.
#[derive(Clone, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
    /// The columns that it names, by their place among those that are written.
    pub(super) columns: Vec<usize>,
    day: Option<DayOf>,
    every: Option<i64>,
    zone: Tz,
}

/// What a path is filled with.
pub(super) struct Filling<'a> {
    pub(super) stream: &'a str,
    /// Of how many streams it is one.
    pub(super) streams: usize,
    pub(super) schema: &'a Schema,
    pub(super) calendars: &'a Calendars,
    /// Microseconds of event time in a file.
    pub(super) every: Option<i64>,
    pub(super) zone: Tz,
}

impl Template {
    /// The path for one of so many streams.
    ///
    /// # Errors
    /// When it does not tell the streams apart, or has words that are neither known nor a column.
    pub(super) fn new(path: &Path, filling: &Filling<'_>) -> Result<Self> {
        let text = path.to_str().ok_or_else(|| {
            Error::user(format!("expected a path in UTF-8, got {}", path.display()))
        })?;
        if filling.streams > 1 && !text.contains("{stream}") {
            return Err(Error::user(format!(
                "expected `{{stream}}` in the path of a sink with {} streams, got {text}",
                filling.streams
            )));
        }
        if text.contains("{date}") && text.contains("{trading_day}") {
            return Err(Error::user(format!(
                "expected one of `{{date}}` and `{{trading_day}}` in a path, got {text}"
            )));
        }
        let mut template = Self {
            parts: Vec::new(),
            columns: Vec::new(),
            day: None,
            every: filling.every,
            zone: filling.zone,
        };
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((word, behind)) = behind.split_once('}') else {
                break;
            };
            template.literal(before);
            template.word(word, filling, text)?;
            rest = behind;
        }
        template.literal(rest);
        template.fit();
        Ok(template)
    }

    fn literal(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Literal(before)) => before.push_str(text),
            _ => self.parts.push(Part::Literal(text.to_owned())),
        }
    }

    fn word(&mut self, word: &str, filling: &Filling<'_>, text: &str) -> Result<()> {
        let day = match word {
            "stream" => {
                self.literal(filling.stream);
                return Ok(());
            }
            "time" if self.every.is_some() => {
                self.parts.push(Part::Time);
                return Ok(());
            }
            "date" => &filling.calendars.date,
            "trading_day" => &filling.calendars.trading_day,
            column => {
                let names = || filling.schema.fields().iter().map(|f| f.name().as_str());
                let place = names().position(|name| name == column).ok_or_else(|| {
                    let hint = hint(column, names());
                    Error::user(format!(
                        "no `{{{column}}}` to put into a path{hint}, in {text}"
                    ))
                })?;
                self.parts.push(Part::Column(self.columns.len(), 0));
                self.columns.push(place);
                return Ok(());
            }
        };
        self.day = Some(day.clone());
        self.parts.push(Part::Day);
        Ok(())
    }

    /// Shares the bytes of each part of the path among its values.
    fn fit(&mut self) {
        let (mut begin, mut fixed, mut values) = (0, 0, 0);
        let mut shares = vec![0; self.parts.len()];
        let share = |shares: &mut [usize], fixed: usize, values: usize| {
            let left = PART_BYTES_MAX.saturating_sub(fixed) / values.max(1);
            shares.fill(left.min(VALUE_BYTES.0).max(VALUE_BYTES.1));
        };
        for (i, part) in self.parts.iter().enumerate() {
            match part {
                Part::Column(..) => values += 1,
                Part::Day | Part::Time => fixed += 16,
                Part::Literal(text) => {
                    let mut pieces = text.split('/');
                    fixed += pieces.next().map_or(0, str::len);
                    for piece in pieces {
                        share(&mut shares[begin..i], fixed, values);
                        (begin, fixed, values) = (i, piece.len(), 0);
                    }
                }
            }
        }
        share(&mut shares[begin..], fixed, values);
        for (part, share) in self.parts.iter_mut().zip(shares) {
            if let Part::Column(_, bytes) = part {
                *bytes = share;
            }
        }
    }

    /// Whether there is one file whatever the rows are.
    pub(super) fn is_one(&self) -> bool {
        self.day.is_none() && self.every.is_none() && self.columns.is_empty()
    }

    /// The most bytes of the n-th column's value.
    pub(super) fn bytes_max(&self, column: usize) -> usize {
        let of = |part: &Part| match part {
            Part::Column(n, bytes) if *n == column => Some(*bytes),
            _ => None,
        };
        self.parts.iter().find_map(of).unwrap_or(VALUE_BYTES.1)
    }

    /// The times that are in one file with a time.
    pub(super) fn stretch(&self, time: i64) -> Stretch {
        let day = self.day.as_ref().map(|days| days.of(time));
        let begins = self.every.map(|every| time.div_euclid(every) * every);
        let ends = begins
            .zip(self.every)
            .map(|(b, every)| b.saturating_add(every));
        let (from, until) = day
            .as_ref()
            .map_or((i64::MIN, i64::MAX), |d| (d.from, d.until));
        Stretch {
            from: from.max(begins.unwrap_or(i64::MIN)),
            until: until.min(ends.unwrap_or(i64::MAX)),
            date: day.map(|day| day.date),
            begins: begins.unwrap_or(0),
        }
    }

    /// The file of a stretch and values, each as [`super::segment`] has it.
    pub(super) fn path(&self, stretch: &Stretch, values: &[&str]) -> PathBuf {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => path.push_str(text),
                Part::Day => {
                    let date = stretch.date.unwrap_or(NaiveDate::MIN);
                    path.push_str(&date.to_string());
                }
                Part::Time => {
                    let time = DateTime::from_timestamp_micros(stretch.begins).unwrap_or_default();
                    let local = time.with_timezone(&self.zone);
                    path.push_str(&local.format("%Y%m%dT%H%M%S").to_string());
                }
                Part::Column(n, _) => path.push_str(values.get(*n).copied().unwrap_or_default()),
            }
        }
        path.into()
    }

    /// What the paths of all its files have in common.
    pub(super) fn pattern(&self) -> Pattern {
        let text = |part: &Part| match part {
            Part::Literal(text) => Some(text.clone()),
            _ => None,
        };
        Pattern::new(self.parts.iter().map(text))
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};
    use chrono_tz::Tz;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn check(path: &str, streams: usize, every: Option<i64>, expected: Result<&str, &str>) {
        let calendars = Calendars {
            date: DayOf::of_zone(Tz::UTC),
            trading_day: DayOf::of_zone(Tz::Asia__Tokyo),
        };
        let columns = ["product", "side"].map(|name| Field::new(name, DataType::Utf8, true));
        let schema = Schema::new(columns.to_vec());
        let filling = Filling {
            stream: "ticks",
            streams,
            schema: &schema,
            calendars: &calendars,
            every,
            zone: Tz::Asia__Tokyo,
        };
        let template = Template::new(Path::new(path), &filling);
        // 2025-11-14T16:30Z: the next day in Tokyo.
        let time = 1_763_137_800_000_000;
        let filled = template.map(|t| {
            let values = ["NK225", "C"];
            let names: Vec<&str> = t.columns.iter().map(|c| values[*c]).collect();
            t.path(&t.stretch(time), &names)
        });
        match (filled, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, Path::new(expected)),
            (Err(Error::User(got)), Err(expected)) => {
                assert!(got.starts_with(expected), "{got}");
            }
            (got, _) => panic!("{path}: {got:?}"),
        }
    }

    #[test]
    fn paths() {
        check("out/{stream}.csv", 2, None, Ok("out/ticks.csv"));
        check("out/all.csv", 1, None, Ok("out/all.csv"));
        check("{stream}/{stream}.csv", 1, None, Ok("ticks/ticks.csv"));
        check("{stream}/{date}.csv", 1, None, Ok("ticks/2025-11-14.csv"));
        check(
            "{trading_day}/{trading_day}.csv",
            1,
            None,
            Ok("2025-11-15/2025-11-15.csv"),
        );
        check(
            "{product}/{side}-{product}-{time}.csv",
            1,
            Some(HOUR),
            Ok("NK225/C-NK225-20251115T010000.csv"),
        );
        check("a{b.csv", 1, None, Ok("a{b.csv"));
        let streams = "expected `{stream}` in the path of a sink with 2 streams, got";
        check("out/all.csv", 2, None, Err(streams));
        check("out/{date}.csv", 2, None, Err(streams));
        let unknown = "no `{prodct}` to put into a path; did you mean `product`?, in";
        check("out/{prodct}.csv", 1, None, Err(unknown));
        check("{time}.csv", 1, None, Err("no `{time}` to put into a path"));
        let days = "expected one of `{date}` and `{trading_day}` in a path";
        check("{date}/{trading_day}.csv", 1, None, Err(days));
    }

    #[test]
    fn stretches_are_of_a_day_and_of_its_hours() {
        let calendars = Calendars {
            date: DayOf::of_zone(Tz::UTC),
            trading_day: DayOf::of_zone(Tz::UTC),
        };
        let schema = Schema::empty();
        let filling = |every| Filling {
            stream: "ticks",
            streams: 1,
            schema: &schema,
            calendars: &calendars,
            every,
            zone: Tz::UTC,
        };
        let stretch = |path: &str, every, time| {
            let template = Template::new(Path::new(path), &filling(every)).unwrap();
            let stretch = template.stretch(time);
            (stretch.from, stretch.until)
        };
        assert_eq!(stretch("a", None, 7), (i64::MIN, i64::MAX));
        assert_eq!(stretch("a", Some(HOUR), -1), (-HOUR, 0));
        assert_eq!(
            stretch("{date}", Some(5 * HOUR), 21 * HOUR),
            (20 * HOUR, 24 * HOUR)
        );
        assert_eq!(
            stretch("{date}", Some(5 * HOUR), 24 * HOUR),
            (24 * HOUR, 25 * HOUR)
        );
    }
}
