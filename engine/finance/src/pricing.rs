//! What options are worth: Black-76 on a future, Black-Scholes-Merton on an index or a share, the
//! volatility that a price implies, the Greeks, and the forward that an expiry is priced on.
//!
//! Units, here and in SQL: years, rates and volatilities as fractions of one (`0.25` is 25 %).
//! Whatever has no answer (a price below the intrinsic value, an expiry that is past) is `None`,
//! never NaN.

/// Calls and puts.
pub mod put_call;

/// Black's formula on a forward, undiscounted: what the two models share.
mod black;

/// Options on a future.
pub mod black76;

/// Options on an index or a share that pays a dividend yield.
pub mod black_scholes;

/// Time to the special quotation.
pub mod years;

/// The forward per expiry.
pub mod forward;

/// The curve of futures between quarters.
pub mod curve;
