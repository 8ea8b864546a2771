//! `divergence`: an index and its volatility index that do not go against each other, by daily closes.
//!
//! - **A**: the index has risen over `days`, and volatility has not fallen: caution, smaller size, a
//!   stop.
//! - **B**: the index has fallen, and volatility has risen by less than half of what it usually does:
//!   `β · r`, β the slope of the daily change of volatility (points) on the daily change of the index
//!   (percent) over `beta_days`. Part of a correction; unknown until there are so many days, and where
//!   β is not below zero.
//! - **Catching up**: volatility stands `catch_up_pct` above where it stood on a day of B within the
//!   last `catch_up_days`.
//!
//! Each is open while it holds. A row is a day: rows come once, with closes.
//!
//! ```toml
//! [rule.divergence]
//! plugin = "divergence"
//! from = ["daily"]              # close, vix; key if there (an index beside another)
//! ```

use zaraba_sdk::alert::{AlertState, Alerts, Severity};
use zaraba_sdk::input::{At, Input};
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row, Stored, percent};

/// What is wanted of the stream.
#[derive(Row)]
struct Closes<'a> {
    /// Which index, where there are several.
    #[column(optional)]
    key: Option<Text<'a>>,
    /// The index.
    close: f64,
    /// Its volatility index.
    vix: f64,
}

/// What counts as a divergence.
#[derive(Debug, Params)]
pub struct Limits {
    /// Over how many days.
    #[param(default = 5, min = 1, max = 250)]
    days: i64,
    /// From what change of the index on, percent.
    #[param(default = 1.0, min = 0.0)]
    index_pct: f64,
    /// Days that β is measured over.
    #[param(default = 60, min = 3, max = 250)]
    beta_days: i64,
    /// Which share of its usual rise volatility stays below.
    #[param(default = 0.5, min = 0.0, max = 1.0)]
    share: f64,
    /// By how much it catches up, percent.
    #[param(default = 15.0, min = 0.0)]
    catch_up_pct: f64,
    /// Within how many days.
    #[param(default = 5, min = 1, max = 250)]
    catch_up_days: i64,
    /// The key, where the stream has none.
    #[param(default = "N225")]
    name: String,
}

/// A day.
#[derive(Clone, Copy, Debug, Stored)]
struct Day {
    close: f64,
    vix: f64,
    /// Whether B held.
    sluggish: bool,
}

/// What is remembered of a key: one value, read and written as a whole once a day.
#[derive(Debug, Default, Stored)]
struct Past {
    /// The last days, the oldest first.
    days: Vec<Day>,
    /// Daily changes, the oldest first: of the index in percent, of volatility in points.
    changes: Vec<(f64, f64)>,
    /// Which of [`KINDS`] are open.
    open: [bool; 3],
}

const PAST: Keyed<Past> = Keyed::new("past");

impl Past {
    /// The slope of the changes of volatility on those of the index; none where the index stood still.
    fn beta(&self) -> Option<f64> {
        let changes = &self.changes;
        let n = changes.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| changes.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|change| change.0), mean(|change| change.1));
        let products = changes.iter().map(|change| (change.0 - x) * (change.1 - y));
        let squares = changes.iter().map(|change| (change.0 - x) * (change.0 - x));
        let slope = products.sum::<f64>() / squares.sum::<f64>();
        slope.is_finite().then_some(slope)
    }
}

/// What can hold.
const KINDS: [(&str, Severity); 3] = [
    ("divergence_a", Severity::Watch),
    ("divergence_b", Severity::Info),
    ("divergence_catch_up", Severity::High),
];

/// The rule.
#[derive(Debug)]
pub struct Divergence(Limits);

/// What a day is beside those before it.
struct Found {
    /// Change of the index, percent, and of volatility, points.
    index: f64,
    vix: f64,
    holds: [bool; 3],
}

impl Divergence {
    /// A day beside those before it; its own change is the newest of the changes.
    fn look(&self, past: &Past, today: &Day) -> Option<Found> {
        let (limits, before) = (&self.0, &past.days);
        let then = before.len().checked_sub(limits.days as usize)?;
        let index = percent::change(today.close, before[then].close)?;
        let vix = today.vix - before[then].vix;
        // Measured only on days on which it matters.
        let sluggish = || {
            let known = past.changes.len() >= limits.beta_days as usize;
            let beta = past.beta().filter(|beta| known && *beta < 0.0)?;
            Some(vix < limits.share * beta * index)
        };
        let recent = before.len().saturating_sub(limits.catch_up_days as usize);
        let caught_up = before[recent..]
            .iter()
            .filter(|day| day.sluggish)
            .any(|day| {
                percent::change(today.vix, day.vix).is_some_and(|pct| pct > limits.catch_up_pct)
            });
        let holds = [
            index >= limits.index_pct && vix >= 0.0,
            index <= -limits.index_pct && sluggish() == Some(true),
            caught_up,
        ];
        Some(Found { index, vix, holds })
    }

    fn say(
        &self,
        row: &At<Closes<'_>>,
        key: &str,
        open: [bool; 3],
        found: &Found,
        alerts: &mut Alerts,
    ) {
        for (i, (kind, severity)) in KINDS.iter().enumerate() {
            let (over, state) = match (open[i], found.holds[i]) {
                (false, true) => (false, AlertState::Open),
                (true, false) => (true, AlertState::Clear),
                _ => continue,
            };
            let threshold = match *kind {
                "divergence_a" => self.0.index_pct,
                _ => -self.0.index_pct,
            };
            alerts
                .add(row.index, state, *severity, kind)
                .key(key)
                .code(if over { "divergence_over" } else { kind })
                .arg("days", self.0.days)
                .figure(found.index, threshold, "%")
                .evidence("close", row.close, Some(row.time))
                .evidence("vix", row.vix, Some(row.time))
                .field(found.vix);
        }
    }
}

impl Rule for Divergence {
    type Params = Limits;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let ja = "{{ days }}日で指数{{ '%+.2f' | format(value) }}%、VIX{{ '%+.2f' | format(vix_change) }}";
        let en = "Over {{ days }} days: index {{ '%+.2f' | format(value) }}%, \
            VIX {{ '%+.2f' | format(vix_change) }}";
        let caution = (
            format!("{ja}。サイズを抑え、逆指値を"),
            format!("{en}. Smaller size, a stop"),
        );
        let part = (
            format!("{ja}。調整の一部、遅れての急伸に注意"),
            format!("{en}. Part of a correction; volatility may still catch up"),
        );
        Manifest::new(
            "divergence",
            version,
            "An index and its volatility go together",
        )
        .reads::<Closes>("days")
        .adds(
            "vix_change",
            DataType::Float64,
            "Change of volatility, points",
        )
        .says(
            "divergence_a",
            "ja",
            "{{ key }} 株高でもVIX下がらず",
            &caution.0,
        )
        .says(
            "divergence_a",
            "en",
            "{{ key }} up, volatility not down",
            &caution.1,
        )
        .says(
            "divergence_b",
            "ja",
            "{{ key }} 株安でもVIXの上昇鈍い",
            &part.0,
        )
        .says(
            "divergence_b",
            "en",
            "{{ key }} down, volatility sluggish",
            &part.1,
        )
        .says("divergence_catch_up", "ja", "{{ key }} VIXが遅れて急伸", ja)
        .says(
            "divergence_catch_up",
            "en",
            "{{ key }} volatility catches up",
            en,
        )
        .says(
            "divergence_over",
            "ja",
            "{{ key }} ダイバージェンス解消",
            ja,
        )
        .says("divergence_over", "en", "{{ key }} divergence over", en)
    }

    fn new(limits: Limits) -> Self {
        Self(limits)
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        let known = |number: f64| number.is_finite() && number > 0.0;
        for row in input.rows::<Closes>() {
            if !(known(row.close) && known(row.vix)) {
                continue;
            }
            let limits = &self.0;
            let key = row.key.map_or(limits.name.as_str(), Text::as_str);
            let mut past = PAST.get(key, row.time).unwrap_or_default();
            let mut today = Day {
                close: row.close,
                vix: row.vix,
                sluggish: false,
            };
            if let Some(yesterday) = past.days.last()
                && let Some(index) = percent::change(today.close, yesterday.close)
            {
                past.changes.push((index, today.vix - yesterday.vix));
                let more = past.changes.len().saturating_sub(limits.beta_days as usize);
                past.changes.drain(..more);
            }
            if let Some(found) = self.look(&past, &today) {
                self.say(&row, key, past.open, &found, alerts);
                today.sluggish = found.holds[1];
                past.open = found.holds;
            }
            past.days.push(today);
            let most = limits.days.max(limits.catch_up_days) as usize;
            past.days.drain(..past.days.len().saturating_sub(most));
            PAST.set(key, &past);
        }
        Ok(())
    }
}

zaraba_sdk::export!(Divergence);

#[cfg(test)]
mod tests;
