//! What the desk must say, by loops over the ticks: each stream as lines, its columns between bars.

use std::collections::BTreeMap;

use zaraba_core::time::{DAY, iso8601};

use super::hours::{days_to, tick_size};
use super::scenarios::Scenario;
use super::ticks::{FUTURE, Key, OPTION, Tick};

const MINUTE: i64 = 60_000_000;

/// Something or null.
fn or_null<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "null".to_owned(), |v| v.to_string())
}

fn date(days: i32) -> String {
    iso8601(i64::from(days) * DAY)[..10].to_owned()
}

/// A tick's columns.
fn row(tick: &Tick) -> String {
    let (product, sq, strike, side) = tick.key;
    let (strike, side, oi) = (or_null(strike), or_null(side), or_null(tick.oi));
    format!(
        "{}|{product}|{}|{strike}|{side}|{:?}|{oi}|{}",
        iso8601(tick.time),
        date(sq),
        tick.price,
        tick.volume
    )
}

/// What the calendar says of each row.
pub(super) fn classified(scenario: &Scenario, ticks: &[Tick]) -> Vec<String> {
    let line = |tick: &Tick| {
        let (product, sq, ..) = tick.key;
        let hours = scenario.hours(product);
        let day = hours.day(tick.time);
        let session = hours.session(tick.time);
        let session = session.map(|s| if s.night { "night" } else { "day" });
        let step = tick_size(product, tick.price, day).map(|t| format!("{t:?}"));
        format!(
            "{}|{product}|{}|{}|{}|{}|{}|{}",
            iso8601(tick.time),
            date(sq),
            date(day),
            or_null(session),
            hours.phase(tick.time),
            or_null(step),
            days_to(tick.time, sq),
        )
    };
    ticks.iter().map(line).collect()
}

/// The bars of a product's sessions and months, or contracts; and the rows outside sessions.
pub(super) fn bars(scenario: &Scenario, ticks: &[Tick], product: &str) -> [Vec<String>; 2] {
    let (mut bars, mut outside) = (BTreeMap::<_, Vec<&Tick>>::new(), Vec::new());
    for tick in ticks.iter().filter(|t| t.key.0 == product) {
        match scenario.hours(product).session(tick.time) {
            Some(session) => {
                let bounds = (session.open, session.end(), tick.key);
                bars.entry(bounds).or_default().push(tick);
            }
            None => outside.push(row(tick)),
        }
    }
    let line = |((start, end, key), ticks): (&(i64, i64, Key), &Vec<&Tick>)| {
        let prices = || ticks.iter().map(|t| t.price);
        let volume: i64 = ticks.iter().map(|t| t.volume).sum();
        let contract = match key {
            (_, sq, None, _) => date(*sq),
            (_, sq, strike, side) => {
                format!("{}|{}|{}", date(*sq), or_null(*strike), or_null(*side))
            }
        };
        format!(
            "{}|{}|{contract}|{:?}|{:?}|{:?}|{:?}|{volume}",
            iso8601(*start),
            iso8601(*end),
            ticks[0].price,
            prices().fold(f64::MIN, f64::max),
            prices().fold(f64::MAX, f64::min),
            ticks[ticks.len() - 1].price,
        )
    };
    [bars.iter().map(line).collect(), outside]
}

/// The settled rows as they change: of each key the newest before each close of a day session.
pub(super) fn settled(scenario: &Scenario, ticks: &[Tick]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut since = i64::MIN;
    for close in scenario.hours(FUTURE).day_closes() {
        let of_close = ticks.iter().filter(|t| since <= t.time && t.time < close);
        let newest: BTreeMap<Key, &Tick> = of_close.map(|t| (t.key, t)).collect();
        lines.extend(
            newest
                .values()
                .map(|t| format!("{}|{}", iso8601(close), row(t))),
        );
        since = close;
    }
    lines
}

/// The lines of the query `since`: options, each beside the newest row of its key before the last
/// close of a day session.
pub(super) fn since(scenario: &Scenario, ticks: &[Tick]) -> Vec<String> {
    let closes = scenario.hours(FUTURE).day_closes();
    let line = |tick: &Tick| {
        let (_, sq, strike, side) = tick.key;
        let close = closes.iter().rfind(|close| **close <= tick.time);
        let of_key = |t: &&Tick| t.key == tick.key && Some(&t.time) < close;
        let settled = ticks.iter().rfind(of_key).map(|t| format!("{:?}", t.price));
        let (strike, side, settled) = (or_null(strike), or_null(side), or_null(settled));
        let (ts, sq, price) = (iso8601(tick.time), date(sq), tick.price);
        format!("{ts}|{sq}|{strike}|{side}|{price:?}|{settled}")
    };
    let options = ticks.iter().filter(|t| t.key.0 == OPTION);
    options.map(line).collect()
}

/// What queries on a trigger see at a tick.
struct Seen<'a> {
    /// When.
    at: i64,
    chain: Vec<&'a Tick>,
    /// The rows as of the last close of a day session.
    settled: BTreeMap<Key, &'a Tick>,
    /// The products that there has been a row of.
    products: Vec<&'static str>,
}

impl Seen<'_> {
    fn options(&self, sq: i32) -> impl Iterator<Item = &Tick> {
        let of_month = move |t: &&&Tick| t.key.0 == OPTION && t.key.1 == sq;
        self.chain.iter().filter(of_month).copied()
    }
}

/// Calls for each tick of a trigger, from the first row to the first tick past the last one.
fn at_ticks(scenario: &Scenario, ticks: &[Tick], every: i64, mut call: impl FnMut(&Seen<'_>)) {
    let hours = scenario.hours(FUTURE);
    let closes = hours.day_closes();
    let mut newest: BTreeMap<Key, &Tick> = BTreeMap::new();
    let (first, end) = (ticks[0].time, ticks[ticks.len() - 1].time);
    let past = |time: i64| -(-time).div_euclid(every) * every;
    let (mut at, mut next) = (past(first), 0);
    let (mut settled, mut settled_until) = (BTreeMap::new(), None);
    while at <= past(end) {
        while next < ticks.len() && ticks[next].time <= at {
            newest.insert(ticks[next].key, &ticks[next]);
            next += 1;
        }
        let close = closes.iter().rfind(|close| **close <= at);
        if close != settled_until {
            settled_until = close;
            let before = ticks.iter().take_while(|t| Some(&t.time) < close);
            settled = before.map(|t| (t.key, t)).collect();
        }
        let today = hours.day(at);
        // A row lives on its own trading day and on the next one.
        let lives = |t: &&&Tick| {
            let age = hours.number(today) - hours.number(hours.day(t.time));
            age < 2 && t.key.1 >= today
        };
        let products = [FUTURE, OPTION].into_iter();
        call(&Seen {
            at,
            chain: newest.values().filter(lives).copied().collect(),
            settled: settled.clone(),
            products: products
                .filter(|p| newest.keys().any(|key| key.0 == *p))
                .collect(),
        });
        at += every;
    }
}

/// The lines of the queries `alive`, `balance` and `front_month`.
pub(super) fn figures(scenario: &Scenario, ticks: &[Tick]) -> [Vec<String>; 3] {
    let [mut alive, mut balance, mut front_month] = [const { Vec::new() }; 3];
    at_ticks(scenario, ticks, 30 * MINUTE, |seen| {
        let at = iso8601(seen.at);
        let count = |product: &str| seen.chain.iter().filter(|t| t.key.0 == product).count();
        for product in seen.products.iter().copied() {
            assert!(count(product) > 0, "{at}: no rows of {product}");
        }
        alive.push(format!("{at}|{}|{}", count(FUTURE), count(OPTION)));
        for (sq, products, _) in scenario.months {
            let sq = super::hours::days(sq);
            let options: Vec<&Tick> = seen.options(sq).collect();
            if options.is_empty() || !products.contains('O') {
                continue;
            }
            let oi = |side| {
                let of_side = options.iter().filter(|t| t.key.3 == Some(side));
                of_side.filter_map(|t| t.oi).reduce(|a, b| a + b)
            };
            let premium: f64 = options.iter().map(|t| t.price).sum();
            let (n, calls, puts) = (options.len(), or_null(oi("C")), or_null(oi("P")));
            balance.push(format!("{at}|{}|{n}|{calls}|{puts}|{premium:?}", date(sq)));
        }
        let (_, front) = scenario.front(seen.at);
        let options: Vec<&Tick> = seen.options(front).collect();
        if !options.is_empty() {
            let premium: f64 = options.iter().map(|t| t.price).sum();
            let change = |t: &&Tick| seen.settled.get(&t.key).map(|s| t.price - s.price);
            let changes: Vec<f64> = options.iter().filter_map(change).collect();
            let total = changes.iter().copied().reduce(|a, b| a + b);
            let (n, settled) = (options.len(), changes.len());
            let total = or_null(total.map(|t| format!("{t:?}")));
            front_month.push(format!(
                "{at}|{}|{n}|{premium:?}|{settled}|{total}",
                date(front)
            ));
        }
    });
    [alive, balance, front_month]
}

/// The lines of the query `front`.
pub(super) fn fronts(scenario: &Scenario, ticks: &[Tick]) -> Vec<String> {
    let mut lines = Vec::new();
    at_ticks(scenario, ticks, 2 * MINUTE, |seen| {
        let (future, option) = scenario.front(seen.at);
        let known = |product, sq| or_null(seen.products.contains(&product).then(|| date(sq)));
        let (future, option) = (known(FUTURE, future), known(OPTION, option));
        let day = date(scenario.hours(FUTURE).day(seen.at));
        lines.push(format!("{}|{day}|{future}|{option}", iso8601(seen.at)));
    });
    lines
}
