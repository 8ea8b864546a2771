//! Ticks of options: each is a new quote of one contract, and some are trades. Quotes stand around
//! the price that the surface gives at that second, in ticks of their date.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use chrono::NaiveDate;
use zaraba_config::document::MarketDoc;
use zaraba_core::error::Result;
use zaraba_finance::contract::Product;

use super::columns::{dates, filled, times};
use super::draw::{Draw, Purpose, Weights};
use super::flow::Flow;
use super::listing::{Contract, Listing};
use super::pace::Pace;
use super::path::Day;
use super::queue::Stream;
use super::surface::{self, Ticks};

/// Ticks of a day if nothing is said.
pub(super) const TICKS_PER_DAY: u64 = 1_000_000;

/// What the product is called.
pub(super) const NAME: &str = Product::Option.name();

/// The share of ticks that are trades, and contracts traded in a day.
const TRADES: f64 = 0.08;
const VOLUME_PER_DAY: f64 = 120_000.0;

/// What trades and is quoted in each month beside the others.
const MONTHS: [f64; 4] = [0.58, 0.27, 0.10, 0.05];

/// The choice of contracts is made anew when the index has moved by so much.
const MOVED: f64 = 0.003;

/// Shares of quotes that lack a side, by accident, and of those deep in the money; of quotes that
/// are gone for a moment.
const ONE_SIDED: f64 = 0.004;
const ONE_SIDED_DEEP: f64 = 0.25;
const GONE: f64 = 0.002;

/// What is known of a contract. Prices are whole yen, 0 where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Book {
    pub(super) last: i32,
    /// When it was traded, microseconds.
    pub(super) traded: i64,
    pub(super) bid: i32,
    pub(super) bid_quantity: i32,
    pub(super) ask: i32,
    pub(super) ask_quantity: i32,
    pub(super) volume: i64,
    /// Negative before it is published.
    pub(super) open_interest: i64,
    /// The last day's settlement.
    pub(super) settlement: i32,
}

/// A tick.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    contract: u32,
    book: Book,
}

/// A month of options at one second.
#[derive(Clone, Copy)]
struct Month {
    years: f64,
    forward: f64,
    level: f64,
}

impl Month {
    fn price(&self, contract: &Contract) -> f64 {
        let strike = f64::from(contract.strike);
        let volatility = surface::volatility(self.level, self.years, self.forward, strike);
        surface::price(contract.call, self.forward, strike, self.years, volatility)
    }
}

/// All options of a day.
pub(super) struct Options {
    doc: MarketDoc,
    pub(super) day: Arc<Day>,
    pub(super) listing: Listing,
    pub(super) books: Vec<Book>,
    /// Open interest after the last day, and as it will be after this one.
    interest: Vec<(i64, i64)>,
    flows: Vec<Flow>,
    ticks: Ticks,
    pace: Pace,
    /// The second and the time of the next tick, once somebody asked for it.
    due: Option<(usize, i64)>,
    draw: Draw,
    quoted: Weights,
    traded: Weights,
    /// The index for which the weights were made.
    weighed: f64,
    /// Contracts in a trade, on average.
    size: f64,
    /// The second for which the months were made.
    second: usize,
    months: Vec<Month>,
}

impl Options {
    /// The options of a day; `dates` are those of the market up to this day's last but one, from
    /// two before its first.
    pub(super) fn new(doc: &MarketDoc, day: Arc<Day>, dates: &[NaiveDate]) -> Self {
        let listing = Listing::new(doc, &day);
        let before = listing.open_interest(dates);
        let mut later = dates.to_vec();
        later.push(day.date);
        let after = listing.open_interest(&later);
        let ticks = Ticks(day.date);
        let ticks_per_day = doc.ticks_per_day.unwrap_or(TICKS_PER_DAY);
        let mut options = Self {
            doc: doc.clone(),
            pace: Pace::new(&day, ticks_per_day),
            due: None,
            draw: Draw::new(doc.seed, day.number, Purpose::Options),
            books: vec![Book::default(); listing.contracts.len()],
            flows: vec![Flow::default(); listing.contracts.len()],
            interest: before.iter().zip(&after).map(|(b, a)| (b.0, a.0)).collect(),
            ticks,
            quoted: Weights::default(),
            traded: Weights::default(),
            weighed: 0.0,
            size: (VOLUME_PER_DAY / (ticks_per_day as f64 * TRADES)).max(1.0),
            second: usize::MAX,
            months: Vec::new(),
            listing,
            day,
        };
        options.settle();
        options
    }

    /// The last day's settlement prices.
    fn settle(&mut self) {
        let close = self.day.closes.tokyo;
        let months = self.months_at(close.index, close.volatility, self.day.begin());
        for (contract, book) in self.listing.contracts.iter().zip(&mut self.books) {
            let price = months
                .get(contract.month)
                .map_or(1.0, |m| m.price(contract));
            book.settlement = self.ticks.nearest(price) as i32;
            book.open_interest = -1;
        }
    }

    fn months_at(&self, index: f64, level: f64, second: i64) -> Vec<Month> {
        let month = |sq_date: &NaiveDate| {
            let years = surface::years(second, *sq_date);
            Month {
                years,
                forward: surface::forward(index, years),
                level,
            }
        };
        self.listing.months.iter().map(month).collect()
    }

    /// Goes to a second.
    fn go_to(&mut self, at: usize) {
        if self.second == at {
            return;
        }
        self.second = at;
        let Some(state) = self.day.states.get(at).copied() else {
            return;
        };
        self.months = self.months_at(state.index, state.volatility, self.day.second(at));
        if (state.index / self.weighed - 1.0).abs() > MOVED || self.weighed == 0.0 {
            self.weighed = state.index;
            self.weigh();
        }
    }

    /// What is quoted and traded: most near the money, little of it in later months; trades are of
    /// options out of the money and of round strikes.
    fn weigh(&mut self) {
        let away = |contract: &Contract| {
            let month = self.months.get(contract.month)?;
            let deviation = 0.35 * month.years.max(0.02).sqrt();
            let z = (f64::from(contract.strike) / month.forward).ln() / deviation;
            let part = MONTHS.get(contract.month).copied().unwrap_or(0.02);
            Some((if contract.call { z } else { -z }, part))
        };
        let quoted = |contract: &Contract| {
            let (z, part) = away(contract)?;
            Some(part * ((-0.5 * (z / 1.1).powi(2)).exp() + 0.03))
        };
        let traded = |contract: &Contract| {
            let (z, part) = away(contract)?;
            let near = (-0.5 * ((z - 0.5) / 0.7).powi(2)).exp();
            Some(part * contract.roundness() * (near + 0.002))
        };
        let contracts = &self.listing.contracts;
        self.quoted = Weights::new(contracts.iter().map(|c| quoted(c).unwrap_or(0.0)));
        self.traded = Weights::new(contracts.iter().map(|c| traded(c).unwrap_or(0.0)));
    }

    /// When the next tick comes, before it does.
    pub(super) fn next_time(&mut self) -> Option<i64> {
        if self.due.is_none() {
            self.due = self.pace.next(&self.day, &mut self.draw);
        }
        self.due.map(|(_, time)| time)
    }

    /// The next tick: its time and contract. The contract's book is as the tick leaves it.
    pub(super) fn tick(&mut self) -> Option<(i64, usize)> {
        self.next_time()?;
        let (at, time) = self.due.take()?;
        self.go_to(at);
        let trade = self.draw.chance(TRADES);
        let weights = if trade { &self.traded } else { &self.quoted };
        let chosen = weights.choose(&mut self.draw);
        let contract = *self.listing.contracts.get(chosen)?;
        let fair = self.months.get(contract.month)?.price(&contract);
        let mut book = self.books.get(chosen).copied()?;
        self.quote(&mut book, &contract, fair);
        if trade {
            self.trade(&mut book, fair, time);
        }
        book.open_interest = self.open_now(chosen, time);
        *self.books.get_mut(chosen)? = book;
        Some((time, chosen))
    }

    /// Quotes both sides, or one, or none.
    fn quote(&mut self, book: &mut Book, contract: &Contract, fair: f64) {
        let early = self.day.minutes.get(self.second / 60).is_some_and(|m| {
            m.session
                .is_some_and(|s| self.day.second(self.second) - s.start < 900)
        });
        let wide = if early { 2.0 } else { 1.0 };
        let half = (0.45 + 0.13 * fair.powf(0.55)) * wide * (0.8 + 0.4 * self.draw.uniform());
        let strike = f64::from(contract.strike);
        let index = self.day.states.get(self.second).map_or(strike, |s| s.index);
        let inside = if contract.call {
            index / strike
        } else {
            strike / index
        };
        let deep = inside > 1.1;
        let half = if deep { half * 2.5 } else { half };
        let bid = self.ticks.below(fair - half);
        let least = (bid + self.ticks.step(bid + 0.5)).max(1.0);
        let ask = self.ticks.above((fair + half).max(least));
        let part = if deep { ONE_SIDED_DEEP } else { ONE_SIDED };
        let lot = 2.0 + 60.0 / (1.0 + fair / 40.0);
        let lots = |draw: &mut Draw| 1 + (draw.waiting() * lot) as i32;
        (book.bid, book.bid_quantity) = (bid as i32, lots(&mut self.draw));
        (book.ask, book.ask_quantity) = (ask as i32, lots(&mut self.draw));
        let gone = self.draw.chance(GONE);
        if gone || bid < 1.0 || self.draw.chance(part) {
            (book.bid, book.bid_quantity) = (0, 0);
        }
        if gone || self.draw.chance(part) {
            (book.ask, book.ask_quantity) = (0, 0);
        }
    }

    /// Trades at the bid or the ask, or between where a side is missing.
    fn trade(&mut self, book: &mut Book, fair: f64, time: i64) {
        let buys = self.draw.chance(0.5);
        let side = if buys { book.ask } else { book.bid };
        book.last = if side > 0 {
            side
        } else {
            self.ticks.nearest(fair) as i32
        };
        let quantity = (self.size - 1.0) * self.draw.waiting() * self.draw.waiting();
        book.volume += 1 + quantity as i64;
        book.traded = time;
    }

    /// What is open now: nothing is known until it is published, unless it moves within the day.
    fn open_now(&mut self, contract: usize, time: i64) -> i64 {
        let (before, after) = self.interest.get(contract).copied().unwrap_or((0, 0));
        if !self.doc.intraday_oi {
            return if time >= self.day.published * 1_000_000 {
                before
            } else {
                -1
            };
        }
        let Some(flow) = self.flows.get_mut(contract) else {
            return before;
        };
        let part = self.pace.done();
        let smooth = before as f64 + (after - before) as f64 * part;
        let strayed = flow.next(time, &mut self.draw);
        (smooth * (1.0 + strayed)).round().max(0.0) as i64
    }

    /// Brings what is published at a time into the books that had no tick since.
    pub(super) fn published(&mut self, time: i64) {
        if time >= self.day.published * 1_000_000 || self.doc.intraday_oi {
            for (book, (before, _)) in self.books.iter_mut().zip(&self.interest) {
                if book.open_interest < 0 {
                    book.open_interest = *before;
                }
            }
        }
    }

    /// The index as of the last tick.
    pub(super) fn index_now(&self) -> f64 {
        let state = self.day.states.get(self.second);
        state.map_or(self.day.opening.index, |s| s.index)
    }

    /// The month of a contract, as settlement date.
    pub(super) fn sq_date(&self, contract: &Contract) -> NaiveDate {
        let sq_date = self.listing.months.get(contract.month);
        sq_date.copied().unwrap_or(self.day.date)
    }
}

impl Stream for Options {
    type Row = Tick;

    fn next(&mut self) -> Option<(i64, Tick)> {
        let (time, contract) = self.tick()?;
        let book = self.books.get(contract).copied()?;
        let contract = u32::try_from(contract).ok()?;
        Some((time, Tick { contract, book }))
    }

    fn columns(&self, rows: &[(i64, Tick)]) -> Result<Vec<ArrayRef>> {
        let contracts = &self.listing.contracts;
        let contract = |tick: &Tick| contracts.get(tick.contract as usize);
        let ticks = || rows.iter().map(|(_, tick)| tick);
        let day = |_: &Tick| Some(self.day.date);
        let sq_date = |tick: &Tick| Some(self.sq_date(contract(tick)?));
        let strike = ticks().map(|t| contract(t).map(|c| f64::from(c.strike)));
        let side = ticks().map(|t| contract(t).map(|c| if c.call { "C" } else { "P" }));
        let published = |tick: &Tick| (tick.book.open_interest >= 0).then_some(self.day.before);
        let price = |of: fn(&Book) -> i32| -> ArrayRef {
            let known = ticks().map(|t| filled(of(&t.book)).map(f64::from));
            Arc::new(known.collect::<Float64Array>())
        };
        let number = |of: fn(&Book) -> i32| -> ArrayRef {
            let known = ticks().map(|t| filled(of(&t.book)).map(i64::from));
            Arc::new(known.collect::<Int64Array>())
        };
        let open = ticks().map(|t| Some(t.book.open_interest).filter(|oi| *oi >= 0));
        Ok(vec![
            times(rows.iter().map(|(time, _)| *time)),
            dates(ticks().map(day)),
            Arc::new(StringArray::from_iter_values(ticks().map(|_| NAME))),
            dates(ticks().map(sq_date)),
            Arc::new(strike.collect::<Float64Array>()),
            Arc::new(side.collect::<StringArray>()),
            price(|b| b.last),
            price(|b| b.bid),
            number(|b| b.bid_quantity),
            price(|b| b.ask),
            number(|b| b.ask_quantity),
            Arc::new(Int64Array::from_iter_values(ticks().map(|t| t.book.volume))),
            Arc::new(open.collect::<Int64Array>()),
            dates(ticks().map(published)),
            price(|b| b.settlement),
        ])
    }
}
