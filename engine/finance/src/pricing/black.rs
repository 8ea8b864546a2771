//! Black's formula on a forward, undiscounted. Prices and the inversion are the `implied-vol`
//! crate's (Jäckel, "Let's Be Rational", 2015), which holds full precision far out of the money;
//! so is the normal distribution under the Greeks.

use std::f64::consts::PI;

use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility, PriceBlackScholes, SpecialFn};

use crate::pricing::put_call::PutCall;

/// An option on a forward, its terms checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Black {
    pub(crate) put_call: PutCall,
    pub(crate) forward: f64,
    pub(crate) strike: f64,
    pub(crate) years: f64,
    /// What one unit at the expiry is worth now.
    pub(crate) discount: f64,
}

/// What the Greeks are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// `N(d1)` of a call, `N(−d1)` of a put.
    pub(crate) cumulative1: f64,
    /// `N(d2)` of a call, `N(−d2)` of a put.
    pub(crate) cumulative2: f64,
    /// `φ(d1)`
    pub(crate) density: f64,
    /// `√T`
    pub(crate) root: f64,
}

/// A number that an answer can be.
pub(crate) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn positive(number: f64) -> bool {
    number.is_finite() && number > 0.0
}

impl Black {
    /// `None` unless forward, strike, years and discount are positive and finite.
    pub(crate) fn new(
        put_call: PutCall,
        forward: f64,
        strike: f64,
        years: f64,
        discount: f64,
    ) -> Option<Self> {
        let usable = [forward, strike, years, discount].into_iter().all(positive);
        usable.then_some(Self {
            put_call,
            forward,
            strike,
            years,
            discount,
        })
    }

    /// The discounted price.
    pub(crate) fn price(&self, sigma: f64) -> Option<f64> {
        if !positive(sigma) {
            return None;
        }
        let undiscounted = PriceBlackScholes::builder()
            .forward(self.forward)
            .strike(self.strike)
            .volatility(sigma)
            .expiry(self.years)
            .is_call(self.put_call == PutCall::Call)
            .build()?
            .calculate::<DefaultSpecialFn>();
        finite(undiscounted * self.discount)
    }

    /// The volatility at which the discounted price is this one: `None` unless it lies strictly
    /// between the intrinsic value and the forward (call) or the strike (put), all discounted.
    pub(crate) fn iv(&self, price: f64) -> Option<f64> {
        let undiscounted = price / self.discount;
        let intrinsic = (self.put_call.sign() * (self.forward - self.strike)).max(0.0);
        let bound = match self.put_call {
            PutCall::Call => self.forward,
            PutCall::Put => self.strike,
        };
        // NaN is in no interval.
        if !(undiscounted > intrinsic && undiscounted < bound) {
            return None;
        }
        let sigma = ImpliedBlackVolatility::builder()
            .option_price(undiscounted)
            .forward(self.forward)
            .strike(self.strike)
            .expiry(self.years)
            .is_call(self.put_call == PutCall::Call)
            .build()?
            .calculate::<DefaultSpecialFn>()?;
        positive(sigma).then_some(sigma)
    }

    /// What the Greeks at this volatility are made of.
    pub(crate) fn terms(&self, sigma: f64) -> Option<Terms> {
        if !positive(sigma) {
            return None;
        }
        let root = self.years.sqrt();
        let spread = sigma * root;
        let d1 = (self.forward / self.strike).ln() / spread + 0.5 * spread;
        let d2 = d1 - spread;
        let sign = self.put_call.sign();
        Some(Terms {
            cumulative1: DefaultSpecialFn::norm_cdf(sign * d1),
            cumulative2: DefaultSpecialFn::norm_cdf(sign * d2),
            density: (-0.5 * d1 * d1).exp() / (2.0 * PI).sqrt(),
            root,
        })
    }
}
