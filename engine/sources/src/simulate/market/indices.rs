//! Indices and the exchange rate, each at its own pace while its market is open.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};
use zaraba_config::document::MarketDoc;
use zaraba_core::error::Result;

use super::columns::times;
use super::draw::{Draw, Purpose};
use super::hours::Minute;
use super::path::{Closes, Day, State};
use super::queue::Stream;
use super::surface;

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Nikkei,
    NikkeiVi,
    Vix,
    Rate,
    Dow,
    Nasdaq,
    Sp500,
}

const SYMBOLS: [Symbol; 7] = [
    Symbol::Nikkei,
    Symbol::NikkeiVi,
    Symbol::Vix,
    Symbol::Rate,
    Symbol::Dow,
    Symbol::Nasdaq,
    Symbol::Sp500,
];

/// Thirty days, which volatility indices look ahead, in years.
const AHEAD: f64 = 30.0 / 365.0;
/// The wings count for more than the money.
const VI_OVER_MONEY: f64 = 1.03;

impl Symbol {
    const fn name(self) -> &'static str {
        match self {
            Self::Nikkei => "N225",
            Self::NikkeiVi => "NKVI",
            Self::Vix => "VIX",
            Self::Rate => "USDJPY",
            Self::Dow => "DJI",
            Self::Nasdaq => "IXIC",
            Self::Sp500 => "SPX",
        }
    }

    /// Seconds from value to value, if it is published in such a minute.
    const fn every(self, minute: &Minute) -> Option<i64> {
        let (open, every) = match self {
            Self::Nikkei => (minute.tokyo, 5),
            Self::NikkeiVi => match minute.session {
                Some(session) => (!session.night, 15),
                None => (false, 15),
            },
            Self::Vix => (minute.new_york, 15),
            Self::Rate => (minute.currencies, 2),
            Self::Dow | Self::Nasdaq | Self::Sp500 => (minute.new_york, 5),
        };
        if open { Some(every) } else { None }
    }

    fn value(self, state: &State) -> f64 {
        let value = match self {
            Self::Nikkei => state.index,
            Self::NikkeiVi => {
                surface::at_the_money(state.volatility, AHEAD) * 100.0 * VI_OVER_MONEY
            }
            Self::Vix => state.vix,
            Self::Rate => state.rate,
            Self::Dow => state.dow,
            Self::Nasdaq => state.nasdaq,
            Self::Sp500 => state.sp500,
        };
        let parts = if self == Self::Rate { 1_000.0 } else { 100.0 };
        (value * parts).round() / parts
    }

    fn previous(self, closes: &Closes) -> f64 {
        match self {
            Self::Nikkei | Self::NikkeiVi => self.value(&closes.tokyo),
            Self::Rate => (closes.rate * 1_000.0).round() / 1_000.0,
            _ => self.value(&closes.new_york),
        }
    }
}

/// A value.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    symbol: Symbol,
    value: f64,
    previous: f64,
}

/// The values of a day.
pub(super) struct Indices {
    day: Arc<Day>,
    draw: Draw,
    /// What changes are counted from, now.
    closes: Closes,
    /// The second to look at next, as a place in the day.
    at: usize,
    /// Values of the second before it.
    waiting: VecDeque<(i64, Tick)>,
}

impl Indices {
    pub(super) fn new(doc: &MarketDoc, day: Arc<Day>) -> Self {
        Self {
            draw: Draw::new(doc.seed, day.number, Purpose::Indices),
            closes: day.closes,
            at: 0,
            waiting: VecDeque::new(),
            day,
        }
    }

    /// Looks at a second; whether there was one.
    fn second(&mut self) -> bool {
        let at = self.at;
        let (Some(minute), Some(state)) = (self.day.minutes.get(at / 60), self.day.states.get(at))
        else {
            return false;
        };
        let (minute, state) = (*minute, *state);
        let now = self.day.second(at);
        self.at += 1;
        if !self.day.silent(at) {
            for (nth, symbol) in SYMBOLS.into_iter().enumerate() {
                let due = symbol.every(&minute).is_some_and(|every| now % every == 0);
                if due && !(symbol == Symbol::Rate && self.draw.chance(0.4)) {
                    let tick = Tick {
                        symbol,
                        value: symbol.value(&state),
                        previous: symbol.previous(&self.closes),
                    };
                    let time = now * 1_000_000 + 100_000 * nth as i64 + self.draw.up_to(99_999);
                    self.waiting.push_back((time, tick));
                }
            }
        }
        if at % 60 == 59 {
            let next = self.day.minutes.get(at / 60 + 1);
            self.closes.pass(&minute, next, &state);
        }
        true
    }
}

impl Stream for Indices {
    type Row = Tick;

    fn next(&mut self) -> Option<(i64, Tick)> {
        loop {
            if let Some(tick) = self.waiting.pop_front() {
                return Some(tick);
            }
            if !self.second() {
                return None;
            }
        }
    }

    fn columns(&self, rows: &[(i64, Tick)]) -> Result<Vec<ArrayRef>> {
        let ticks = || rows.iter().map(|(_, tick)| tick);
        let floats = |of: fn(&Tick) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(ticks().map(of)))
        };
        Ok(vec![
            times(rows.iter().map(|(time, _)| *time)),
            Arc::new(StringArray::from_iter_values(
                ticks().map(|t| t.symbol.name()),
            )),
            floats(|t| t.value),
            floats(|t| t.previous),
        ])
    }
}
