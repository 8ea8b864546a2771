//! `feed-stall`: a feed that is silent, by event time: the rows of a `clock` say how late it is, and
//! the rows of the feed when it spoke last. So a replay of both finds the same.
//!
//! With `venue`, only time within the venue's sessions counts, from their opening on. A feed is known
//! from its first row on, or from the first row of the clock if `expected` names it.
//!
//! ```toml
//! [rule.feed_stall]
//! plugin = "feed-stall"
//! from = ["clock", "options"]   # the clock first; the feed needs no column, `source` if there
//! params = { after = "30s", high_after = "2m", venue = "OSE.option" }
//! ```

use zaraba_sdk::alert::{AlertState, Alerts, Severity};
use zaraba_sdk::calendar::{VENUES, session_at};
use zaraba_sdk::duration::Duration;
use zaraba_sdk::hysteresis::Levels;
use zaraba_sdk::input::{Input, Timestamp};
use zaraba_sdk::manifest::Manifest;
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row};

/// A row of the clock: its time is all there is.
#[derive(Row)]
struct Clock {}

/// A row of the feed.
#[derive(Row)]
struct Feed<'a> {
    /// Which feed, where a stream has several.
    #[column(optional)]
    source: Option<Text<'a>>,
}

/// What counts as silence.
#[derive(Debug, Params)]
pub struct Silence {
    /// How long a feed may be silent.
    #[param(default = "30s")]
    after: Duration,
    /// From when on its silence is high.
    #[param(default = "2m")]
    high_after: Duration,
    /// In whose sessions; always, if left out.
    #[param(one_of = VENUES)]
    venue: Option<String>,
    /// Feeds that are missed before their first row; one without `source` is called `feed`.
    #[param(default = [])]
    expected: Vec<String>,
}

/// When each feed spoke last.
const LAST: Keyed<Timestamp> = Keyed::new("last");

/// The rule.
#[derive(Debug)]
pub struct FeedStall {
    silence: Silence,
    levels: Levels,
}

impl FeedStall {
    /// How long a feed has been silent, seconds: outside of sessions it is not.
    fn silent(&self, last: Timestamp, at: Timestamp) -> f64 {
        let since = match &self.silence.venue {
            None => last.0,
            Some(venue) => match session_at(venue, at) {
                Some(session) if at.0 < session.closes => last.0.max(session.opens),
                _ => at.0,
            },
        };
        (at.0 - since) as f64 / 1e6
    }

    fn step(
        &self,
        feed: &str,
        silent: f64,
        last: Timestamp,
        at: (u32, Timestamp),
        to: &mut Alerts,
    ) {
        let (row, at) = at;
        let Some(change) = self.levels.step(feed, silent, at) else {
            return;
        };
        let over = change.state == AlertState::Clear;
        to.add(row, change.state, change.severity, "feed_stall")
            .key(feed)
            .code(if over { "feed_resumed" } else { "feed_stall" })
            .figure(silent, change.threshold, "s")
            .evidence("last_row", last, Some(last));
    }
}

impl Rule for FeedStall {
    type Params = Silence;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let seconds = "{{ value | round | int }}";
        let ja = format!("{{{{ key }}}} {seconds}秒間更新なし");
        let en = format!("{{{{ key }}}}: no row for {seconds} s");
        Manifest::new("feed-stall", version, "A feed is silent")
            .reads::<Clock>("clock")
            .reads::<Feed>("feed")
            .says("feed_stall", "ja", &ja, "")
            .says("feed_stall", "en", &en, "")
            .says("feed_resumed", "ja", "{{ key }} 更新再開", "")
            .says("feed_resumed", "en", "{{ key }}: rows again", "")
    }

    fn check(silence: &Silence) -> Result<(), String> {
        match silence.after <= silence.high_after {
            true => Ok(()),
            false => Err(format!(
                "`high_after` must be at least `after`, {}, not {}",
                silence.after, silence.high_after
            )),
        }
    }

    fn new(silence: Silence) -> Self {
        let seconds = |duration: Duration| duration.0 as f64 / 1e6;
        let levels = [
            (seconds(silence.after), Severity::Watch),
            (seconds(silence.high_after), Severity::High),
        ];
        let levels = Levels::new("stalled", &levels, 0.0);
        Self { silence, levels }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        if input.stream() == 1 {
            for row in input.rows::<Feed>() {
                let feed = row.source.map_or("feed", Text::as_str);
                self.step(feed, 0.0, row.time, (row.index, row.time), alerts);
                LAST.set(feed, &row.time);
            }
            return Ok(());
        }
        for row in input.rows::<Clock>() {
            for feed in &self.silence.expected {
                if LAST.get(feed, row.time).is_none() {
                    LAST.set(feed, &row.time);
                }
            }
            for (feed, last) in LAST.scan("", row.time) {
                let silent = self.silent(last, row.time);
                self.step(&feed, silent, last, (row.index, row.time), alerts);
            }
        }
        Ok(())
    }
}

zaraba_sdk::export!(FeedStall);

#[cfg(test)]
mod tests;
