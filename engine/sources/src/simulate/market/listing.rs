//! What is listed on a day: options by month and strike, and futures; and how many of each are open.
//! A contract's numbers come from hashes of its name, so that it is the same on every day.

use chrono::{Datelike, NaiveDate};
use zaraba_config::document::{FuturesProduct, MarketDoc};

use super::draw::{bell, mix, unit};
use super::path::Day;

/// How far from the level, in parts of the distance to which steps of 250 are listed, strikes of
/// each step are: the steps and distances of the lists of July 2026.
const STEPS: [(u32, f64); 6] = [
    (125, 0.5),
    (250, 1.0),
    (500, 1.27),
    (1_000, 1.67),
    (2_500, 2.0),
    (5_000, 2.2),
];

/// Strikes below the level reach further than those above.
const DOWNWARD: f64 = 0.85;

/// Steps of 125 are listed within so many days of the settlement.
const FINE_DAYS: i64 = 92;

/// Open interest of a month by the days to its settlement: calls, puts. The first three are those
/// of 2026-07-31.
const OPEN: [(f64, f64, f64); 5] = [
    (14.0, 52_895.0, 109_000.0),
    (42.0, 65_987.0, 106_219.0),
    (70.0, 8_046.0, 14_796.0),
    (105.0, 3_000.0, 6_000.0),
    (370.0, 500.0, 1_000.0),
];

/// How often a large position is opened or closed, per root of the contract's share: about three a
/// day among all.
const BLOCKS: f64 = 0.06;

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contract {
    /// Which of the listed months.
    pub(super) month: usize,
    pub(super) strike: u32,
    pub(super) call: bool,
    /// A hash of its name.
    name: u64,
    /// Its share of the open interest of its month and side.
    share: f64,
}

/// One future.
#[derive(Clone, Copy, Debug)]
pub(super) struct Future {
    pub(super) product: FuturesProduct,
    pub(super) sq_date: NaiveDate,
    /// The step of its price.
    pub(super) step: f64,
    /// Its share of all ticks.
    pub(super) activity: f64,
    /// Contracts that trade in a day, about.
    pub(super) volume: f64,
}

/// The options of a day, by month, strike and side.
pub(super) struct Listing {
    pub(super) months: Vec<NaiveDate>,
    pub(super) contracts: Vec<Contract>,
}

impl Listing {
    pub(super) fn new(doc: &MarketDoc, day: &Day) -> Self {
        let date = day.date;
        let months = day.hours.sq_dates_after(date, 1, doc.expiries);
        let mut contracts = Vec::new();
        for (month, sq_date) in months.iter().enumerate() {
            let listed = strikes(
                doc.level,
                doc.strikes,
                (*sq_date - date).num_days() > FINE_DAYS,
            );
            for call in [true, false] {
                let contract = |strike: &u32| {
                    let name = [
                        doc.seed,
                        days(*sq_date),
                        u64::from(*strike),
                        u64::from(call),
                    ];
                    let name = mix(&name);
                    Contract {
                        month,
                        strike: *strike,
                        call,
                        name,
                        share: interest(*strike, f64::from(*strike) / doc.level, call, name),
                    }
                };
                let side: Vec<Contract> = listed.iter().map(contract).collect();
                let all: f64 = side.iter().map(|c| c.share).sum();
                contracts.extend(side.into_iter().map(|c| Contract {
                    share: c.share / all,
                    ..c
                }));
            }
        }
        contracts.sort_by_key(|c| (c.month, c.strike, !c.call));
        Self { months, contracts }
    }

    /// How many of each contract are open after the last of these days, and after the one before
    /// it. They begin two days before the first of the market.
    pub(super) fn open_interest(&self, dates: &[NaiveDate]) -> Vec<(i64, i64)> {
        let of = |contract: &Contract| {
            let Some(sq_date) = self.months.get(contract.month) else {
                return (0, 0);
            };
            let (mut before, mut now, mut blocks) = (0.0, 0.0, 0.0);
            for (nth, date) in dates.iter().enumerate() {
                let (calls, puts) = totals((*sq_date - *date).num_days() as f64);
                let total = if contract.call { calls } else { puts };
                let smooth = total * contract.share * contract.drift(*date);
                if nth > 0 {
                    blocks += contract.block(*date);
                }
                // Nobody closes more than there is.
                blocks = f64::max(blocks, -smooth);
                before = now;
                now = (smooth + blocks).round();
            }
            (now as i64, before as i64)
        };
        self.contracts.iter().map(of).collect()
    }
}

impl Contract {
    /// A hash of its name and of something else.
    pub(super) fn hash(&self, of: u64) -> u64 {
        mix(&[self.name, of])
    }

    /// How its open interest strays from day to day, as a factor.
    fn drift(&self, date: NaiveDate) -> f64 {
        1.0 + 0.012 * bell(self.hash(days(date)))
    }

    /// What a large position of a day adds or takes; mostly none.
    fn block(&self, date: NaiveDate) -> f64 {
        let hash = self.hash(days(date) ^ 0xb10c);
        if unit(hash) >= BLOCKS * self.share.sqrt() {
            return 0.0;
        }
        let size = 500.0 + 1_300.0 * unit(mix(&[hash, 1])).powi(2);
        if unit(mix(&[hash, 2])) < 0.35 {
            -size
        } else {
            size
        }
    }

    /// How much trades in it beside others, by its strike alone: round ones are traded more.
    pub(super) fn roundness(&self) -> f64 {
        roundness(self.strike).sqrt()
    }
}

/// A date as a number.
pub(super) fn days(date: NaiveDate) -> u64 {
    u64::try_from(date.num_days_from_ce()).unwrap_or(0)
}

/// The strikes nearest to the level, each step as far as it is listed.
fn strikes(level: f64, count: usize, coarse: bool) -> Vec<u32> {
    let reach = |strike: u32| {
        let from = f64::from(strike) / level - 1.0;
        let away = if from < 0.0 { -from * DOWNWARD } else { from };
        let step = STEPS.iter().rfind(|(step, _)| strike.is_multiple_of(*step));
        away / step.map_or(1.0, |(_, far)| *far)
    };
    let finest = if coarse { 250 } else { 125 };
    let all = (1..=(level * 3.0) as u32 / finest).map(|n| n * finest);
    let mut all: Vec<(f64, u32)> = all.map(|strike| (reach(strike), strike)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut listed: Vec<u32> = all.into_iter().take(count).map(|(_, s)| s).collect();
    listed.sort_unstable();
    listed
}

/// How much more a round strike is held.
fn roundness(strike: u32) -> f64 {
    match strike {
        s if s % 5_000 == 0 => 58.0,
        s if s % 1_000 == 0 => 20.0,
        s if s % 500 == 0 => 5.2,
        s if s % 250 == 0 => 1.0,
        _ => 0.4,
    }
}

/// What is held of a strike, beside others of its month and side: near the money, calls above and
/// puts below it, and far down puts against a crash.
fn interest(strike: u32, moneyness: f64, call: bool, name: u64) -> f64 {
    let x = moneyness.ln();
    let hump = |at: f64, width: f64| (-0.5 * ((x - at) / width).powi(2)).exp();
    let shape = if call {
        hump(0.08, 0.10) + 0.35 * hump(0.22, 0.13) + 0.1 * hump(-0.24, 0.1)
    } else {
        hump(-0.03, 0.09) + 0.5 * hump(-0.2, 0.12) + 0.4 * hump(-0.8, 0.3)
    };
    roundness(strike) * (shape + 0.0002) * (0.4 * bell(name)).exp()
}

/// Open interest of a month: calls, puts.
fn totals(days: f64) -> (f64, f64) {
    let after = OPEN.partition_point(|(d, ..)| *d <= days);
    let (Some(low), Some(high)) = (OPEN.get(after.saturating_sub(1)), OPEN.get(after)) else {
        return OPEN.last().map_or((0.0, 0.0), |(_, c, p)| (*c, *p));
    };
    let part = ((days - low.0) / (high.0 - low.0).max(1.0)).clamp(0.0, 1.0);
    let between = |a: f64, b: f64| a + (b - a) * part;
    (between(low.1, high.1), between(low.2, high.2))
}

/// The futures of a day: each product's front and next quarter.
pub(super) fn futures(doc: &MarketDoc, day: &Day) -> Vec<Future> {
    let date = day.date;
    let quarters = day.hours.sq_dates_after(date, 3, 2);
    let mut listed = Vec::new();
    for product in &doc.products {
        let (step, activity, volume) = match product {
            FuturesProduct::Large => (10.0, 0.3, 45_000.0),
            FuturesProduct::Mini => (5.0, 0.5, 700_000.0),
            FuturesProduct::Micro => (5.0, 0.2, 250_000.0),
        };
        for (nth, sq_date) in quarters.iter().enumerate() {
            let rolled = rolled(&quarters, date);
            let part = if nth == 0 { 1.0 - rolled } else { rolled };
            listed.push(Future {
                product: *product,
                sq_date: *sq_date,
                step,
                activity: activity * part,
                volume: volume * part,
            });
        }
    }
    listed
}

/// The part that is in a quarter long before its turn.
pub(super) const ROLLED_LEAST: f64 = 0.03;

/// The part of what trades that is in the next quarter already: it grows in the last two weeks.
pub(super) fn rolled(quarters: &[NaiveDate], date: NaiveDate) -> f64 {
    let days = quarters
        .first()
        .map_or(99.0, |sq| (*sq - date).num_days() as f64);
    ROLLED_LEAST + 0.9 / (1.0 + ((days - 3.5) / 1.5).exp())
}
