//! Ticks of futures: each is a new quote, half of them trades, around the forward of the index to
//! the settlement.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use chrono::NaiveDate;
use zaraba_config::document::{FuturesProduct, MarketDoc};
use zaraba_core::error::Result;
use zaraba_finance::contract::Product;

use super::columns::{dates, filled, times};
use super::draw::{Draw, Purpose, Weights, bell, mix};
use super::listing::{self, Future};
use super::options::Book;
use super::pace::Pace;
use super::path::Day;
use super::queue::Stream;
use super::surface;

/// Ticks of a day if nothing is said.
pub(super) const TICKS_PER_DAY: u64 = 200_000;

/// The share of ticks that are trades.
const TRADES: f64 = 0.5;

/// A tick.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    future: u32,
    book: Book,
    /// Contracts of the trade; 0 where it is none.
    quantity: i32,
}

/// All futures of a day.
pub(super) struct Futures {
    day: Arc<Day>,
    listed: Vec<Future>,
    books: Vec<Book>,
    /// Open interest after the last day, and as it will be after this one.
    interest: Vec<(i64, i64)>,
    /// Contracts in a trade, on average.
    sizes: Vec<f64>,
    intraday: bool,
    pace: Pace,
    draw: Draw,
    chosen: Weights,
}

impl Futures {
    pub(super) fn new(doc: &MarketDoc, day: Arc<Day>) -> Self {
        let listed = listing::futures(doc, &day);
        let ticks = doc.ticks_per_day.unwrap_or(TICKS_PER_DAY);
        let all: f64 = listed.iter().map(|f| f.activity).sum();
        let size = |f: &Future| f.volume / (ticks as f64 * TRADES * f.activity / all).max(1.0);
        let open = |f: &Future| {
            let open = |date| open_interest(doc, &day, f, date);
            (open(day.before), open(day.date))
        };
        let close = day.closes.tokyo.index;
        let settled = |f: &Future| Book {
            settlement: (forward(f, close, day.begin()) / f.step).round() as i32 * f.step as i32,
            ..Book::default()
        };
        Self {
            books: listed.iter().map(settled).collect(),
            interest: listed.iter().map(open).collect(),
            sizes: listed.iter().map(size).collect(),
            intraday: doc.intraday_oi,
            pace: Pace::new(&day, ticks),
            draw: Draw::new(doc.seed, day.number, Purpose::Futures),
            chosen: Weights::new(listed.iter().map(|f| f.activity)),
            listed,
            day,
        }
    }

    /// Quotes a step around the forward, mostly.
    fn quote(&mut self, book: &mut Book, future: &Future, fair: f64) {
        let wide = if self.draw.chance(0.15) { 1.0 } else { 0.0 };
        let at = fair + future.step * (self.draw.uniform() - 0.5) * 0.6;
        let below = (at / future.step).floor();
        let lot = if future.step > 5.0 { 25.0 } else { 120.0 };
        let lots = |draw: &mut Draw| 1 + (draw.waiting() * lot) as i32;
        book.bid = ((below - wide) * future.step) as i32;
        book.ask = ((below + 1.0) * future.step) as i32;
        book.bid_quantity = lots(&mut self.draw);
        book.ask_quantity = lots(&mut self.draw);
    }
}

fn forward(future: &Future, index: f64, second: i64) -> f64 {
    surface::forward(index, surface::years(second, future.sq_date))
}

/// What is open after a day's close: it moves to the next quarter as the settlement comes near.
pub(super) fn open_interest(doc: &MarketDoc, day: &Day, future: &Future, date: NaiveDate) -> i64 {
    let all = match future.product {
        FuturesProduct::Large => 310_000.0,
        FuturesProduct::Mini => 480_000.0,
        FuturesProduct::Micro => 90_000.0,
    };
    let quarters = day.hours.sq_dates_after(date, 3, 2);
    let rolled = listing::rolled(&quarters, date);
    let part = match quarters.iter().position(|q| *q == future.sq_date) {
        Some(0) => 1.0 - rolled,
        Some(_) => rolled,
        None => listing::ROLLED_LEAST, // listed, and nobody's next quarter yet
    };
    let name = [
        doc.seed,
        future.product as u64,
        listing::days(future.sq_date),
        listing::days(date),
    ];
    (all * part * (1.0 + 0.015 * bell(mix(&name)))).round() as i64
}

impl Stream for Futures {
    type Row = Tick;

    fn next(&mut self) -> Option<(i64, Tick)> {
        let (at, time) = self.pace.next(&self.day, &mut self.draw)?;
        let chosen = self.chosen.choose(&mut self.draw);
        let future = *self.listed.get(chosen)?;
        let mut book = *self.books.get(chosen)?;
        let index = self.day.states.get(at)?.index;
        self.quote(
            &mut book,
            &future,
            forward(&future, index, self.day.second(at)),
        );
        let mut quantity = 0;
        if self.draw.chance(TRADES) {
            let size = self.sizes.get(chosen).copied().unwrap_or(1.0);
            quantity = 1 + (size * self.draw.waiting()) as i32;
            book.last = if self.draw.chance(0.5) {
                book.bid
            } else {
                book.ask
            };
            book.volume += i64::from(quantity);
        }
        let (before, after) = self.interest.get(chosen).copied().unwrap_or((0, 0));
        let published = time >= self.day.published * 1_000_000;
        book.open_interest = match (self.intraday, published) {
            (true, _) => before + ((after - before) as f64 * self.pace.done()) as i64,
            (false, true) => before,
            (false, false) => -1,
        };
        *self.books.get_mut(chosen)? = book;
        let future = u32::try_from(chosen).ok()?;
        Some((
            time,
            Tick {
                future,
                book,
                quantity,
            },
        ))
    }

    fn columns(&self, rows: &[(i64, Tick)]) -> Result<Vec<ArrayRef>> {
        let ticks = || rows.iter().map(|(_, tick)| tick);
        let future = |tick: &Tick| self.listed.get(tick.future as usize);
        let product = ticks().map(|t| future(t).map(|f| name(f.product)));
        let published = |tick: &Tick| (tick.book.open_interest >= 0).then_some(self.day.before);
        let price = |of: fn(&Book) -> i32| -> ArrayRef {
            let known = ticks().map(|t| filled(of(&t.book)).map(f64::from));
            Arc::new(known.collect::<Float64Array>())
        };
        let number = |of: fn(&Tick) -> i32| -> ArrayRef {
            let known = ticks().map(|t| filled(of(t)).map(i64::from));
            Arc::new(known.collect::<Int64Array>())
        };
        let open = ticks().map(|t| Some(t.book.open_interest).filter(|oi| *oi >= 0));
        Ok(vec![
            times(rows.iter().map(|(time, _)| *time)),
            dates(ticks().map(|_| Some(self.day.date))),
            Arc::new(product.collect::<StringArray>()),
            dates(ticks().map(|t| Some(future(t)?.sq_date))),
            price(|b| b.last),
            number(|t| t.quantity),
            price(|b| b.bid),
            number(|t| t.book.bid_quantity),
            price(|b| b.ask),
            number(|t| t.book.ask_quantity),
            Arc::new(Int64Array::from_iter_values(ticks().map(|t| t.book.volume))),
            Arc::new(open.collect::<Int64Array>()),
            dates(ticks().map(published)),
            price(|b| b.settlement),
        ])
    }
}

/// A product as the streams name it.
pub(super) const fn name(product: FuturesProduct) -> &'static str {
    match product {
        FuturesProduct::Large => Product::Future.name(),
        FuturesProduct::Mini => Product::Mini.name(),
        FuturesProduct::Micro => Product::Micro.name(),
    }
}
