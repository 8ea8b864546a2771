//! What a pipeline file says of a simulated market.

use chrono::NaiveDate;
use zaraba_core::diagnostic::Span;

use super::Located;

/// Options of `connector = "simulate"` with `kind = "nikkei225-options"`.
#[derive(Clone, Debug)]
pub struct MarketDoc {
    /// `stream`: which stream of the market it emits.
    pub stream: MarketStream,
    /// `seed`; 1 if left out.
    pub seed: u64,
    /// `start`: the first trading day.
    pub start: Located<NaiveDate>,
    /// `days`: how many trading days; 1 if left out.
    pub days: u32,
    /// `level`: the index at the first day's open.
    pub level: f64,
    /// `products`: the futures; large and mini if left out.
    pub products: Vec<FuturesProduct>,
    /// `expiries`: months of options; 3 if left out.
    pub expiries: usize,
    /// `strikes` listed in each month; 250 if left out.
    pub strikes: usize,
    /// `ticks_per_day` of options and futures; none: by stream.
    pub ticks_per_day: Option<u64>,
    /// `crash`
    pub crash: Option<CrashDoc>,
    /// `stalls`: whether the feed falls silent now and then.
    pub stalls: bool,
    /// `intraday_oi`: whether open interest moves within the day.
    pub intraday_oi: bool,
    /// `disorder`, microseconds: how much later than it should a row may come.
    pub disorder: i64,
}

/// `crash = { at, size }`
#[derive(Clone, Copy, Debug)]
pub struct CrashDoc {
    /// `at`, microseconds UTC.
    pub at: i64,
    /// Its place.
    pub span: Span,
    /// `size`, as a share of the price: -0.08 is a fall by 8 %.
    pub size: f64,
}

/// `stream` of a simulated market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketStream {
    /// `"options"`: quotes and trades of all options.
    Options,
    /// `"futures"`: quotes and trades of the futures.
    Futures,
    /// `"indices"`: indices and the exchange rate.
    Indices,
    /// `"open_interest"`: each contract's open interest, once a day.
    OpenInterest,
    /// `"qri"`: the whole chain every quarter of an hour, in the layout of the exchange's page.
    Qri,
}

/// `products` of a simulated market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FuturesProduct {
    /// `"large"`
    Large,
    /// `"mini"`
    Mini,
    /// `"micro"`
    Micro,
}
