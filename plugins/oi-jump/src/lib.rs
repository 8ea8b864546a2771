//! `oi-jump`: open interest of a strike that jumps, `(oi − base) · 100 / base`, up or down.
//!
//! The base is what the stream says: the figure published before, where open interest comes once a
//! day, or that of a while ago, where it is live. Small bases and small changes are noise. An alert a
//! row; repeats are suppressed by the engine's `cooldown`.
//!
//! ```toml
//! [rule.oi_jump]
//! plugin = "oi-jump"
//! from = ["oi_delta"]           # sq_date, strike, put_call, oi_base, oi; product, base_time if there
//! params = { jump_pct = 20.0 }
//! cooldown = "5m"
//! ```
//!
//! It says `52000円CALL 建玉+25.20%`.

use contract::Contract;
use zaraba_sdk::alert::Alerts;
use zaraba_sdk::input::{Date, Input, Timestamp};
use zaraba_sdk::manifest::Manifest;
use zaraba_sdk::percent;
use zaraba_sdk::rule::Rule;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row};

/// What is wanted of the stream.
#[derive(Row)]
struct Delta<'a> {
    /// The product, where there are several.
    #[column(optional)]
    product: Option<Text<'a>>,
    /// The day of the special quotation.
    sq_date: Date,
    /// The strike.
    strike: f64,
    /// `C` or `P`.
    put_call: Text<'a>,
    /// Open interest before.
    oi_base: i64,
    /// Open interest now.
    oi: i64,
    /// When `oi_base` was so.
    #[column(optional)]
    base_time: Option<Timestamp>,
}

/// What counts as a jump.
#[derive(Debug, Params)]
pub struct Thresholds {
    /// From what change on an alert is raised, percent.
    #[param(default = 5.0, min = 0.0)]
    jump_pct: f64,
    /// From what change on it is to be watched.
    #[param(default = 10.0, min = 0.0)]
    watch_pct: f64,
    /// From what change on it is high.
    #[param(default = 20.0, min = 0.0)]
    high_pct: f64,
    /// The least base, contracts.
    #[param(default = 100, min = 1)]
    base_min: i64,
    /// The least change, contracts.
    #[param(default = 50, min = 0)]
    change_min: i64,
}

/// The rule.
#[derive(Debug)]
pub struct OiJump(Thresholds);

impl Rule for OiJump {
    type Params = Thresholds;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let manifest = Manifest::new("oi-jump", version, "Open interest of a strike jumps")
            .reads::<Delta>("deltas");
        let (ja, en) = ((TITLE_JA, BODY_JA), (TITLE_EN, BODY_EN));
        contract::says(
            Contract::outputs(manifest),
            &["oi_surge", "oi_drop"],
            ja,
            en,
        )
    }

    fn new(params: Thresholds) -> Self {
        Self(params)
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Delta>() {
            let change = row.oi.saturating_sub(row.oi_base);
            if row.oi_base < self.0.base_min || change.abs() < self.0.change_min {
                continue;
            }
            let (oi, base) = (row.oi as f64, row.oi_base as f64);
            let jumped = |pct: &f64| percent::reaches(pct.abs(), self.0.jump_pct);
            let Some(pct) = percent::change(oi, base).filter(jumped) else {
                continue;
            };
            let severity = percent::severity(pct, self.0.watch_pct, self.0.high_pct);
            let contract = Contract {
                product: row.product,
                sq_date: row.sq_date,
                strike: row.strike,
                put_call: row.put_call,
            };
            contract
                .fill(alerts.open(row.index, severity, "oi_jump"))
                .code(if change > 0 { "oi_surge" } else { "oi_drop" })
                .arg("oi", row.oi)
                .figure(pct, self.0.jump_pct, "%")
                .baseline(base, row.base_time)
                .evidence("oi", row.oi, Some(row.time));
        }
        Ok(())
    }
}

/// `52000円CALL 建玉+25.20%`.
const TITLE_JA: &str = "{{ strike | int }}円{{ side }} 建玉{{ '%+.2f' | format(value) }}%";
/// `52000 CALL open interest +25.20%`.
const TITLE_EN: &str = "{{ strike | int }} {{ side }} open interest {{ '%+.2f' | format(value) }}%";
/// In contracts.
const BODY_JA: &str = "建玉 {{ baseline | int }} → {{ oi }}枚";
/// In contracts.
const BODY_EN: &str = "Open interest {{ baseline | int }} → {{ oi }}";

zaraba_sdk::export!(OiJump);

#[cfg(test)]
mod tests;
