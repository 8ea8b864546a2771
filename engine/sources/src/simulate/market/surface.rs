//! What options cost: a surface of implied volatility that goes with the forward, and prices by
//! Black's formula of 1976 on the forward of the same settlement, in the ticks of their date.

use chrono::{Datelike, NaiveDate};
use zaraba_finance::contract::Product;
use zaraba_finance::contract::tick::tick_size;
use zaraba_finance::pricing::black76;
use zaraba_finance::pricing::put_call::PutCall;
use zaraba_finance::pricing::years::years_between;

/// The yearly rate that premiums are discounted by, and the yearly yield of dividends less it: by
/// so much forwards fall with time.
const RATE: f64 = 0.009;
const CARRY: f64 = 0.009;

/// The surface, fitted to the settlement prices of 2026-07-31: at the money a level that rises
/// towards the expiry; over the log-moneyness per root of time a skewed hyperbola, in points of
/// volatility.
const NEAR: f64 = 0.32;
const NEAR_FADES: f64 = 0.11;
const WINGS: f64 = 13.5;
const SKEW: f64 = -0.75;
const ROUND: f64 = 0.25;
/// The level at which the wings were fitted.
const WINGS_AT: f64 = 30.5;

/// Years from a second to 9:00 in Tokyo on the settlement date.
pub(super) fn years(second: i64, sq_date: NaiveDate) -> f64 {
    let days = sq_date.num_days_from_ce() - NaiveDate::default().num_days_from_ce();
    years_between(second * 1_000_000, days)
}

/// The forward of an expiry.
pub(super) fn forward(index: f64, years: f64) -> f64 {
    index * (-CARRY * years).exp()
}

/// Implied volatility at the money, as a share, for a level in percent.
pub(super) fn at_the_money(level: f64, years: f64) -> f64 {
    level / 100.0 * (1.0 + NEAR * (-years / NEAR_FADES).exp())
}

/// Implied volatility of a strike, as a share.
pub(super) fn volatility(level: f64, years: f64, forward: f64, strike: f64) -> f64 {
    let z = (strike / forward).ln() / years.max(1.0 / 365.0).sqrt();
    let smile = WINGS * (SKEW * z + z.hypot(ROUND) - ROUND) / 100.0;
    (at_the_money(level, years) + smile * level / WINGS_AT).clamp(0.03, 3.0)
}

/// Calls and puts as the formula has them.
const fn side(call: bool) -> PutCall {
    if call { PutCall::Call } else { PutCall::Put }
}

/// An option's price by Black's formula.
pub(super) fn price(call: bool, forward: f64, strike: f64, years: f64, volatility: f64) -> f64 {
    black76::price(side(call), forward, strike, years, RATE, volatility).unwrap_or(0.0)
}

/// The volatility at which an option costs this, if there is one.
pub(super) fn implied(call: bool, forward: f64, strike: f64, years: f64, paid: f64) -> Option<f64> {
    black76::iv(side(call), forward, strike, years, RATE, paid)
}

/// Ticks of option premiums on a trading day.
#[derive(Clone, Copy)]
pub(super) struct Ticks(pub(super) NaiveDate);

impl Ticks {
    /// The step at a price.
    pub(super) fn step(self, price: f64) -> f64 {
        tick_size(Product::Option, price, self.0).unwrap_or(1.0)
    }

    /// The highest price of a tick that is not above this.
    pub(super) fn below(self, price: f64) -> f64 {
        let step = self.step(price.max(0.0));
        ((price / step).floor() * step).max(0.0)
    }

    /// The lowest price of a tick that is not below this.
    pub(super) fn above(self, price: f64) -> f64 {
        let step = self.step(price);
        (price / step).ceil() * step
    }

    /// The nearest price of a tick, at least one.
    pub(super) fn nearest(self, price: f64) -> f64 {
        let step = self.step(price);
        ((price / step).round() * step).max(1.0)
    }
}
