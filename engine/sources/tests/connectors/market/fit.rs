//! The simulated market beside what was measured on the real one. The facts are those of the data's
//! description (open interest and implied volatility of Nikkei 225 options in July and August 2026,
//! five-minute changes of a NIFTY 50 chain); each test prints both and says why its band is as wide
//! as it is.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use zaraba_config::document::{MarketDoc, MarketStream};

use super::{SECOND, all, date, days, doc, floats, ints, quantile, texts, times, tokyo};
use crate::common::located;

const SEEDS: [u64; 8] = [1, 2, 3, 5, 8, 13, 21, 225];

/// The market on the trading day after 2026-07-31, of which the facts are.
fn july(stream: MarketStream, seed: u64) -> MarketDoc {
    MarketDoc {
        seed,
        start: located(date("2026-08-03")),
        level: 63_700.0,
        strikes: 250,
        ticks_per_day: None,
        ..doc(stream)
    }
}

/// Open interest and its change by month, strike and side.
type Chain = BTreeMap<(NaiveDate, i64, String), (i64, i64)>;

fn published(doc: &MarketDoc) -> Vec<Chain> {
    let rows = all(doc);
    let (sq, strike, side) = (
        days(&rows, "sq_date"),
        floats(&rows, "strike"),
        texts(&rows, "put_call"),
    );
    let (open, change, time) = (ints(&rows, "oi"), ints(&rows, "change"), times(&rows, "ts"));
    let mut chains: BTreeMap<i64, Chain> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        if let (Some(strike), Some(side)) = (strike[row], &side[row]) {
            let key = (sq[row].unwrap(), strike as i64, side.clone());
            let value = (open[row].unwrap(), change[row].unwrap());
            chains.entry(time[row]).or_default().insert(key, value);
        }
    }
    chains.into_values().collect()
}

fn within(what: &str, simulated: f64, measured: &str, low: f64, high: f64) {
    println!("{what}: simulated {simulated:.3}, measured {measured}, allowed {low} to {high}");
    assert!((low..=high).contains(&simulated), "{what}: {simulated}");
}

/// Totals are fitted, and large positions of a day come on top: 6 % either way. How concentrated
/// they are varies from day to day (42 to 46 %) and here from seed to seed too, so the band is wider
/// by four points.
#[test]
fn open_interest_is_as_large_and_as_concentrated() {
    for seed in SEEDS {
        let chain = published(&july(MarketStream::OpenInterest, seed)).remove(0);
        for (sq, calls, puts) in [
            ("2026-08-14", 52_895, 109_000),
            ("2026-09-11", 65_987, 106_219),
        ] {
            let sq = date(sq);
            let of = |s: &str| -> i64 {
                let side = chain
                    .iter()
                    .filter(|((m, _, side), _)| *m == sq && side == s);
                side.map(|(_, (open, _))| open).sum()
            };
            for (name, side, fact) in [("calls", "C", calls), ("puts", "P", puts)] {
                let share = of(side) as f64 / f64::from(fact);
                within(
                    &format!("seed {seed}, {sq} {name} / {fact}"),
                    share,
                    "1",
                    0.94,
                    1.06,
                );
            }
            let mut strikes: BTreeMap<i64, i64> = BTreeMap::new();
            for ((_, strike, _), (open, _)) in chain.iter().filter(|((m, ..), _)| *m == sq) {
                *strikes.entry(*strike).or_default() += open;
            }
            let total: i64 = strikes.values().sum();
            let part = |open: i64| open as f64 / total as f64;
            let mut largest: Vec<(i64, i64)> = strikes.iter().map(|(k, o)| (*o, *k)).collect();
            largest.sort_unstable_by(|a, b| b.cmp(a));
            let top = part(largest[..14].iter().map(|(o, _)| o).sum());
            within(
                &format!("seed {seed}, {sq} top 14"),
                top,
                "0.42 to 0.46",
                0.38,
                0.50,
            );
            let round = strikes.iter().filter(|(k, _)| *k % 1_000 == 0);
            let round = part(round.map(|(_, o)| o).sum());
            within(
                &format!("seed {seed}, {sq} round strikes"),
                round,
                "0.74, 0.81",
                0.68,
                0.87,
            );
            // 13,868 of 172,206 at 50,000; 8,522 of 161,895 at 65,000.
            let first = part(largest[0].0);
            within(
                &format!("seed {seed}, {sq} largest"),
                first,
                "0.053, 0.081",
                0.04,
                0.12,
            );
            assert_eq!(largest[0].1 % 1_000, 0, "the largest strike is round");
        }
    }
}

/// The largest change of a day was between 500 and 2,000 on all days measured. Days without a large
/// position exist here as there, so it must hold on nine days of ten, and the upper end always.
#[test]
fn the_largest_change_of_a_day_is_as_large() {
    let mut largest = Vec::new();
    for seed in SEEDS {
        let days = MarketDoc {
            days: 8,
            ..july(MarketStream::OpenInterest, seed)
        };
        for chain in published(&days) {
            largest.push(
                chain
                    .values()
                    .map(|(_, change)| change.abs())
                    .max()
                    .unwrap() as f64,
            );
        }
    }
    let of = largest.len() as f64;
    let usual = largest
        .iter()
        .filter(|l| (500.0..=2_000.0).contains(*l))
        .count() as f64
        / of;
    within(
        "days with a largest change of 500 to 2,000",
        usual,
        "all",
        0.9,
        1.0,
    );
    within(
        "largest of all",
        quantile(&mut largest, 1.0),
        "2,000",
        500.0,
        2_300.0,
    );
}

/// A contract's values by minute, the last of each.
type Minutes = BTreeMap<i64, f64>;

/// Five-minute changes, in percent, of values that are not too small.
fn changes(contracts: &HashMap<String, Minutes>, from: i64, to: i64, least: f64) -> Vec<f64> {
    let mut changes = Vec::new();
    for values in contracts.values() {
        let at = |minute: i64| values.range(..=minute).next_back().map(|(_, v)| *v);
        for minute in from / 60 / SECOND..to / 60 / SECOND - 5 {
            if let (Some(before), Some(after)) = (at(minute), at(minute + 5))
                && before >= least
            {
                changes.push((after / before - 1.0).abs() * 100.0);
            }
        }
    }
    changes
}

/// NIFTY's percentiles are of one quiet noon (11:27 to 13:08) on a chain with 10 % volatility; these
/// are of noons on one with 35 %, where a premium moves less for each point of volatility but in
/// coarser ticks. So: a third either way for the 99th percentile, a half for the 99.9th. As there,
/// cheap premiums count from 100 ticks of 0.05 on 24,050, the same share of the index here.
#[test]
fn five_minute_changes_are_as_large() {
    let (mut prices, mut interests) = (Vec::new(), Vec::new());
    let (from, to) = (tokyo("2026-08-03T11:00:00"), tokyo("2026-08-03T14:00:00"));
    for seed in &SEEDS[..2] {
        let rows = all(&MarketDoc {
            intraday_oi: true,
            ..july(MarketStream::Options, *seed)
        });
        let (time, sq) = (times(&rows, "ts"), days(&rows, "sq_date"));
        let (strike, side) = (floats(&rows, "strike"), texts(&rows, "put_call"));
        let (last, open) = (floats(&rows, "price"), ints(&rows, "oi"));
        let mut of: [HashMap<String, Minutes>; 2] = Default::default();
        for row in 0..rows.num_rows() {
            let (minute, sq) = (time[row] / 60 / SECOND, sq[row].unwrap());
            let contract = format!("{sq} {:?} {:?}", strike[row], side[row]);
            if let Some(last) = last[row] {
                of[0]
                    .entry(contract.clone())
                    .or_default()
                    .insert(minute, last);
            }
            let open = open[row].unwrap() as f64;
            of[1].entry(contract).or_default().insert(minute, open);
        }
        prices.extend(changes(&of[0], from, to, 13.0));
        interests.extend(changes(&of[1], from, to, 100.0));
    }
    within(
        "|change of price| P99",
        quantile(&mut prices, 0.99),
        "6.6",
        4.4,
        8.8,
    );
    within(
        "|change of price| P99.9",
        quantile(&mut prices, 0.999),
        "10.5",
        5.2,
        15.8,
    );
    within(
        "|change of open interest| P99",
        quantile(&mut interests, 0.99),
        "5.0",
        3.3,
        6.7,
    );
    within(
        "|change of open interest| P99.9",
        quantile(&mut interests, 0.999),
        "13.2",
        6.6,
        19.8,
    );
}

/// At the money: 33 to 40 % over two months of days; a simulated day starts in the middle of it and
/// may move by a few points.
#[test]
fn volatility_at_the_money_is_as_high() {
    for seed in &SEEDS[..3] {
        let rows = all(&MarketDoc {
            ticks_per_day: Some(100_000),
            ..july(MarketStream::Qri, *seed)
        });
        let contract = texts(&rows, "contract");
        let (strike, last) = (ints(&rows, "strike"), ints(&rows, "last_price"));
        let (call, iv) = (texts(&rows, "option_type"), floats(&rows, "iv"));
        let forward = |month: &str| {
            // Where a call and a put of one strike cost about the same, the forward is near.
            let mut both: BTreeMap<i64, [Option<i64>; 2]> = BTreeMap::new();
            for row in 0..rows.num_rows() {
                if contract[row].as_deref() == Some(month) {
                    let side = usize::from(call[row].as_deref() == Some("PUT"));
                    both.entry(strike[row].unwrap()).or_default()[side] = last[row];
                }
            }
            let apart = |p: &[Option<i64>; 2]| Some((p[0]? - p[1]?).abs());
            let near = both.iter().filter_map(|(k, p)| Some((apart(p)?, *k))).min();
            near.unwrap().1
        };
        let at = forward("2026-08");
        let mut near = Vec::new();
        for row in 0..rows.num_rows() {
            if contract[row].as_deref() == Some("2026-08")
                && (strike[row].unwrap() - at).abs() <= 500
                && let Some(iv) = iv[row]
            {
                near.push(iv);
            }
        }
        let middle = quantile(&mut near, 0.5);
        within(
            &format!("seed {seed}: IV at the money"),
            middle,
            "33 to 40",
            31.0,
            44.0,
        );
    }
}
