//! Black-76: European options on a future, as the options on the Nikkei 225 are, settled in cash
//! at the special quotation.
//!
//! Arguments: the future's price `forward` and the `strike` in points, `years` to the expiry, the
//! continuously compounded `rate` and the volatility `sigma` as fractions. Greeks are the plain
//! derivatives: per point, per one of volatility or rate, per year. `None` unless forward, strike,
//! years and sigma are positive and everything is finite.
//!
//! Formulas: F. Black, "The pricing of commodity contracts", 1976; Haug, "The Complete Guide to
//! Option Pricing Formulas", 2nd edition, chapter 2, with a cost of carry of 0.

use crate::pricing::black::{Black, finite};
use crate::pricing::put_call::PutCall;

fn black(put_call: PutCall, forward: f64, strike: f64, years: f64, rate: f64) -> Option<Black> {
    Black::new(put_call, forward, strike, years, (-rate * years).exp())
}

/// The price: `e^{−rT}[F·N(d1) − K·N(d2)]` of a call.
#[must_use]
pub fn price(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    sigma: f64,
) -> Option<f64> {
    black(put_call, forward, strike, years, rate)?.price(sigma)
}

/// The volatility that a price implies, as a fraction: `None` also unless the price lies strictly
/// between the discounted intrinsic value and the discounted forward (call) or strike (put).
#[must_use]
pub fn iv(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    price: f64,
) -> Option<f64> {
    black(put_call, forward, strike, years, rate)?.iv(price)
}

/// The change of the price for one point of the future: `e^{−rT}N(d1)`, `−e^{−rT}N(−d1)`.
#[must_use]
pub fn delta(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, forward, strike, years, rate)?;
    let terms = black.terms(sigma)?;
    finite(put_call.sign() * black.discount * terms.cumulative1)
}

/// The change of delta for one point of the future: `e^{−rT}φ(d1)/(Fσ√T)`.
#[must_use]
pub fn gamma(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, forward, strike, years, rate)?;
    let terms = black.terms(sigma)?;
    finite(black.discount * terms.density / (forward * sigma * terms.root))
}

/// The change of the price for one of volatility (100 points): `e^{−rT}Fφ(d1)√T`.
#[must_use]
pub fn vega(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, forward, strike, years, rate)?;
    let terms = black.terms(sigma)?;
    finite(black.discount * forward * terms.density * terms.root)
}

/// The change of the price for a year that passes, the future standing still:
/// `−e^{−rT}Fφ(d1)σ/(2√T) + r·price`.
#[must_use]
pub fn theta(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    sigma: f64,
) -> Option<f64> {
    let black = black(put_call, forward, strike, years, rate)?;
    let terms = black.terms(sigma)?;
    let decay = black.discount * forward * terms.density * sigma / (2.0 * terms.root);
    finite(rate * black.price(sigma)? - decay)
}

/// The change of the price for one of rate, the future standing still: `−T·price`.
#[must_use]
pub fn rho(
    put_call: PutCall,
    forward: f64,
    strike: f64,
    years: f64,
    rate: f64,
    sigma: f64,
) -> Option<f64> {
    let price = price(put_call, forward, strike, years, rate, sigma)?;
    finite(-years * price)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Five minutes to ten years, 2 to 300 % of volatility, strikes up to six deviations away:
        /// the price of the volatility of a price is that price. A price that is all intrinsic
        /// value to the last digit has none.
        #[test]
        fn the_price_of_its_volatility(
            call in any::<bool>(),
            forward in 1.0..100_000.0_f64,
            years in 1e-5..10.0_f64,
            rate in -0.02..0.15_f64,
            sigma in 0.02..3.0_f64,
            away in -6.0..6.0_f64,
        ) {
            let put_call = if call { PutCall::Call } else { PutCall::Put };
            let strike = forward * (away * sigma * years.sqrt()).exp();
            prop_assume!(strike.is_finite() && strike > 1e-6);
            let paid = price(put_call, forward, strike, years, rate, sigma).unwrap();
            let Some(found) = iv(put_call, forward, strike, years, rate, paid) else {
                let undiscounted = paid * (rate * years).exp();
                let inner = put_call.sign() * (forward - strike);
                let bound = if call { forward } else { strike };
                let rounding = 1e-14 * bound.max(forward);
                let none = undiscounted - inner < rounding || bound - undiscounted < rounding;
                prop_assert!(none, "{undiscounted} of {inner} to {bound}");
                return Ok(());
            };
            let again = price(put_call, forward, strike, years, rate, found).unwrap();
            prop_assert!(
                (again - paid).abs() <= 1e-12 * paid,
                "{paid}, sigma {sigma}, found {found}, again {again}"
            );
        }
    }
}
