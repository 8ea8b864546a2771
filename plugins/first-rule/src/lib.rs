//! A price that has moved by some percent since it was last told of. docs/tutorial-rule.md explains it.

use zaraba_sdk::alert::{Alerts, Severity};
use zaraba_sdk::input::Input;
use zaraba_sdk::manifest::Manifest;
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row, percent};

/// The columns that are wanted of the stream.
#[derive(Row)]
struct Quote<'a> {
    symbol: Text<'a>,
    price: f64,
}

/// What can be set in the pipeline.
#[derive(Params)]
pub struct Limits {
    /// From what move on it is told, percent.
    #[param(default = 2.0, min = 0.0)]
    move_pct: f64,
}

/// The rule.
pub struct Moved(Limits);

/// The price that was told last, by symbol. What a rule remembers is state: nothing else lasts.
const TOLD: Keyed<f64> = Keyed::new("told");

impl Rule for Moved {
    type Params = Limits;

    fn manifest() -> Manifest {
        Manifest::new("first-rule", env!("CARGO_PKG_VERSION"), "A price moves")
            .reads::<Quote>("quotes")
            .says(
                "moved",
                "en",
                "{{ key }} {{ '%+.1f' | format(value) }}%",
                "",
            )
            .says(
                "moved",
                "ja",
                "{{ key }} {{ '%+.1f' | format(value) }}%変動",
                "",
            )
    }

    fn new(limits: Limits) -> Self {
        Self(limits)
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Quote>() {
            let symbol = row.symbol.as_str();
            let told = TOLD.get(symbol, row.time);
            let pct = told.and_then(|told| percent::change(row.price, told));
            if let Some(pct) = pct.filter(|pct| pct.abs() >= self.0.move_pct) {
                let alert = alerts.open(row.index, Severity::Watch, "moved");
                alert
                    .key(symbol)
                    .code("moved")
                    .figure(pct, self.0.move_pct, "%");
            } else if told.is_some() {
                continue;
            }
            TOLD.set(symbol, &row.price);
        }
        Ok(())
    }
}

zaraba_sdk::export!(Moved);

#[cfg(test)]
mod tests;
