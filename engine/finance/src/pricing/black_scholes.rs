//! Black-Scholes-Merton: European options on an index or a share that pays a dividend yield.
//!
//! Arguments as in [`crate::pricing::black76`], with the `spot` price, and the continuously
//! compounded dividend yield `dividend` as a fraction. With `dividend = rate` it is Black-76 on the
//! spot, but for rho: here the dividend yield stands still, there the future.
//!
//! Formulas: R. Merton, "Theory of rational option pricing", 1973; Haug, "The Complete Guide to
//! Option Pricing Formulas", 2nd edition, chapters 1 and 2.

use crate::pricing::black::{Black, finite};
use crate::pricing::put_call::PutCall;

fn black(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
) -> Option<Black> {
    if !(spot.is_finite() && spot > 0.0) {
        return None;
    }
    let forward = spot * ((rate - dividend) * years).exp();
    Black::new(put_call, forward, strike, years, (-rate * years).exp())
}

/// The price: `Se^{−qT}N(d1) − Ke^{−rT}N(d2)` of a call.
#[must_use]
pub fn price(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    sigma: f64,
) -> Option<f64> {
    black(put_call, spot, strike, years, rate, dividend)?.price(sigma)
}

/// The volatility that a price implies, as a fraction: `None` also unless the price lies strictly
/// between the intrinsic value of the forward and the forward (call) or the strike (put), all
/// discounted.
#[must_use]
pub fn iv(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    price: f64,
) -> Option<f64> {
    black(put_call, spot, strike, years, rate, dividend)?.iv(price)
}

/// The change of the price for one point of the spot: `e^{−qT}N(d1)`, `−e^{−qT}N(−d1)`.
#[must_use]
pub fn delta(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, spot, strike, years, rate, dividend)?;
    let terms = black.terms(sigma)?;
    finite(put_call.sign() * (-dividend * years).exp() * terms.cumulative1)
}

/// The change of delta for one point of the spot: `e^{−qT}φ(d1)/(Sσ√T)`.
#[must_use]
pub fn gamma(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, spot, strike, years, rate, dividend)?;
    let terms = black.terms(sigma)?;
    finite((-dividend * years).exp() * terms.density / (spot * sigma * terms.root))
}

/// The change of the price for one of volatility (100 points): `Se^{−qT}φ(d1)√T`.
#[must_use]
pub fn vega(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, spot, strike, years, rate, dividend)?;
    let terms = black.terms(sigma)?;
    finite((-dividend * years).exp() * spot * terms.density * terms.root)
}

/// The change of the price for a year that passes:
/// `−Se^{−qT}φ(d1)σ/(2√T) − rKe^{−rT}N(d2) + qSe^{−qT}N(d1)` of a call.
#[must_use]
pub fn theta(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, spot, strike, years, rate, dividend)?;
    let terms = black.terms(sigma)?;
    let spot_now = spot * (-dividend * years).exp();
    let decay = spot_now * terms.density * sigma / (2.0 * terms.root);
    let carry = dividend * spot_now * terms.cumulative1
        - rate * strike * black.discount * terms.cumulative2;
    finite(put_call.sign() * carry - decay)
}

/// The change of the price for one of rate: `KTe^{−rT}N(d2)`, `−KTe^{−rT}N(−d2)`.
#[must_use]
pub fn rho(
    put_call: PutCall,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, spot, strike, years, rate, dividend)?;
    let terms = black.terms(sigma)?;
    finite(put_call.sign() * strike * years * black.discount * terms.cumulative2)
}
