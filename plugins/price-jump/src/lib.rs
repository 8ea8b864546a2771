//! `price-jump`: the price of an option that jumps within a window, `(p − base) · 100 / base`, up or
//! down, and what explains it.
//!
//! The base is the newest price that is at least `window` old, and not more than `base_age` older than
//! that: what traded before a break is no base. Far from the money a tick is many percent, so small
//! bases, moves of few ticks and moves without a trade are noise. An alert a row; repeats are
//! suppressed by the engine's `cooldown`.
//!
//! Where the stream has `future`, `iv`, `delta` and `vega`, the alert says how much of the move they
//! explain: Δp ≈ Δ·ΔF + vega·Δσ, with the Greeks half way. A feed without them does as well.
//!
//! ```toml
//! [rule.price_jump]
//! plugin = "price-jump"
//! from = ["options"]            # sq_date, strike, put_call, price; what else there is, by its name
//! params = { window = "5m", jump_pct = 10.0 }
//! cooldown = "5m"
//! ```
//!
//! It says `58000円CALL +55.6%`, and `先物要因 41 % / IV要因 59 %`.

use contract::Contract;
use zaraba_sdk::alert::Alerts;
use zaraba_sdk::duration::Duration;
use zaraba_sdk::input::{Date, Input, Timestamp};
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::series::Series;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row, Stored, percent};

/// What is wanted of the stream.
#[derive(Row)]
struct Quote<'a> {
    /// The product, where there are several.
    #[column(optional)]
    product: Option<Text<'a>>,
    /// The day of the special quotation.
    sq_date: Date,
    /// The strike.
    strike: f64,
    /// `C` or `P`.
    put_call: Text<'a>,
    /// The price.
    price: f64,
    /// Contracts since the trading day began: without growth nothing was traded.
    #[column(optional)]
    volume: Option<i64>,
    /// The tick at this price, where it is not the parameter `tick`.
    #[column(optional)]
    tick_size: Option<f64>,
    /// The future of the same day.
    #[column(optional)]
    future: Option<f64>,
    /// Implied volatility, percent a year.
    #[column(optional)]
    iv: Option<f64>,
    /// The option's change for one of the future.
    #[column(optional)]
    delta: Option<f64>,
    /// The option's change for one point of `iv`.
    #[column(optional)]
    vega: Option<f64>,
}

/// What counts as a jump.
#[derive(Debug, Params)]
pub struct Thresholds {
    /// Over how long.
    #[param(default = "5m")]
    window: Duration,
    /// How much older than the window its base may be.
    #[param(default = "30m")]
    base_age: Duration,
    /// From what change on an alert is raised, percent.
    #[param(default = 10.0, min = 0.0)]
    jump_pct: f64,
    /// From what change on it is to be watched.
    #[param(default = 20.0, min = 0.0)]
    watch_pct: f64,
    /// From what change on it is high.
    #[param(default = 50.0, min = 0.0)]
    high_pct: f64,
    /// The least base.
    #[param(default = 3.0, min = 0.0)]
    base_min: f64,
    /// The least move, ticks.
    #[param(default = 3, min = 0)]
    ticks_min: i64,
    /// A tick, where the stream does not say.
    #[param(default = 1.0, min = 0.0)]
    tick: f64,
}

/// What is remembered of a quote.
#[derive(Debug, Stored)]
struct Seen {
    price: f64,
    volume: Option<i64>,
    future: Option<f64>,
    iv: Option<f64>,
    delta: Option<f64>,
    vega: Option<f64>,
}

impl Seen {
    /// Whether there was a trade since; unknown counts as one. A volume that fell began anew.
    fn traded_since(&self, before: &Self) -> bool {
        match (before.volume, self.volume) {
            (_, None) => true,
            (before, Some(now)) => now > 0 && Some(now) != before,
        }
    }

    /// How much of the move since the future and the implied volatility explain.
    fn explained_since(&self, before: &Self) -> Option<(f64, f64)> {
        let half_way = |a: Option<f64>, b: Option<f64>| Some((a? + b?) / 2.0).or(a).or(b);
        let future = half_way(before.delta, self.delta)? * (self.future? - before.future?);
        let iv = half_way(before.vega, self.vega)? * (self.iv? - before.iv?);
        (future.is_finite() && iv.is_finite()).then_some((future, iv))
    }
}

/// The rule.
#[derive(Debug)]
pub struct PriceJump {
    params: Thresholds,
    prices: Series<Seen>,
}

impl PriceJump {
    /// The change in percent, unless it is small or noise.
    fn jump(&self, now: &Seen, tick_size: Option<f64>, before: &Seen) -> Option<f64> {
        let params = &self.params;
        let least = params.ticks_min as f64 * tick_size.unwrap_or(params.tick);
        let moved = percent::reaches((now.price - before.price).abs(), least);
        let pct = percent::change(now.price, before.price)?;
        let jumps = moved && percent::reaches(pct.abs(), params.jump_pct);
        (jumps && before.price >= params.base_min && now.traded_since(before)).then_some(pct)
    }
}

impl Rule for PriceJump {
    type Params = Thresholds;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let manifest = Manifest::new("price-jump", version, "The price of an option jumps")
            .reads::<Quote>("quotes");
        let manifest = Contract::outputs(manifest)
            .adds(
                "future_part",
                DataType::Float64,
                "What the future explains of the move",
            )
            .adds(
                "iv_part",
                DataType::Float64,
                "What implied volatility explains of it",
            );
        let (ja, en) = ((TITLE_JA, BODY_JA), (TITLE_EN, BODY_EN));
        contract::says(manifest, &["price_surge", "price_drop"], ja, en)
    }

    fn new(params: Thresholds) -> Self {
        let prices = Series::within("prices", params.window.0).looking_back(params.base_age.0);
        Self { params, prices }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Quote>() {
            if !(row.price.is_finite() && row.price > 0.0) {
                continue;
            }
            let contract = Contract {
                product: row.product,
                sq_date: row.sq_date,
                strike: row.strike,
                put_call: row.put_call,
            };
            let now = Seen {
                price: row.price,
                volume: row.volume,
                future: row.future,
                iv: row.iv,
                delta: row.delta,
                vega: row.vega,
            };
            let key = contract.key();
            self.prices.push(&key, &now, row.time);
            let Some(before) = self.prices.before(&key, row.time) else {
                continue;
            };
            if let Some(pct) = self.jump(&now, row.tick_size, &before.1) {
                let severity = percent::severity(pct, self.params.watch_pct, self.params.high_pct);
                let draft = alerts.open(row.index, severity, "price_jump");
                let draft = contract.fill(draft).figure(pct, self.params.jump_pct, "%");
                say(draft, row.time, &now, before);
            }
        }
        Ok(())
    }
}

/// What the alert says of the move.
fn say(draft: zaraba_sdk::alert::Draft<'_>, at: Timestamp, now: &Seen, before: (Timestamp, Seen)) {
    let (base_time, before) = before;
    let rises = now.price > before.price;
    let draft = draft
        .code(if rises { "price_surge" } else { "price_drop" })
        .arg("price", now.price)
        .baseline(before.price, Some(base_time))
        .evidence("price", now.price, Some(at));
    let Some((future, iv)) = now.explained_since(&before) else {
        draft.field(None::<f64>).field(None::<f64>);
        return;
    };
    // Shares of what moved the price, whichever way: they make a hundred.
    let all = future.abs() + iv.abs();
    let share = (all > 0.0).then(|| (future.abs() * 100.0 / all).round() as i64);
    let draft = match share {
        Some(share) => draft
            .arg("future_share", share)
            .arg("iv_share", 100 - share),
        None => draft,
    };
    draft
        .evidence("future", now.future, Some(at))
        .evidence("iv", now.iv, Some(at))
        .field(future)
        .field(iv);
}

/// `58000円CALL +55.6%`.
const TITLE_JA: &str = "{{ strike | int }}円{{ side }} {{ '%+.1f' | format(value) }}%";
/// `58000 CALL +55.6%`.
const TITLE_EN: &str = "{{ strike | int }} {{ side }} {{ '%+.1f' | format(value) }}%";
/// `9 → 14円、先物要因 41 % / IV要因 59 %`.
const BODY_JA: &str = "{{ '%g' | format(baseline) }} → {{ '%g' | format(price) }}円\
    {% if future_share is defined %}、先物要因 {{ future_share }} % / IV要因 {{ iv_share }} %{% endif %}";
/// `9 → 14, future 41 % / implied volatility 59 %`.
const BODY_EN: &str = "{{ '%g' | format(baseline) }} → {{ '%g' | format(price) }}\
    {% if future_share is defined %}, future {{ future_share }} % / implied volatility \
    {{ iv_share }} %{% endif %}";

zaraba_sdk::export!(PriceJump);

#[cfg(test)]
mod tests;
