//! What options cost: a surface of implied volatility that goes with the forward, and prices by
//! Black's formula of 1976 on the forward of the same settlement, in the ticks of their date.

use chrono::NaiveDate;

use super::hours;

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

/// Minutes of a year.
const YEAR: f64 = 525_600.0;

/// Years from a second to 9:00 in Tokyo on the settlement date.
pub(super) fn years(second: i64, sq_date: NaiveDate) -> f64 {
    let minutes = (hours::tokyo_seconds(sq_date, 9, 0) - second) as f64 / 60.0;
    minutes.max(1.0) / YEAR
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

/// An option's price by Black's formula.
pub(super) fn price(call: bool, forward: f64, strike: f64, years: f64, volatility: f64) -> f64 {
    let deviation = volatility * years.sqrt();
    let d1 = (forward / strike).ln() / deviation + deviation / 2.0;
    let d2 = d1 - deviation;
    let side = if call { 1.0 } else { -1.0 };
    let paid = forward * normal(side * d1) - strike * normal(side * d2);
    (-RATE * years).exp() * side * paid
}

/// The volatility at which an option costs this; none where there is none, or beyond 400 %.
pub(super) fn implied(
    call: bool,
    paid: f64,
    forward: f64,
    strike: f64,
    years: f64,
) -> Option<f64> {
    let at = |volatility| price(call, forward, strike, years, volatility);
    let (mut low, mut high) = (0.01, 4.0);
    if !(paid > at(low) && paid < at(high)) {
        return None;
    }
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if at(middle) < paid {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((low + high) / 2.0)
}

fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let sum = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = sum * (-x * x / 2.0).exp() * 0.398_942_280_401;
    if x >= 0.0 { 1.0 - tail } else { tail }
}

/// Ticks of option premiums: one yen up to a price that depends on the date, five above.
#[derive(Clone, Copy)]
pub(super) struct Ticks {
    /// The highest price in steps of one yen.
    fine: f64,
}

impl Ticks {
    pub(super) fn new(date: NaiveDate) -> Self {
        let wider = NaiveDate::from_ymd_opt(2025, 11, 17).is_some_and(|from| date >= from);
        Self {
            fine: if wider { 300.0 } else { 100.0 },
        }
    }

    /// The step at a price.
    pub(super) fn step(self, price: f64) -> f64 {
        if price > self.fine { 5.0 } else { 1.0 }
    }

    /// The highest price of a tick that is not above this.
    pub(super) fn below(self, price: f64) -> f64 {
        let step = self.step(price);
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
