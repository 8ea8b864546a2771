//! The forward that an expiry is priced on, in this order: a liquid future with the same SQ (a
//! mini counts), else put-call parity near the money, else the curve of futures. Each answer says
//! how it was found, and is marked where call and put of one strike disagree about volatility.

use crate::pricing::black76;
use crate::pricing::curve::{Dividend, Node, forward_at};
use crate::pricing::put_call::PutCall;

/// How many strikes nearest the forward are asked, of those with both prices.
pub const NEAR_STRIKES: usize = 7;

/// By how many points of volatility call and put of one strike may differ.
pub const GAP_POINTS_MAX: f64 = 0.3;

/// The prices of one strike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// The strike.
    pub strike: f64,
    /// The call's price, where there is one.
    pub call: Option<f64>,
    /// The put's price, where there is one.
    pub put: Option<f64>,
}

/// A future whose SQ is that of the expiry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Future {
    /// Its price, where there is one.
    pub price: Option<f64>,
    /// Yen per point: 1,000, 100 or 10.
    pub multiplier: f64,
    /// Contracts traded.
    pub volume: f64,
}

/// How a forward was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A future with the same SQ.
    Future,
    /// Put-call parity near the money.
    Parity,
    /// The curve of futures.
    Curve,
}

impl Source {
    /// The word for it in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::Parity => "parity",
            Self::Curve => "curve",
        }
    }
}

/// A forward and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// The price.
    pub price: f64,
    /// How it was found.
    pub source: Source,
    /// Whether call and put of a strike near the money disagree by more than [`GAP_POINTS_MAX`],
    /// or have a price that no volatility gives.
    pub suspect: bool,
    /// The greatest difference between the volatilities of call and put near the money, in points;
    /// none where no strike has both.
    pub iv_gap: Option<f64>,
    /// The strike with that difference.
    pub gap_strike: Option<f64>,
    /// How many strikes were compared.
    pub strikes: usize,
}

/// What is known of an expiry.
#[derive(Clone, Copy, Debug)]
pub struct Expiry<'a> {
    /// Years to its SQ.
    pub years: f64,
    /// The rate to it, a fraction.
    pub rate: f64,
    /// Prices by strike, each strike once.
    pub quotes: &'a [Quote],
    /// Futures with the same SQ.
    pub futures: &'a [Future],
    /// What a future must have traded to count as liquid, in large contracts.
    pub volume_min: f64,
    /// All futures, for the curve.
    pub curve: &'a [Node],
    /// The index's dividends, for the curve.
    pub dividends: &'a [Dividend],
}

/// A strike with both prices.
#[derive(Clone, Copy)]
struct Pair {
    strike: f64,
    call: f64,
    put: f64,
}

impl Pair {
    /// The forward at which call and put are worth what they cost.
    fn parity(&self, years: f64, rate: f64) -> f64 {
        self.strike + (self.call - self.put) * (rate * years).exp()
    }
}

fn pairs(quotes: &[Quote]) -> Vec<Pair> {
    let priced = |price: Option<f64>| price.filter(|p| p.is_finite() && *p > 0.0);
    let both = |q: &Quote| {
        let usable = q.strike.is_finite() && q.strike > 0.0;
        Some(Pair {
            strike: usable.then_some(q.strike)?,
            call: priced(q.call)?,
            put: priced(q.put)?,
        })
    };
    quotes.iter().filter_map(both).collect()
}

/// The strikes of the least distance, the lower one first where two are as far.
fn nearest(pairs: &[Pair], distance: impl Fn(&Pair) -> f64) -> Vec<Pair> {
    let mut near = pairs.to_vec();
    let order = |a: &Pair, b: &Pair| {
        let by_distance = distance(a).total_cmp(&distance(b));
        by_distance.then(a.strike.total_cmp(&b.strike))
    };
    near.sort_by(order);
    near.truncate(NEAR_STRIKES);
    near
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    Some(0.5 * (numbers.get(middle.checked_sub(1)?)? + upper))
}

/// The median of the forwards by put-call parity, over the strikes nearest to the money: first
/// those where call and put cost most nearly the same, then those nearest the forward that they
/// give. One stale price does not move it.
fn parity(pairs: &[Pair], years: f64, rate: f64) -> Option<f64> {
    let forwards = |near: Vec<Pair>| near.iter().map(|p| p.parity(years, rate)).collect();
    let first = median(forwards(nearest(pairs, |p| (p.call - p.put).abs())))?;
    let forward = median(forwards(nearest(pairs, |p| (p.strike - first).abs())))?;
    (forward.is_finite() && forward > 0.0).then_some(forward)
}

/// The price of the future that traded most, in large contracts, if it is liquid.
fn liquid(futures: &[Future], volume_min: f64) -> Option<f64> {
    let large = |f: &Future| f.volume * f.multiplier / 1_000.0;
    let usable = futures.iter().filter_map(|f| {
        let price = f.price.filter(|p| p.is_finite() && *p > 0.0)?;
        (large(f) >= volume_min).then_some((large(f), f.multiplier, price))
    });
    let most = usable.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    most.map(|(_, _, price)| price)
}

/// Compares call and put near the money under a forward.
fn judged(price: f64, source: Source, pairs: &[Pair], years: f64, rate: f64) -> Forward {
    let near = nearest(pairs, |p| (p.strike - price).abs());
    let mut answer = Forward {
        price,
        source,
        suspect: false,
        iv_gap: None,
        gap_strike: None,
        strikes: near.len(),
    };
    for pair in near {
        let iv = |side, paid| black76::iv(side, price, pair.strike, years, rate, paid);
        let (call, put) = (iv(PutCall::Call, pair.call), iv(PutCall::Put, pair.put));
        let (Some(call), Some(put)) = (call, put) else {
            answer.suspect = true;
            continue;
        };
        let gap = 100.0 * (call - put).abs();
        if answer.iv_gap.is_none_or(|most| gap > most) {
            (answer.iv_gap, answer.gap_strike) = (Some(gap), Some(pair.strike));
        }
    }
    answer.suspect |= answer.iv_gap.is_some_and(|gap| gap > GAP_POINTS_MAX);
    answer
}

/// The forward by put-call parity alone. `None` without a strike that has both prices, or at or
/// after the expiry.
#[must_use]
pub fn parity_forward(quotes: &[Quote], years: f64, rate: f64) -> Option<Forward> {
    forward(&Expiry {
        years,
        rate,
        quotes,
        futures: &[],
        volume_min: 0.0,
        curve: &[],
        dividends: &[],
    })
}

/// The forward of an expiry. `None` if nothing says one, or at or after the expiry.
#[must_use]
pub fn forward(expiry: &Expiry<'_>) -> Option<Forward> {
    let Expiry { years, rate, .. } = *expiry;
    if !(years.is_finite() && years > 0.0 && rate.is_finite()) {
        return None;
    }
    let pairs = pairs(expiry.quotes);
    let by_future = || Some((liquid(expiry.futures, expiry.volume_min)?, Source::Future));
    let by_parity = || Some((parity(&pairs, years, rate)?, Source::Parity));
    let by_curve = || {
        let price = forward_at(years, rate, expiry.curve, expiry.dividends)?;
        Some((price, Source::Curve))
    };
    let (price, source) = by_future().or_else(by_parity).or_else(by_curve)?;
    Some(judged(price, source, &pairs, years, rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEARS: f64 = 0.1;
    const RATE: f64 = 0.01;

    /// A chain priced at one volatility on one forward.
    fn chain(forward: f64, sigma: f64) -> Vec<Quote> {
        let strikes = (0..21).map(|i| 60_000.0 + 250.0 * f64::from(i));
        let quote = |strike| {
            let price = |side| black76::price(side, forward, strike, YEARS, RATE, sigma);
            Quote {
                strike,
                call: price(PutCall::Call),
                put: price(PutCall::Put),
            }
        };
        strikes.map(quote).collect()
    }

    fn future(price: f64, multiplier: f64, volume: f64) -> Future {
        Future {
            price: Some(price),
            multiplier,
            volume,
        }
    }

    fn expiry<'a>(quotes: &'a [Quote], futures: &'a [Future], curve: &'a [Node]) -> Expiry<'a> {
        Expiry {
            years: YEARS,
            rate: RATE,
            quotes,
            futures,
            volume_min: 10.0,
            curve,
            dividends: &[],
        }
    }

    #[test]
    fn a_liquid_future_comes_first_and_a_mini_counts() {
        let quotes = chain(62_000.0, 0.3);
        let futures = [
            future(62_100.0, 1_000.0, 9.0),
            future(62_000.0, 100.0, 500.0),
        ];
        let found = forward(&expiry(&quotes, &futures, &[])).unwrap();
        assert_eq!((found.price, found.source), (62_000.0, Source::Future));
        assert!(!found.suspect && found.iv_gap.unwrap() < 1e-6, "{found:?}");
        assert_eq!(found.strikes, NEAR_STRIKES);
    }

    #[test]
    fn a_future_that_options_contradict_is_suspect() {
        let quotes = chain(62_000.0, 0.3);
        let found = forward(&expiry(&quotes, &[future(62_050.0, 1_000.0, 99.0)], &[])).unwrap();
        assert_eq!((found.price, found.source), (62_050.0, Source::Future));
        assert!(found.suspect && found.iv_gap.unwrap() > 0.3, "{found:?}");
    }

    #[test]
    fn parity_where_no_future_is_liquid() {
        let quotes = chain(62_037.0, 0.3);
        let dry = [future(61_000.0, 1_000.0, 1.0)];
        let found = forward(&expiry(&quotes, &dry, &[])).unwrap();
        assert_eq!(found.source, Source::Parity);
        assert!((found.price - 62_037.0).abs() < 1e-6 && !found.suspect);
    }

    #[test]
    fn one_stale_price_does_not_move_parity_but_is_told() {
        let mut quotes = chain(62_037.0, 0.3);
        quotes[8].call = quotes[8].call.map(|p| p + 300.0);
        let found = parity_forward(&quotes, YEARS, RATE).unwrap();
        assert!((found.price - 62_037.0).abs() < 1e-6, "{found:?}");
        assert!(
            found.suspect && found.gap_strike == Some(62_000.0),
            "{found:?}"
        );
    }

    #[test]
    fn the_order_of_strikes_does_not_matter() {
        let mut quotes = chain(62_037.0, 0.3);
        quotes[3].put = None;
        let forwards = parity_forward(&quotes, YEARS, RATE);
        quotes.reverse();
        assert_eq!(parity_forward(&quotes, YEARS, RATE), forwards);
    }

    #[test]
    fn the_curve_where_there_is_nothing_else() {
        let node = |years, price| Node { years, price };
        let curve = [node(0.05, 62_000.0), node(0.15, 62_200.0)];
        let found = forward(&expiry(&[], &[], &curve)).unwrap();
        assert_eq!(found.source, Source::Curve);
        assert!((found.price - (62_000.0_f64 * 62_200.0).sqrt()).abs() < 1e-6);
        assert_eq!((found.iv_gap, found.suspect), (None, false));
        assert_eq!(forward(&expiry(&[], &[], &[])), None);
    }

    #[test]
    fn a_price_that_no_volatility_gives_makes_it_suspect() {
        let quotes = chain(62_000.0, 0.3);
        let found = forward(&expiry(&quotes, &[future(75_000.0, 1_000.0, 99.0)], &[])).unwrap();
        assert!(found.suspect, "{found:?}");
    }
}
