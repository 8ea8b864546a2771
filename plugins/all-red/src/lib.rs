//! `all-red`: the four deviations of options (VIX, exchange rate, foreign shares, open interest), which
//! are oriented so that minus is bearish. Four of four at or below −1 is a reason to think of more
//! hedge, and so is a number of reds that has risen by two or more, to three or more, within half an
//! hour; three of four is to be watched.
//!
//! A deviation that is not known is not red. One that is red stays so until it has risen `back` above
//! the threshold.
//!
//! ```toml
//! [rule.all_red]
//! plugin = "all-red"
//! from = ["deviations"]         # vix, fx, overseas, oi
//! ```

use zaraba_sdk::alert::{AlertState, Alerts, Severity};
use zaraba_sdk::duration::Duration;
use zaraba_sdk::input::{Input, Timestamp};
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rolling::Rolling;
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::{Params, Row, Stored};

/// What is wanted of the stream: deviations in standard deviations, plus is bullish.
#[derive(Row)]
struct Deviations {
    /// Of the volatility index.
    vix: Option<f64>,
    /// Of the exchange rate.
    fx: Option<f64>,
    /// Of foreign shares.
    overseas: Option<f64>,
    /// Of open interest.
    oi: Option<f64>,
}

/// What is red, and how many are many.
#[derive(Debug, Params)]
pub struct Reds {
    /// At or below which a deviation is red.
    #[param(default = -1.0, max = 0.0)]
    red: f64,
    /// How far above that it must rise to be red no more.
    #[param(default = 0.1, min = 0.0)]
    back: f64,
    /// Within how long a rise is sudden.
    #[param(default = "30m")]
    window: Duration,
    /// How many more reds are a sudden rise.
    #[param(default = 2, min = 1, max = 4)]
    rise: i64,
    /// How many reds there must be then.
    #[param(default = 3, min = 1, max = 4)]
    rise_to: i64,
}

/// What was so before: which are red, and what was said.
#[derive(Debug, Default, Stored)]
struct Held {
    reds: [bool; 4],
    said: u8,
}

const HELD: Keyed<Held> = Keyed::new("held");
const NAMES: [&str; 4] = ["vix", "fx", "overseas", "oi"];
/// Longer than a weekend with holidays: a number of reds holds until the next row.
const MONTH: i64 = 30 * 86_400_000_000;

/// What can be said, the least first; nothing is the first.
const SAYS: [(&str, Severity, f64); 4] = [
    ("red_over", Severity::Info, 3.0),
    ("three_red", Severity::Watch, 3.0),
    ("reds_rising", Severity::High, 3.0),
    ("all_red", Severity::High, 4.0),
];

/// The rule.
#[derive(Debug)]
pub struct AllRed {
    params: Reds,
    counts: Rolling,
}

fn count(reds: &[bool; 4]) -> usize {
    reds.iter().filter(|red| **red).count()
}

impl AllRed {
    /// What is to be said of so many reds, as a place in [`SAYS`].
    fn says(&self, count: usize, before: Option<usize>, at: Timestamp) -> u8 {
        // What held until this row held within the window.
        let least = || {
            let began = self.counts.before("", at).map(|(_, count)| count);
            let since = self.counts.window("", at).min();
            let before = before.map(|count| count as f64);
            let least = began.into_iter().chain(since).chain(before);
            least.fold(count as f64, f64::min) as i64
        };
        match count {
            4 => 3,
            _ if count as i64 >= self.params.rise_to
                && count as i64 - least() >= self.params.rise =>
            {
                2
            }
            3 => 1,
            _ => 0,
        }
    }
}

impl Rule for AllRed {
    type Params = Reds;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let body = "{{ red }}";
        Manifest::new(
            "all-red",
            version,
            "The deviations of options turn red together",
        )
        .reads::<Deviations>("deviations")
        .adds("red", DataType::Text, "Which are red")
        .says("all_red", "ja", "4指標すべて赤 – ヘッジ強化検討", body)
        .says("all_red", "en", "All four red: consider more hedge", body)
        .says(
            "reds_rising",
            "ja",
            "{{ count }}指標が一気に赤 – ヘッジ強化検討",
            body,
        )
        .says(
            "reds_rising",
            "en",
            "{{ count }} suddenly red: consider more hedge",
            body,
        )
        .says("three_red", "ja", "4指標中3指標が赤", body)
        .says("three_red", "en", "Three of four red", body)
        .says("red_over", "ja", "赤は{{ count }}指標", body)
        .says("red_over", "en", "{{ count }} of four red", body)
    }

    fn new(params: Reds) -> Self {
        let counts = Rolling::within("counts", params.window.0).looking_back(MONTH);
        Self { params, counts }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Deviations>() {
            let before = HELD.get("", row.time);
            let count_before = before.as_ref().map(|held| count(&held.reds));
            let held = before.unwrap_or_default();
            let values = [row.vix, row.fx, row.overseas, row.oi];
            let red = |i: usize| {
                let back = if held.reds[i] { self.params.back } else { 0.0 };
                values[i].is_some_and(|value| value <= self.params.red + back)
            };
            let reds = std::array::from_fn(red);
            let count = count(&reds);
            let said = self.says(count, count_before, row.time);
            // A number of reds holds until it changes: rows that change nothing are not kept.
            if count_before != Some(count) {
                self.counts.push("", count as f64, row.time);
            }
            let named = NAMES.iter().zip(&reds).filter(|(_, red)| **red);
            let named: Vec<&str> = named.map(|(name, _)| *name).collect();
            let (code, severity, threshold) = SAYS[usize::from(said)];
            let state = match (held.said, said) {
                (before, now) if before == now => None,
                (0, _) => Some(AlertState::Open),
                (_, 0) => Some(AlertState::Clear),
                _ => Some(AlertState::Update),
            };
            if let Some(state) = state {
                let draft = alerts
                    .add(row.index, state, severity, "all_red")
                    .key("deviations")
                    .code(code)
                    .arg("count", count as i64)
                    .figure(count as f64, threshold, "")
                    .field(named.join(" "));
                let known = NAMES.iter().zip(values);
                known.fold(draft, |draft, (name, value)| {
                    draft.evidence(name, value, Some(row.time))
                });
            }
            HELD.set("", &Held { reds, said });
        }
        Ok(())
    }
}

zaraba_sdk::export!(AllRed);

#[cfg(test)]
mod tests;
