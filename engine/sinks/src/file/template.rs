//! A path with words in braces: `{stream}`, and the days of [`super::days`].

use std::path::{Path, PathBuf};

use zaraba_core::error::{Error, Result};

use crate::file::days::{Calendars, DayOf};

/// Stands for the stream's name in a path.
const STREAM: &str = "{stream}";

/// A day in a path: the word that stands for it, and its calendar.
type DayWord = (&'static str, fn(&Calendars) -> &DayOf);

const DAYS: [DayWord; 2] = [
    ("{date}", |calendars| &calendars.date),
    ("{trading_day}", |calendars| &calendars.trading_day),
];

/// The path of one stream's files.
#[derive(Clone, Debug)]
pub(super) struct Template {
    text: String,
    /// The day that it names, and the word for it.
    day: Option<(&'static str, DayOf)>,
}

impl Template {
    /// The path for one of so many streams.
    ///
    /// # Errors
    /// When it does not tell the streams apart, or has words that nobody knows.
    pub(super) fn new(
        path: &Path,
        stream: &str,
        streams: usize,
        calendars: &Calendars,
    ) -> Result<Self> {
        let Some(text) = path.to_str() else {
            return Err(Error::user(format!(
                "expected a path in UTF-8, got {}",
                path.display()
            )));
        };
        if streams > 1 && !text.contains(STREAM) {
            return Err(Error::user(format!(
                "expected `{STREAM}` in the path of a sink with {streams} streams, got {text}"
            )));
        }
        let filled = text.replace(STREAM, stream);
        let mut days = DAYS.iter().filter(|(word, _)| filled.contains(word));
        let day = days.next().map(|(word, of)| (*word, of(calendars).clone()));
        if days.next().is_some() {
            return Err(Error::user(format!(
                "expected one of `{}` and `{}` in a path, got {text}",
                DAYS[0].0, DAYS[1].0
            )));
        }
        let rest = day
            .as_ref()
            .map_or_else(|| filled.clone(), |(word, _)| filled.replace(word, ""));
        if let Some(word) = braced(&rest) {
            return Err(Error::user(format!(
                "no `{word}` to put into a path: there are `{STREAM}`, `{}` and `{}`, in {text}",
                DAYS[0].0, DAYS[1].0
            )));
        }
        Ok(Self { text: filled, day })
    }

    /// Whose days it names; none: there is one file.
    pub(super) fn days(&self) -> Option<&DayOf> {
        self.day.as_ref().map(|(_, of)| of)
    }

    /// The file of a day, whatever it is where the path names none.
    pub(super) fn of(&self, date: chrono::NaiveDate) -> PathBuf {
        match &self.day {
            Some((word, _)) => self.text.replace(word, &date.to_string()).into(),
            None => self.text.clone().into(),
        }
    }
}

fn braced(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let length = text[start..].find('}')?;
    text.get(start..=start + length)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    #[test]
    fn paths() {
        let of_zone = |zone| DayOf::of_zone(zone);
        let calendars = Calendars {
            date: of_zone(Tz::UTC),
            trading_day: of_zone(Tz::Asia__Tokyo),
        };
        for (path, streams, expected) in [
            ("out/{stream}.csv", 2, Ok("out/ticks.csv")),
            ("out/all.csv", 1, Ok("out/all.csv")),
            ("{stream}/{stream}.csv", 1, Ok("ticks/ticks.csv")),
            ("{stream}/{date}.csv", 1, Ok("ticks/2025-11-14.csv")),
            (
                "{trading_day}/{trading_day}.csv",
                1,
                Ok("2025-11-14/2025-11-14.csv"),
            ),
            (
                "out/all.csv",
                2,
                Err("expected `{stream}` in the path of a sink with 2 streams, got"),
            ),
            (
                "out/{date}.csv",
                2,
                Err("expected `{stream}` in the path of a sink with 2 streams, got"),
            ),
            (
                "out/{strem}.csv",
                1,
                Err("no `{strem}` to put into a path: there are `{stream}`, `{date}`"),
            ),
            (
                "{date}/{trading_day}.csv",
                1,
                Err("expected one of `{date}` and `{trading_day}` in a path"),
            ),
        ] {
            let template = Template::new(Path::new(path), "ticks", streams, &calendars);
            let date = chrono::NaiveDate::from_ymd_opt(2025, 11, 14).unwrap();
            match (template.map(|t| t.of(date)), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, Path::new(expected)),
                (Err(Error::User(got)), Err(expected)) => {
                    assert!(got.starts_with(expected), "{got}");
                }
                (got, _) => panic!("{path}: {got:?}"),
            }
        }
    }
}
