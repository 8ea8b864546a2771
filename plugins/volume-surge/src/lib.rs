//! `volume-surge`: an option, or all calls or all puts together, that trades far more than it does at
//! this time of the session.
//!
//! What was traded in the last `window` (counted in fifths of it) is set against the median of what was
//! at the same time of the last `sessions` sessions of the day or of the night; a session without a
//! trade there counts as zero. Before there are `history_min` sessions
//! it is the median of the windows of the last hour of this session. A baseline below `base_min`
//! counts as that: what hardly ever trades is not infinitely busy.
//!
//! An alert opens at the first level, goes on at others, and clears when the ratio has fallen `back`
//! below the first one, at the latest at the first minute without trades enough.
//!
//! ```toml
//! [rule.volume_surge]
//! plugin = "volume-surge"
//! from = ["trades"]             # sq_date, strike, put_call, traded (contracts since the row before)
//! ```
//!
//! It says `52000円CALL 出来高3.2倍`.

use contract::{Contract, side};
use zaraba_sdk::alert::{AlertState, Alerts, Draft, Severity};
use zaraba_sdk::calendar::{Session, SessionKind, Sessions, VENUES};
use zaraba_sdk::duration::Duration;
use zaraba_sdk::hysteresis::Levels;
use zaraba_sdk::input::{Date, Input, Timestamp};
use zaraba_sdk::manifest::Manifest;
use zaraba_sdk::rolling::Window;
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row, Stored};

/// What is wanted of the stream.
#[derive(Row)]
struct Trade<'a> {
    /// The product, where there are several.
    #[column(optional)]
    product: Option<Text<'a>>,
    /// The day of the special quotation.
    sq_date: Date,
    /// The strike.
    strike: f64,
    /// `C` or `P`.
    put_call: Text<'a>,
    /// Contracts traded since the row before.
    traded: i64,
}

/// What counts as a surge.
#[derive(Debug, Params)]
pub struct Limits {
    /// Over how long volume is counted.
    #[param(default = "5m")]
    window: Duration,
    /// From which multiple of the baseline on an alert is raised.
    #[param(default = 3.0, min = 1.0)]
    info: f64,
    /// From which multiple on it is to be watched.
    #[param(default = 5.0, min = 1.0)]
    watch: f64,
    /// From which multiple on it is high.
    #[param(default = 10.0, min = 1.0)]
    high: f64,
    /// How far the multiple must fall below a level to leave it.
    #[param(default = 0.5, min = 0.0)]
    back: f64,
    /// The least volume of the window, contracts.
    #[param(default = 50, min = 1)]
    volume_min: i64,
    /// The least baseline, contracts.
    #[param(default = 10.0, min = 1.0)]
    base_min: f64,
    /// How many sessions the median is taken over.
    #[param(default = 20, min = 1, max = 250)]
    sessions: i64,
    /// How many sessions there must be; before, it is the last hour.
    #[param(default = 5, min = 1, max = 250)]
    history_min: i64,
    /// Whose sessions.
    #[param(default = "OSE.option", one_of = VENUES)]
    venue: String,
}

/// A session's volume so far, by fifths of the window: those of the last hour.
#[derive(Debug, Default, Stored)]
struct Recent {
    opens: i64,
    night: bool,
    fifths: Vec<(u32, i64)>,
}

const RECENT: Keyed<Recent> = Keyed::new("recent");
/// By key and window of the session: the volumes of its fifths by the opening of their session, newest
/// last.
const HISTORY: Keyed<Vec<(i64, [u32; 5])>> = Keyed::new("history");
/// By `day` and `night`: openings of the sessions that were seen, newest last.
const SEEN: Keyed<Vec<i64>> = Keyed::new("sessions");
/// What a key was in twenty sessions is of no use a month later.
const FORGOTTEN: i64 = 60 * 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

/// A volume, what is usual, and how many times that it is: nothing below the least volume.
struct Measured {
    volume: i64,
    usual: Option<f64>,
    ratio: f64,
}

/// The rule.
#[derive(Debug)]
pub struct VolumeSurge {
    limits: Limits,
    levels: Levels,
    sessions: Sessions,
    /// The session that this instance noted last: it need not look again.
    noted: Option<i64>,
}

impl VolumeSurge {
    /// The fifth of the window that a moment of a session lies in.
    fn fifth(&self, opens: i64, at: Timestamp) -> u32 {
        ((at.0 - opens) / (self.limits.window.0 / 5).max(1)) as u32
    }

    /// Where the history of a window of the session is.
    fn place(key: &str, night: bool, window: u32) -> String {
        let kind = if night { 'n' } else { 'd' };
        format!("{key} {kind}{window}")
    }

    /// Notes a session that is seen for the first time.
    fn note(&mut self, session: &Session, at: Timestamp) {
        if self.noted.replace(session.opens) == Some(session.opens) {
            return;
        }
        let kind = if session.kind == SessionKind::Night {
            "night"
        } else {
            "day"
        };
        let mut seen = SEEN.get(kind, at).unwrap_or_default();
        if seen.last() != Some(&session.opens) {
            seen.push(session.opens);
            let more = seen.len().saturating_sub(self.limits.sessions as usize + 1);
            seen.drain(..more);
            SEEN.set(kind, &seen);
        }
    }

    /// Counts contracts of a key.
    fn count(&self, key: &str, session: &Session, traded: i64, at: Timestamp) {
        let night = session.kind == SessionKind::Night;
        let fifth = self.fifth(session.opens, at);
        let recent = RECENT.get(key, at);
        let mut recent = recent.filter(|recent| recent.opens == session.opens);
        let recent = recent.get_or_insert_with(|| Recent {
            opens: session.opens,
            night,
            fifths: Vec::new(),
        });
        match recent.fifths.last_mut() {
            Some((last, volume)) if *last == fifth => *volume += traded,
            _ => recent.fifths.push((fifth, traded)),
        }
        let hour = (HOUR / self.limits.window.0 * 5) as u32 + 5;
        recent.fifths.retain(|(then, _)| then + hour > fifth);
        RECENT.set_until(key, recent, at.plus(HOUR + 2 * self.limits.window.0));

        let place = Self::place(key, night, fifth / 5);
        let mut history = HISTORY.get(&place, at).unwrap_or_default();
        if history
            .last()
            .is_none_or(|(opens, _)| *opens != session.opens)
        {
            history.push((session.opens, [0; 5]));
        }
        if let Some((_, fifths)) = history.last_mut() {
            let volume = &mut fifths[fifth as usize % 5];
            *volume = volume.saturating_add(u32::try_from(traded).unwrap_or(u32::MAX));
        }
        let more = history
            .len()
            .saturating_sub(self.limits.sessions as usize + 1);
        history.drain(..more);
        HISTORY.set_until(&place, &history, at.plus(FORGOTTEN));
    }

    /// What is usual for a key at a moment: over past sessions, else over the last hour.
    fn usual(&self, key: &str, recent: &Recent, now: u32, at: Timestamp) -> Option<f64> {
        let kind = if recent.night { "night" } else { "day" };
        let mut past = SEEN.get(kind, at).unwrap_or_default();
        past.retain(|opens| *opens < recent.opens);
        let volumes = if past.len() as i64 >= self.limits.history_min {
            // The window that ends now lies in two of those that history is kept by.
            let window = |window: u32| {
                let history = HISTORY.get(&Self::place(key, recent.night, window), at);
                (window * 5, history.unwrap_or_default())
            };
            let windows = [(now / 5).checked_sub(1), Some(now / 5)];
            let windows: Vec<_> = windows.into_iter().flatten().map(window).collect();
            let volume = |opens: &i64| {
                let fifths = windows.iter().flat_map(|(first, history)| {
                    let found = history.iter().find(|(of, _)| of == opens);
                    let fifths = found.map_or([0; 5], |(_, fifths)| *fifths);
                    (*first..).zip(fifths)
                });
                let within = fifths.filter(|(fifth, _)| *fifth <= now && fifth + 5 > now);
                within.map(|(_, volume)| f64::from(volume)).sum()
            };
            past.iter().map(volume).collect()
        } else {
            // Windows that end a window ago, two ago, …, as far as the session and the hour go.
            let most = (HOUR / self.limits.window.0 - 1).max(0) as u32;
            let whole = (1..=most).take_while(|k| (k + 1) * 5 <= now + 1);
            let volumes: Vec<f64> = whole.map(|k| recent.sum(now - k * 5) as f64).collect();
            (volumes.len() >= 3).then_some(volumes)?
        };
        Window::new(volumes).median()
    }

    fn measure(&self, key: &str, at: Timestamp) -> Option<Measured> {
        let recent = RECENT.get(key, at)?;
        let now = self.fifth(recent.opens, at);
        let volume = recent.sum(now);
        if volume < self.limits.volume_min {
            // Most rows end here: what is usual need not be looked up.
            let (usual, ratio) = (None, 0.0);
            return Some(Measured {
                volume,
                usual,
                ratio,
            });
        }
        let usual = self.usual(key, &recent, now, at)?.max(self.limits.base_min);
        Some(Measured {
            volume,
            usual: Some(usual),
            ratio: volume as f64 / usual,
        })
    }

    /// Measures a key and says what changed, but for what it is about.
    fn step<'a>(
        &self,
        row: u32,
        key: &str,
        at: Timestamp,
        to: &'a mut Alerts,
    ) -> Option<Draft<'a>> {
        let measured = self.measure(key, at);
        let ratio = measured.as_ref().map_or(0.0, |measured| measured.ratio);
        let change = self.levels.step(key, ratio, at)?;
        let over = change.state == AlertState::Clear;
        let draft = to
            .add(row, change.state, change.severity, "volume_surge")
            .key(key)
            .code(if over { "volume_usual" } else { "volume_surge" })
            .figure(ratio, change.threshold, "x");
        let volume = measured.as_ref().map_or(0, |measured| measured.volume);
        let draft = draft
            .arg("volume", volume)
            .evidence("volume", volume, Some(at));
        Some(match measured.and_then(|measured| measured.usual) {
            Some(usual) => draft.baseline(usual, None),
            None => draft,
        })
    }
}

impl Recent {
    /// The volume of the window that ends with a fifth.
    fn sum(&self, end: u32) -> i64 {
        let within = self
            .fifths
            .iter()
            .filter(|(fifth, _)| *fifth <= end && fifth + 5 > end);
        within.map(|(_, volume)| volume).sum()
    }
}

impl Rule for VolumeSurge {
    type Params = Limits;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let manifest = Manifest::new(
            "volume-surge",
            version,
            "An option trades far more than usual",
        )
        .reads::<Trade>("trades")
        .every(60_000_000);
        let what = |call: &str, all: &str| {
            format!(
                "{{% if strike %}}{call}{{% elif key in ['CALL', 'PUT'] %}}{all}\
                {{% else %}}{{{{ key }}}}{{% endif %}}"
            )
        };
        let times = "{{ '%.1f' | format(value) }}";
        let ja = what("{{ strike | int }}円{{ side }}", "{{ key }}合計");
        let ja = format!("{ja} 出来高{times}倍");
        let en = what("{{ strike | int }} {{ side }}", "All {{ key }}s");
        let en = format!("{en} volume {times}x");
        let body_ja = "{{ volume }}枚（平常{{ '%g' | format(baseline) }}枚）";
        let body_en = "{{ volume }} contracts, usually {{ '%g' | format(baseline) }}";
        Contract::outputs(manifest)
            .says("volume_surge", "ja", &ja, body_ja)
            .says("volume_surge", "en", &en, body_en)
            .says(
                "volume_usual",
                "ja",
                "{{ key }} 出来高平常化",
                "{{ volume }}枚",
            )
            .says(
                "volume_usual",
                "en",
                "{{ key }}: volume as usual",
                "{{ volume }} contracts",
            )
    }

    fn new(limits: Limits) -> Self {
        let levels = [
            (limits.info, Severity::Info),
            (limits.watch, Severity::Watch),
            (limits.high, Severity::High),
        ];
        Self {
            levels: Levels::new("surges", &levels, limits.back),
            sessions: Sessions::of(&limits.venue),
            limits,
            noted: None,
        }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Trade>().filter(|row| row.traded > 0) {
            let Some(session) = self.sessions.at(row.time) else {
                continue;
            };
            self.note(&session, row.time);
            let contract = Contract {
                product: row.product,
                sq_date: row.sq_date,
                strike: row.strike,
                put_call: row.put_call,
            };
            let (key, all) = (contract.to_string(), side(row.put_call.as_str()));
            self.count(&key, &session, row.traded, row.time);
            if let Some(draft) = self.step(row.index, &key, row.time, alerts) {
                contract.fill(draft);
            }
            self.count(all, &session, row.traded, row.time);
            if let Some(draft) = self.step(row.index, all, row.time, alerts) {
                about_none(draft);
            }
        }
        Ok(())
    }

    /// What is open is measured each minute, trades or none.
    fn tick(&mut self, at: Timestamp, alerts: &mut Alerts) -> Result<(), String> {
        for key in self.levels.open(at) {
            if let Some(draft) = self.step(0, &key, at, alerts) {
                about_none(draft);
            }
        }
        Ok(())
    }
}

/// The output fields of an alert that is not of one row's contract.
fn about_none(draft: Draft<'_>) {
    draft
        .field(None::<Date>)
        .field(None::<f64>)
        .field(None::<&str>);
}

zaraba_sdk::export!(VolumeSurge);

#[cfg(test)]
mod tests;
