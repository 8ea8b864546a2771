//! Open interest of a strike that jumps: `(oi / base − 1) · 100`, up or down. The base is what the
//! stream says: the previous published figure, or that of a while ago. Small bases and small changes
//! are noise. One alert a row; repeats are suppressed by the engine's `cooldown`.

use zaraba_sdk::alert::{Alerts, Severity};
use zaraba_sdk::input::{Date, Input};
use zaraba_sdk::manifest::{DataType, Manifest};
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

impl OiJump {
    fn severity(&self, pct: f64) -> Severity {
        match pct.abs() {
            pct if pct >= self.0.high_pct => Severity::High,
            pct if pct >= self.0.watch_pct => Severity::Watch,
            _ => Severity::Info,
        }
    }
}

impl Rule for OiJump {
    type Params = Thresholds;

    fn manifest() -> Manifest {
        Manifest::new(
            "oi-jump",
            env!("CARGO_PKG_VERSION"),
            "Open interest of a strike jumps",
        )
        .reads::<Delta>("deltas")
        .adds(
            "sq_date",
            DataType::Date,
            "The day of the special quotation",
        )
        .adds("strike", DataType::Float64, "The strike")
        .adds("put_call", DataType::Text, "`C` or `P`")
        .says(
            "oi_surge",
            "ja",
            TITLE_JA,
            "建玉 {{ baseline | int }} → {{ oi }}枚",
        )
        .says(
            "oi_surge",
            "en",
            TITLE_EN,
            "Open interest {{ baseline | int }} → {{ oi }}",
        )
        .says(
            "oi_drop",
            "ja",
            TITLE_JA,
            "建玉 {{ baseline | int }} → {{ oi }}枚",
        )
        .says(
            "oi_drop",
            "en",
            TITLE_EN,
            "Open interest {{ baseline | int }} → {{ oi }}",
        )
    }

    fn new(params: Thresholds) -> Self {
        Self(params)
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Delta>() {
            let change = row.oi.saturating_sub(row.oi_base);
            let pct = change as f64 / row.oi_base as f64 * 100.0;
            let noise = row.oi_base < self.0.base_min || change.abs() < self.0.change_min;
            if noise || pct.abs() < self.0.jump_pct {
                continue;
            }
            let (put_call, product) = (row.put_call.as_str(), row.product.map(Text::as_str));
            let side = if put_call == "P" { "PUT" } else { "CALL" };
            let product = product
                .map(|product| format!("{product} "))
                .unwrap_or_default();
            let code = if change > 0 { "oi_surge" } else { "oi_drop" };
            alerts
                .open(row.index, self.severity(pct), "oi_jump")
                .key(format!(
                    "{product}{} {} {put_call}",
                    row.sq_date, row.strike
                ))
                .code(code)
                .arg("side", side)
                .arg("oi", row.oi)
                .figure(pct, self.0.jump_pct, "%")
                .baseline(row.oi_base as f64, None)
                .evidence("oi", row.oi, Some(row.time))
                .link(format!("#/chain/{}/{}{put_call}", row.sq_date, row.strike))
                .field(row.sq_date)
                .field(row.strike)
                .field(put_call);
        }
        Ok(())
    }
}

/// `52000円CALL 建玉+25.20%`.
const TITLE_JA: &str = "{{ strike | int }}円{{ side }} 建玉{{ '%+.2f' | format(value) }}%";
/// `52000 CALL open interest +25.20%`.
const TITLE_EN: &str = "{{ strike | int }} {{ side }} open interest {{ '%+.2f' | format(value) }}%";

zaraba_sdk::export!(OiJump);

#[cfg(test)]
mod tests;
