//! A price that jumps from one row of a symbol to its next, and a symbol that falls silent.

use zaraba_sdk::alert::{Alerts, Severity};
use zaraba_sdk::input::{Input, Timestamp};
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row};

const SECOND: i64 = 1_000_000;

/// What is wanted of the stream.
#[derive(Row)]
struct Price<'a> {
    /// What is traded
    symbol: Text<'a>,
    /// Its price
    price: f64,
    /// How much of it, if known
    volume: Option<i64>,
    /// Where
    #[column(optional)]
    venue: Option<Text<'a>>,
}

/// What counts.
#[derive(Debug, Params)]
pub struct Thresholds {
    /// From what change on, percent
    #[param(default = 5.0, min = 0.0)]
    jump_pct: f64,
    /// The least volume, where it is known
    #[param(default = 0, min = 0)]
    volume_min: i64,
    /// Seconds without a row
    #[param(default = 300, min = 1)]
    silent_s: i64,
}

/// The rule.
#[derive(Debug)]
pub struct Step(Thresholds);

/// The last price of a symbol, and when that was.
const SEEN: Keyed<(f64, Timestamp)> = Keyed::new("seen");

impl Rule for Step {
    type Params = Thresholds;

    fn manifest() -> Manifest {
        let about = "A price jumps, or a symbol falls silent";
        Manifest::new("step", env!("CARGO_PKG_VERSION"), about)
            .reads::<Price>("prices")
            .adds("volume", DataType::Int64, "Volume of the row")
            .adds("venue", DataType::Text, "Where")
            .every(60 * SECOND)
            .says("step_up", "en", MOVED, "")
            .says("step_down", "en", MOVED, "")
            .says("silent", "en", "{{ symbol }} is silent", "")
    }

    fn new(params: Thresholds) -> Self {
        Self(params)
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Price>() {
            // What is no price is compared with nothing.
            if !(row.price > 0.0 && row.price < f64::INFINITY) {
                continue;
            }
            let symbol = row.symbol.as_str();
            let before = SEEN.get(symbol, row.time);
            // A row remembers its price for an hour.
            let seen = (row.price, row.time);
            SEEN.set_until(symbol, &seen, row.time.plus(3600 * SECOND));
            let Some((price, time)) = before else {
                continue;
            };
            let pct = (row.price / price - 1.0) * 100.0;
            let thin = row.volume.is_some_and(|volume| volume < self.0.volume_min);
            if thin || pct.abs() < self.0.jump_pct {
                continue;
            }
            let high = pct.abs() >= 2.0 * self.0.jump_pct;
            alerts
                .open(
                    row.index,
                    if high {
                        Severity::High
                    } else {
                        Severity::Watch
                    },
                    "step",
                )
                .key(symbol)
                .code(if pct > 0.0 { "step_up" } else { "step_down" })
                .arg("symbol", symbol)
                .figure(pct, self.0.jump_pct, "%")
                .baseline(price, Some(time))
                .evidence("price", row.price, Some(row.time))
                .field(row.volume)
                .field(row.venue);
        }
        Ok(())
    }

    fn tick(&mut self, at: Timestamp, alerts: &mut Alerts) -> Result<(), String> {
        for (symbol, (_, time)) in SEEN.scan("", at) {
            if at.0 - time.0 < self.0.silent_s * SECOND {
                continue;
            }
            SEEN.delete(&symbol);
            alerts
                .open(0, Severity::Info, "silent")
                .key(symbol.as_str())
                .code("silent")
                .arg("symbol", symbol)
                .field(None::<i64>)
                .field(None::<Text>);
        }
        Ok(())
    }
}

/// `7203 +5.2%`
const MOVED: &str = "{{ symbol }} {{ '%+.1f' | format(value) }}%";

zaraba_sdk::export!(Step);

#[cfg(test)]
mod tests;
