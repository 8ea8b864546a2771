//! Ticks of a scenario: futures and options of several months, sparse, at the edges of each session
//! and beside them, in an order of arrival that is not that of time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use zaraba_runtime::wire::StandIn;

use super::hours::{Hours, days, tokyo};
use super::scenarios::Scenario;

const MINUTE: i64 = 60_000_000;

/// What a table has one row of.
pub(super) type Key = (&'static str, i32, Option<i64>, Option<&'static str>);

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) time: i64,
    pub(super) key: Key,
    pub(super) price: f64,
    pub(super) oi: Option<i64>,
    pub(super) volume: i64,
}

pub(super) const FUTURE: &str = "NK225.future";
pub(super) const OPTION: &str = "NK225.option";

/// Option prices: both sides of each price at which the tick changes, and on it.
const PREMIUMS: [f64; 11] = [
    1.0, 55.0, 99.0, 100.0, 105.0, 110.0, 295.0, 299.0, 300.0, 305.0, 1240.0,
];

/// What is listed of a month, no strike at a regular distance.
fn contracts(product: &'static str, sq: i32, month: i64) -> Vec<Key> {
    if product == FUTURE {
        return vec![(product, sq, None, None)];
    }
    let strikes = [48_000 + 500 * month, 50_125, 53_000 + 1_000 * month];
    let both = |strike| ["C", "P"].map(|side| (product, sq, Some(strike), Some(side)));
    strikes.into_iter().flat_map(both).collect()
}

/// When a month's product has rows, and of which of its contracts.
fn times(hours: &Hours, step: i64, month: i64, strays: &[&str]) -> Vec<(i64, usize)> {
    let mut times: Vec<(i64, usize)> = Vec::new();
    for (number, session) in hours.sessions.iter().enumerate() {
        let (open, close) = (session.open, session.close);
        let regular = (0..).map(|i| open + (1 + month) * MINUTE + i * step);
        // The last of a month's options trades in the first session only.
        let contracts = (0..).map(|i| if number == 0 { i % 6 } else { i % 5 });
        times.extend(regular.take_while(|t| *t < close).zip(contracts));
        // The auctions, the last microsecond, and around the session.
        let edges = [open, close, close + MINUTE - 1, close - 30_000_000];
        let around = [open - 20 * MINUTE, open - 1, close + MINUTE];
        let edges = edges.into_iter().chain(around);
        times.extend(edges.flat_map(|t| [(t, 0), (t, 3)]));
    }
    times.extend(strays.iter().map(|stray| (tokyo(stray), 0)));
    times
}

/// The ticks of a scenario, in the order of time.
pub(super) fn ticks(scenario: &Scenario) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    for (month, (sq, products, until)) in (0..).zip(scenario.months) {
        for product in [FUTURE, OPTION] {
            let step = if product == FUTURE { 10 } else { 5 } * MINUTE;
            if !products.contains(if product == FUTURE { 'F' } else { 'O' }) {
                continue;
            }
            let until = if until.is_empty() {
                i64::MAX
            } else {
                tokyo(until)
            };
            let until = until.min(scenario.end());
            let contracts = contracts(product, days(sq), month);
            let mut times = times(scenario.hours(product), step, month, scenario.strays);
            times.retain(|(time, _)| *time < until);
            times.sort_unstable();
            for (i, (time, contract)) in (0..).zip(times) {
                let price = if product == FUTURE {
                    50_000.0 + 10.0 * ((i * 37 + 11 * month) % 90) as f64
                } else {
                    PREMIUMS[usize::try_from(i * 7 + month).unwrap() % PREMIUMS.len()]
                };
                ticks.push(Tick {
                    time,
                    key: contracts[contract % contracts.len()],
                    price,
                    oi: (i % 6 != 0).then_some(i * 13 % 500 + 1_000 * month),
                    volume: 1 + i % 9,
                });
            }
        }
    }
    ticks.sort_by_key(|t| (t.time, t.key));
    ticks.dedup_by_key(|t| (t.time, t.key));
    ticks
}

/// As the source hands them over: up to a hundred seconds late, futures and options in partitions of
/// their own.
pub(super) fn stand_in(ticks: &[Tick]) -> StandIn {
    let mut arriving: Vec<(i64, &Tick)> = Vec::new();
    for (i, tick) in (0..).zip(ticks) {
        arriving.push((tick.time + i * 7_919 % 100 * 1_000_000, tick));
    }
    arriving.sort_by_key(|(at, _)| *at);
    let arrived: Vec<&Tick> = arriving.into_iter().map(|(_, tick)| tick).collect();
    let mut rows = Vec::new();
    for some in arrived.chunks(100) {
        for (partition, product) in (0..).zip([FUTURE, OPTION]) {
            let of_product = some.iter().copied().filter(|t| t.key.0 == product);
            rows.push((partition, record(&of_product.collect::<Vec<_>>())));
        }
    }
    StandIn {
        rows,
        partitions: 2,
    }
}

fn record(ticks: &[&Tick]) -> RecordBatch {
    let times: TimestampMicrosecondArray = ticks.iter().map(|t| Some(t.time)).collect();
    let column = |name: &'static str, array: ArrayRef| (name, array, true);
    RecordBatch::try_from_iter_with_nullable([
        column("ts", Arc::new(times.with_timezone("UTC"))),
        column(
            "product",
            Arc::new(StringArray::from_iter_values(ticks.iter().map(|t| t.key.0))),
        ),
        column(
            "sq_date",
            Arc::new(Date32Array::from_iter_values(ticks.iter().map(|t| t.key.1))),
        ),
        column(
            "strike",
            Arc::new(ticks.iter().map(|t| t.key.2).collect::<Int64Array>()),
        ),
        column(
            "put_call",
            Arc::new(ticks.iter().map(|t| t.key.3).collect::<StringArray>()),
        ),
        column(
            "price",
            Arc::new(Float64Array::from_iter_values(
                ticks.iter().map(|t| t.price),
            )),
        ),
        column(
            "oi",
            Arc::new(ticks.iter().map(|t| t.oi).collect::<Int64Array>()),
        ),
        column(
            "volume",
            Arc::new(Int64Array::from_iter_values(ticks.iter().map(|t| t.volume))),
        ),
    ])
    .unwrap()
}
