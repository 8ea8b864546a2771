//! `volume-surge`: an option, or all calls or all puts together, that trades far more than it does at
//! this time of the session.
//!
//! What was traded in the last `window` (counted in fifths of it) is set against the median of what was
//! at the same time of the last `sessions` sessions of the day or of the night; a session without a
//! trade there counts as zero. Before there are `history_min` sessions
//! it is the median of the windows of the last hour of this session. A baseline below `base_min`
//! counts as that: what hardly ever trades is not infinitely busy.
//!
//! What it remembers is some 28 bytes for each session and window of the session in which a contract
//! traded: a whole chain over twenty sessions wants `limits.state` above the default.
//!
//! An alert opens at the first level, goes on at others, and clears when the ratio has fallen `back`
//! below the first one, at the latest at the first minute without trades enough.
//!
//! ```toml
//! [rule.volume_surge]
//! plugin = "volume-surge"
//! from = ["trades"]             # sq_date, strike, put_call, traded (contracts since the row before)
//! limits = { state = "64MiB" }
//! ```
//!
//! It says `52000円CALL 出来高3.2倍`.

use contract::{Contract, side};
use zaraba_sdk::alert::{AlertState, Alerts, Draft, Severity};
use zaraba_sdk::calendar::{Sessions, VENUES};
use zaraba_sdk::duration::Duration;
use zaraba_sdk::hysteresis::Levels;
use zaraba_sdk::input::{Date, Input, Timestamp};
use zaraba_sdk::manifest::Manifest;
use zaraba_sdk::rule::Rule;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row};

use crate::volumes::{Measured, Volumes};

mod volumes;

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

/// The rule.
#[derive(Debug)]
pub struct VolumeSurge {
    levels: Levels,
    sessions: Sessions,
    volumes: Volumes,
}

impl VolumeSurge {
    /// Says what changed, but for what it is about.
    fn step<'a>(
        &self,
        row: u32,
        key: &str,
        measured: &Measured,
        at: Timestamp,
        to: &'a mut Alerts,
    ) -> Option<Draft<'a>> {
        let (volume, ratio) = (measured.volume, measured.ratio);
        let change = self.levels.step(key, ratio, at)?;
        let over = change.state == AlertState::Clear;
        let draft = to
            .add(row, change.state, change.severity, "volume_surge")
            .key(key)
            .code(if over { "volume_usual" } else { "volume_surge" })
            .figure(ratio, change.threshold, "x")
            .arg("volume", volume)
            .evidence("volume", volume, Some(at));
        Some(match measured.usual {
            Some(usual) => draft.baseline(usual, None),
            None => draft,
        })
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
            volumes: Volumes {
                window: limits.window.0,
                volume_min: limits.volume_min,
                base_min: limits.base_min,
                sessions: limits.sessions,
                history_min: limits.history_min,
                noted: None,
            },
        }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Trade>().filter(|row| row.traded > 0) {
            let Some(session) = self.sessions.at(row.time) else {
                continue;
            };
            self.volumes.note(&session, row.time);
            let contract = Contract {
                product: row.product,
                sq_date: row.sq_date,
                strike: row.strike,
                put_call: row.put_call,
            };
            let (key, all) = (contract.key(), side(row.put_call.as_str()));
            let measured = self.volumes.count(&key, &session, row.traded, row.time);
            if let Some(draft) = self.step(row.index, &key, &measured, row.time, alerts) {
                contract.fill(draft);
            }
            let measured = self.volumes.count(all, &session, row.traded, row.time);
            if let Some(draft) = self.step(row.index, all, &measured, row.time, alerts) {
                about_none(draft);
            }
        }
        Ok(())
    }

    /// What is open is measured each minute, trades or none.
    fn tick(&mut self, at: Timestamp, alerts: &mut Alerts) -> Result<(), String> {
        for key in self.levels.open(at) {
            let Some(measured) = self.volumes.look(&key, at) else {
                continue;
            };
            if let Some(draft) = self.step(0, &key, &measured, at, alerts) {
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
