//! The path of the market: every second of a trading day, what the index, its volatility and the
//! other markets are. It depends on the options and the day alone, so that all streams of one seed
//! show the same market. A day begins where the one before ended.

use chrono::NaiveDate;
use zaraba_config::document::{CrashDoc, MarketDoc};

use super::draw::{Draw, Purpose};
use super::hours::{self, Hours, Minute};
use super::season;

/// Levels at the first open: of volatility in percent, the exchange rate, the Dow, the Nasdaq, the
/// S&P 500 and the VIX. They are of mid-November 2025.
const VOLATILITY: f64 = 30.5;
const RATE: f64 = 154.5;
const DOW: f64 = 47_150.0;
const NASDAQ: f64 = 22_900.0;
const SP500: f64 = 6_735.0;
const VIX: f64 = 19.8;

/// What prices really move, as a share of what volatility says: options cost more than they pay.
const REALISED: f64 = 0.92;
const TRADING_DAYS: f64 = 252.0;

/// How volatility answers: to a move of the index, to a crash beyond that, and on its own, by day.
const VOLATILITY_ON_INDEX: f64 = -3.5;
const VOLATILITY_ON_CRASH: f64 = 60.0;
const VOLATILITY_OWN: f64 = 0.03;
const VOLATILITY_RETURN: f64 = 0.07;

/// Deviation of a day in New York and of the exchange rate, and how they go with the index.
const NEW_YORK_DAY: f64 = 0.009;
const NEW_YORK_WITH_INDEX: f64 = 0.65;
const NEW_YORK_AFTER_TOKYO: f64 = 0.5;
const RATE_DAY: f64 = 0.005;
const RATE_WITH_INDEX: f64 = 0.2;
const VIX_ON_SP500: f64 = -6.0;

/// Jumps in a day, and the deviation of one.
const JUMPS: f64 = 1.5;
const JUMP: f64 = 0.0025;

/// Where everything stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// The index, of which the futures are forwards.
    pub(super) index: f64,
    /// The level of implied volatility, in percent.
    pub(super) volatility: f64,
    pub(super) rate: f64,
    pub(super) dow: f64,
    pub(super) nasdaq: f64,
    pub(super) sp500: f64,
    pub(super) vix: f64,
}

/// What a day hands on to the next.
#[derive(Clone, Copy)]
struct Carry {
    state: State,
    /// When the day ended, seconds.
    end: i64,
    /// What the index did since New York's last close.
    since_new_york: f64,
    closes: Closes,
}

/// What changes are counted from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closes {
    /// At New York's last close.
    pub(super) new_york: State,
    /// When currencies last changed their day, at 17:00 in New York.
    pub(super) rate: f64,
    /// At Tokyo's last close.
    pub(super) tokyo: State,
}

/// A trading day.
pub(super) struct Day {
    /// Its number, from 0.
    pub(super) number: u32,
    pub(super) hours: Hours,
    pub(super) date: NaiveDate,
    /// The trading day before, whose open interest is published in this one.
    pub(super) before: NaiveDate,
    /// When it is published, seconds.
    pub(super) published: i64,
    pub(super) minutes: Vec<Minute>,
    /// Sixty a minute.
    pub(super) states: Vec<State>,
    /// How much is going on in futures and options, per second; zero in a stall.
    pub(super) activity: Vec<f32>,
    /// Seconds in which the feed is silent.
    pub(super) stalls: Vec<std::ops::Range<usize>>,
    /// Where the day began: at the last close.
    pub(super) opening: State,
    /// What changes were counted from as the day began.
    pub(super) closes: Closes,
}

impl Day {
    /// The time of a second's start, in seconds, by its place.
    pub(super) fn second(&self, at: usize) -> i64 {
        let minute = self.minutes.get(at / 60).map_or(0, |m| m.start);
        minute + (at % 60) as i64
    }

    /// When it begins, in seconds: with the first session.
    pub(super) fn begin(&self) -> i64 {
        let first = self.minutes.iter().find_map(|m| m.session);
        first.map_or(0, |s| s.start)
    }

    /// Whether the feed is silent in a second.
    pub(super) fn silent(&self, at: usize) -> bool {
        self.stalls.iter().any(|s| s.contains(&at))
    }

    /// The last second of trading.
    pub(super) fn end(&self) -> i64 {
        self.minutes.last().map_or(0, |m| m.start + 60)
    }
}

/// The days of the market.
pub(super) struct Market {
    pub(super) doc: MarketDoc,
    hours: Hours,
    dates: Vec<NaiveDate>,
    /// What the last day made handed on, and its number.
    carry: Option<(u32, Carry)>,
}

/// The dates of the days.
fn dates(doc: &MarketDoc, hours: &Hours) -> impl Iterator<Item = NaiveDate> {
    let next = |date: &NaiveDate| Some(hours.next_trading_day(*date));
    let dates = std::iter::successors(Some(doc.start.value), next);
    dates.take(doc.days.max(1) as usize)
}

/// From when to when the market goes, in seconds.
pub(super) fn extent(doc: &MarketDoc, hours: &Hours) -> (i64, i64) {
    let first = hours.sessions(doc.start.value);
    let last = dates(doc, hours).last();
    let last = last.map_or_else(Vec::new, |date| hours.sessions(date));
    let from = first.first().map_or(0, |s| s.start);
    (from, last.last().map_or(from, |s| s.end))
}

impl Market {
    pub(super) fn new(doc: &MarketDoc, hours: &Hours) -> Self {
        Self {
            doc: doc.clone(),
            hours: hours.clone(),
            dates: dates(doc, hours).collect(),
            carry: None,
        }
    }

    /// The dates of the days before a day, from two before the first: open interest is counted up
    /// along them.
    pub(super) fn dates_before(&self, number: u32) -> Vec<NaiveDate> {
        let before = self.hours.previous_trading_day(self.doc.start.value);
        let dates = self.dates.iter().take(number as usize).copied();
        let first = [self.hours.previous_trading_day(before), before];
        first.into_iter().chain(dates).collect()
    }

    /// A day; none after the last.
    pub(super) fn day(&mut self, number: u32) -> Option<Day> {
        let date = *self.dates.get(number as usize)?;
        let carry = match self.carry.take() {
            Some((made, carry)) if made.checked_add(1) == Some(number) => Some(carry),
            // Where a run goes on in the middle: the days before are walked through again.
            _ => number.checked_sub(1).and_then(|before| {
                self.day(before)?;
                self.carry.take().map(|(_, carry)| carry)
            }),
        };
        let (day, after) = self.walk(number, date, carry);
        self.carry = Some((number, after));
        Some(day)
    }

    fn walk(&self, number: u32, date: NaiveDate, carry: Option<Carry>) -> (Day, Carry) {
        let sessions = self.hours.sessions(date);
        let begin = sessions.first().map_or(0, |s| s.start);
        let carry = carry.unwrap_or_else(|| first(self.doc.level, begin));
        let minutes = self.hours.minutes(carry.end, &sessions);
        let before = self.hours.previous_trading_day(date);
        let mut day = Day {
            number,
            hours: self.hours.clone(),
            date,
            before,
            published: hours::tokyo_seconds(before, 20, 0),
            states: Vec::with_capacity(minutes.len() * 60),
            activity: Vec::with_capacity(minutes.len() * 60),
            stalls: Vec::new(),
            opening: carry.state,
            closes: carry.closes,
            minutes,
        };
        let crash = self
            .doc
            .crash
            .and_then(|c| Crash::new(c, carry.end, &day.minutes));
        let mut walk = Walk {
            draw: Draw::new(self.doc.seed, number, Purpose::Path),
            carry,
            crash,
            new_york_open: None,
            last: carry.end,
        };
        for at in 0..day.minutes.len() {
            let minute = day.minutes[at];
            for second in 0..60 {
                let activity = walk.second(&minute, second);
                day.states.push(walk.carry.state);
                day.activity.push(activity as f32);
            }
            let next = day.minutes.get(at + 1);
            walk.carry.closes.pass(&minute, next, &walk.carry.state);
        }
        walk.carry.end = day.end();
        walk.carry.closes.tokyo = walk.carry.state;
        if self.doc.stalls {
            stall(&mut day, self.doc.seed);
        }
        (day, walk.carry)
    }
}

fn first(level: f64, begin: i64) -> Carry {
    let state = State {
        index: level,
        volatility: VOLATILITY,
        rate: RATE,
        dow: DOW,
        nasdaq: NASDAQ,
        sp500: SP500,
        vix: VIX,
    };
    Carry {
        state,
        end: begin,
        since_new_york: 0.0,
        closes: Closes {
            new_york: state,
            rate: RATE,
            tokyo: state,
        },
    }
}

/// A crash on its way.
struct Crash {
    doc: CrashDoc,
    /// The second with which it begins.
    from: i64,
}

impl Crash {
    /// The crash, where it begins in one of these minutes, which go on from a second.
    fn new(doc: CrashDoc, from: i64, minutes: &[Minute]) -> Option<Self> {
        let at = doc.at.div_euclid(1_000_000);
        if from > at {
            return None;
        }
        let open = minutes
            .iter()
            .find(|m| m.session.is_some() && m.start + 60 > at)?;
        Some(Self {
            doc,
            from: at.max(open.start),
        })
    }

    /// How much of it happens in a second of trading.
    fn share(&self, now: i64) -> f64 {
        if now < self.from {
            return 0.0;
        }
        let done = |seconds: f64| {
            0.7 * (1.0 - (-seconds / 60.0).exp()) + 0.3 * (1.0 - (-seconds / 300.0).exp())
        };
        let since = (now - self.from) as f64;
        done(since + 1.0) - done(since)
    }
}

/// One day on its way.
struct Walk {
    draw: Draw,
    carry: Carry,
    crash: Option<Crash>,
    /// When New York opened, while it is open.
    new_york_open: Option<i64>,
    /// The last second of trading in futures.
    last: i64,
}

impl Walk {
    /// Moves everything by a second; how much is going on in it.
    fn second(&mut self, minute: &Minute, second: i64) -> f64 {
        let now = minute.start + second;
        let since = self.new_york_open.map(|open| now - open);
        let mut activity = 0.0;
        let mut index_move = 0.0;
        if minute.session.is_some() {
            let share = season::variance(minute, second, since) + gap(now - self.last);
            self.last = now + 1;
            let (moved, noise) = self.index(share, now);
            index_move = moved;
            activity = season::activity(minute, second, since) * (0.6 + 0.5 * noise.abs());
        }
        if minute.currencies {
            let deviation = RATE_DAY / (86_400f64 * 0.9).sqrt();
            let own = deviation * self.draw.normal();
            self.carry.state.rate *= (own + RATE_WITH_INDEX * index_move).exp();
        }
        if minute.new_york {
            self.new_york(index_move, now);
        } else {
            self.carry.since_new_york += index_move;
            self.new_york_open = None;
        }
        activity
    }

    /// Moves the index and its volatility; by how much, and its part by chance.
    fn index(&mut self, share: f64, now: i64) -> (f64, f64) {
        let state = &mut self.carry.state;
        let day = state.volatility / 100.0 / TRADING_DAYS.sqrt() * REALISED;
        let noise = self.draw.normal();
        let mut moved = day * share.sqrt() * noise;
        if self.draw.chance(JUMPS * share) {
            moved += JUMP * self.draw.normal();
        }
        let mut beyond = 0.0;
        if let Some(crash) = &self.crash {
            let part = crash.share(now);
            moved += (1.0 + crash.doc.size).ln() * part;
            let fall = crash.doc.size.min(0.0);
            beyond = VOLATILITY_ON_CRASH * fall * fall * part;
        }
        state.index *= moved.exp();
        let back = VOLATILITY_RETURN * share * (VOLATILITY / state.volatility).ln();
        let own = VOLATILITY_OWN * share.sqrt() * self.draw.normal();
        let change = VOLATILITY_ON_INDEX * moved + beyond + back + own;
        state.volatility = (state.volatility * change.exp()).clamp(8.0, 180.0);
        (moved, noise)
    }

    /// Moves New York's shares and the VIX.
    fn new_york(&mut self, index_move: f64, now: i64) {
        let opened = self.new_york_open.is_none();
        let deviation = NEW_YORK_DAY / (6.5f64 * 3600.0).sqrt();
        let mut moved = NEW_YORK_WITH_INDEX * index_move + deviation * 0.7 * self.draw.normal();
        if opened {
            moved += NEW_YORK_AFTER_TOKYO * self.carry.since_new_york;
            moved += NEW_YORK_DAY * 0.3 * self.draw.normal();
            self.carry.since_new_york = 0.0;
            self.new_york_open = Some(now);
        }
        let own = deviation * 0.5;
        let state = &mut self.carry.state;
        state.sp500 *= moved.exp();
        state.dow *= (0.9 * moved + own * self.draw.normal()).exp();
        state.nasdaq *= (1.25 * moved + own * self.draw.normal()).exp();
        let back = 0.05 / (6.5 * 3600.0) * (VIX / state.vix).ln();
        let change = VIX_ON_SP500 * moved + back + own * 3.0 * self.draw.normal();
        state.vix = (state.vix * change.exp()).clamp(9.0, 150.0);
    }
}

impl Closes {
    /// Keeps what changes will be counted from, where a market closes with a minute.
    pub(super) fn pass(&mut self, minute: &Minute, next: Option<&Minute>, state: &State) {
        let goes_on = next.is_some_and(|n| n.new_york && n.start == minute.start + 60);
        if minute.new_york && !goes_on {
            self.new_york = *state;
        }
        if hours::currencies_roll(minute.start + 60) {
            self.rate = state.rate;
        }
    }
}

/// The share of a day's variance that a pause of so many seconds brings.
fn gap(seconds: i64) -> f64 {
    let hours = seconds.max(0) as f64 / 3600.0;
    (0.01 * hours).min(0.3)
}

/// Silences the feed now and then.
fn stall(day: &mut Day, seed: u64) {
    let mut draw = Draw::new(seed, day.number, Purpose::Stalls);
    let seconds = day.activity.len() as i64;
    for _ in 0..3 + draw.up_to(2) {
        let from = draw.up_to(seconds - 200) as usize;
        let length = 30 + draw.up_to(150) as usize;
        day.activity
            .iter_mut()
            .skip(from)
            .take(length)
            .for_each(|a| *a = 0.0);
        day.stalls.push(from..from + length);
    }
}
