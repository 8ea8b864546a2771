//! What the streams say, and that they say the same.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use zaraba_config::document::{CrashDoc, MarketDoc, MarketStream};

use super::{SECOND, all, date, days, doc, floats, ints, texts, times, tokyo};
use crate::common::{NOWHERE, located};

const MINUTE: i64 = 60 * SECOND;

/// A contract: settlement date, strike, side.
type Contract = (NaiveDate, i64, bool);

fn contracts(rows: &RecordBatch) -> Vec<Contract> {
    let (sq, strike) = (days(rows, "sq_date"), floats(rows, "strike"));
    let side = texts(rows, "put_call");
    let contract = |row: usize| {
        let call = side[row].as_deref() == Some("C");
        (sq[row].unwrap(), strike[row].unwrap() as i64, call)
    };
    (0..rows.num_rows()).map(contract).collect()
}

#[test]
fn ticks_lie_in_the_sessions_of_their_trading_day() {
    for stream in [MarketStream::Options, MarketStream::Futures] {
        // Monday 2025-11-24 is a holiday on which derivatives trade, so Tuesday's trading day has
        // five sessions: Friday's night, the holiday's day and night, and its own day.
        let doc = MarketDoc {
            start: located(date("2025-11-25")),
            ..doc(stream)
        };
        let rows = all(&doc);
        assert!(
            days(&rows, "trading_day")
                .iter()
                .all(|d| *d == Some(date("2025-11-25")))
        );
        let sessions = [
            ("2025-11-21T17:00:00", "2025-11-22T06:00:00"),
            ("2025-11-24T08:45:00", "2025-11-24T15:45:00"),
            ("2025-11-24T17:00:00", "2025-11-25T06:00:00"),
            ("2025-11-25T08:45:00", "2025-11-25T15:45:00"),
        ];
        let mut counts = [0; 4];
        for time in times(&rows, "ts") {
            let of = sessions
                .iter()
                .position(|(from, to)| (tokyo(from)..tokyo(to)).contains(&time));
            counts[of.unwrap()] += 1;
        }
        assert!(counts.iter().all(|c| *c > 500), "{counts:?}");
        assert!(times(&rows, "ts").is_sorted());
    }
}

#[test]
fn quotes_are_in_ticks_of_their_date_and_do_not_cross() {
    for (start, fine) in [("2025-11-14", 100.0), ("2025-11-18", 300.0)] {
        let rows = all(&MarketDoc {
            start: located(date(start)),
            strikes: 250,
            ticks_per_day: Some(200_000),
            ..doc(MarketStream::Options)
        });
        let (bid, ask) = (floats(&rows, "bid"), floats(&rows, "ask"));
        for (bid, ask) in bid.iter().zip(&ask) {
            assert!(
                bid.zip(*ask).is_none_or(|(bid, ask)| bid < ask),
                "{bid:?} {ask:?}"
            );
        }
        let wings = bid
            .iter()
            .zip(&ask)
            .filter(|(b, a)| b.is_none() && **a == Some(1.0));
        assert!(wings.count() > 20, "wings of one yen without a bid");
        let all_prices = [
            bid,
            ask,
            floats(&rows, "price"),
            floats(&rows, "settlement"),
        ]
        .concat();
        let mut between = 0;
        for price in all_prices.into_iter().flatten() {
            let step = if price > fine { 5.0 } else { 1.0 };
            assert!(price >= 1.0 && price % step == 0.0, "{start}: {price}");
            between += usize::from((101.0..=300.0).contains(&price) && price % 5.0 != 0.0);
        }
        assert_eq!(between > 0, fine > 200.0, "{start}: {between}");
    }
}

#[test]
fn volume_grows_and_prices_come_with_it() {
    let rows = all(&MarketDoc {
        strikes: 60,
        ticks_per_day: Some(100_000),
        ..doc(MarketStream::Options)
    });
    let (volume, last) = (ints(&rows, "volume"), floats(&rows, "price"));
    let mut before: BTreeMap<Contract, i64> = BTreeMap::new();
    for (row, contract) in contracts(&rows).into_iter().enumerate() {
        let volume = volume[row].unwrap();
        assert!(before.insert(contract, volume).unwrap_or(0) <= volume);
        assert_eq!(last[row].is_some(), volume > 0);
    }
    let early = last[..1_000].iter().filter(|p| p.is_none()).count();
    assert!(
        early > 800,
        "early in a session most rows have no price: {early} of 1,000"
    );
    // Near the money and at round strikes.
    let of = |which: &dyn Fn(&Contract) -> bool| -> i64 {
        before
            .iter()
            .filter(|(c, _)| which(c))
            .map(|(_, v)| v)
            .sum()
    };
    let all = of(&|_| true);
    assert!(of(&|c| (47_000..=53_000).contains(&c.1)) * 2 > all);
    assert!(of(&|c| c.1 % 1_000 == 0) > of(&|c| c.1 % 1_000 == 500));
    assert!(of(&|c| c.1 % 1_000 == 500) > of(&|c| c.1 % 250 == 125) / 2);
}

/// At 20:00 on the evening of the night session, of the day before, in both streams alike.
#[test]
fn open_interest_is_blank_until_it_is_published() {
    let small = MarketDoc {
        days: 2,
        ..doc(MarketStream::Options)
    };
    let rows = all(&small);
    let published = all(&MarketDoc {
        stream: MarketStream::OpenInterest,
        ..small.clone()
    });
    let mut known: BTreeMap<(NaiveDate, Contract), i64> = BTreeMap::new();
    let (of, open) = (days(&published, "oi_date"), ints(&published, "oi"));
    let at = times(&published, "ts");
    let options = texts(&published, "put_call");
    for row in 0..published.num_rows() {
        assert!([tokyo("2025-11-17T20:00:00"), tokyo("2025-11-18T20:00:00")].contains(&at[row]));
        if options[row].is_some() {
            let contract = contracts(&published.slice(row, 1)).remove(0);
            known.insert((of[row].unwrap(), contract), open[row].unwrap());
        }
    }
    assert_eq!(known.len(), 2 * 3 * 20 * 2);
    let (time, day) = (times(&rows, "ts"), days(&rows, "trading_day"));
    let (open, of) = (ints(&rows, "oi"), days(&rows, "oi_date"));
    let mut blank = 0;
    for (row, contract) in contracts(&rows).into_iter().enumerate() {
        let (evening, before) = match day[row] == Some(date("2025-11-18")) {
            true => ("2025-11-17T20:00:00", "2025-11-17"),
            false => ("2025-11-18T20:00:00", "2025-11-18"),
        };
        let expected = (time[row] >= tokyo(evening)).then(|| known[&(date(before), contract)]);
        assert_eq!(open[row], expected);
        assert_eq!(of[row], expected.map(|_| date(before)));
        blank += usize::from(expected.is_none());
    }
    assert!(blank > 1_000);
}

#[test]
fn futures_and_options_stand_on_the_same_market() {
    let options = all(&MarketDoc {
        strikes: 40,
        ticks_per_day: Some(200_000),
        ..doc(MarketStream::Options)
    });
    let futures = all(&doc(MarketStream::Futures));
    // December's forward by put-call parity, from quotes of the same second, and its future.
    let december = date("2025-12-12");
    let middle = |rows: &RecordBatch| -> Vec<Option<f64>> {
        let (bid, ask) = (floats(rows, "bid"), floats(rows, "ask"));
        let both = bid.iter().zip(&ask);
        both.map(|(b, a)| Some((b.as_ref()? + a.as_ref()?) / 2.0))
            .collect()
    };
    let mut future: BTreeMap<i64, f64> = BTreeMap::new();
    let (time, sq, mid) = (
        times(&futures, "ts"),
        days(&futures, "sq_date"),
        middle(&futures),
    );
    for row in 0..futures.num_rows() {
        if sq[row] == Some(december) {
            future.insert(time[row] / SECOND, mid[row].unwrap());
        }
    }
    let (time, mid) = (times(&options, "ts"), middle(&options));
    let mut quotes: BTreeMap<(i64, i64), [Option<f64>; 2]> = BTreeMap::new();
    for (row, (sq, strike, call)) in contracts(&options).into_iter().enumerate() {
        if sq == december && (strike - 50_000).abs() < 1_000 {
            quotes.entry((time[row] / SECOND, strike)).or_default()[usize::from(call)] = mid[row];
        }
    }
    let mut compared = 0;
    for ((second, strike), [put, call]) in quotes {
        if let (Some(put), Some(call), Some(future)) = (put, call, future.get(&second)) {
            let forward = strike as f64 + call - put;
            assert!((forward - future).abs() < 30.0, "{forward} {future}");
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}

/// A contract's volume and last price.
type Traded = (Option<i64>, Option<f64>);

#[test]
fn pages_are_what_the_ticks_came_to() {
    let small = MarketDoc {
        ticks_per_day: Some(50_000),
        ..doc(MarketStream::Qri)
    };
    let pages = all(&small);
    let options = all(&MarketDoc {
        stream: MarketStream::Options,
        ..small
    });
    let (updated, collected) = (
        texts(&pages, "qri_update_time"),
        times(&pages, "collected_at"),
    );
    let minute = |text: &str| tokyo(&format!("{}:00", text.replace('/', "-").replace(' ', "T")));
    let mut starts: Vec<i64> = updated
        .iter()
        .map(|u| minute(u.as_ref().unwrap()))
        .collect();
    for (collected, updated) in collected.iter().zip(&starts) {
        assert!((15 * MINUTE..17 * MINUTE).contains(&(collected - updated)));
    }
    let middle = starts[starts.len() / 2];
    starts.dedup();
    assert!(
        starts
            .windows(2)
            .all(|w| w[1] - w[0] <= 14 * MINUTE || w[1] - w[0] > 160 * MINUTE)
    );
    assert!(starts.len() > 90, "{}", starts.len());
    // The state of every contract at one page's minute.
    let mut expected: BTreeMap<(String, i64, bool), Traded> = BTreeMap::new();
    let (time, volume, last) = (
        times(&options, "ts"),
        ints(&options, "volume"),
        floats(&options, "price"),
    );
    for (row, (sq, strike, call)) in contracts(&options).into_iter().enumerate() {
        if time[row] < middle {
            let key = (sq.format("%Y-%m").to_string(), strike, call);
            expected.insert(key, (volume[row].filter(|v| *v > 0), last[row]));
        }
    }
    let (contract, strike) = (texts(&pages, "contract"), ints(&pages, "strike"));
    let (side, volume) = (texts(&pages, "option_type"), ints(&pages, "volume"));
    let last = ints(&pages, "last_price");
    let mut compared = 0;
    for row in 0..pages.num_rows() {
        if minute(updated[row].as_ref().unwrap()) == middle {
            let call = side[row].as_deref() == Some("CALL");
            let key = (contract[row].clone().unwrap(), strike[row].unwrap(), call);
            if let Some((volume_then, last_then)) = expected.get(&key) {
                assert_eq!(volume[row], *volume_then, "{key:?}");
                assert_eq!(last[row].map(|l| l as f64), *last_then, "{key:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

/// The sample row of the page: `2026/09/01 17:41,…,2026/09/02,2026/09/10,2026-09,CALL,70000,91,,143,
/// 26.51,26.25,61,1,58,9,26.15,-36,-39.56,55,09/01 17:37`.
#[test]
fn a_page_is_laid_out_as_the_exchange_does() {
    let pages = all(&MarketDoc {
        start: located(date("2026-09-02")),
        level: 65_000.0,
        ticks_per_day: Some(100_000),
        ..doc(MarketStream::Qri)
    });
    let names = "qri_update_time,collected_at,trading_day,last_trading_day,contract,option_type,\
                 strike,settlement,open_interest,volume,ask_iv,bid_iv,ask_price,ask_quantity,\
                 bid_price,bid_quantity,iv,change,change_percent,last_price,trade_time";
    let schema = pages.schema();
    let fields: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(fields.join(","), names);
    let text = |name: &str, row: usize| texts(&pages, name)[row].clone().unwrap();
    assert!(text("qri_update_time", 0).starts_with("2026/09/01 17:"));
    assert_eq!(text("trading_day", 0), "2026/09/02");
    assert_eq!(text("last_trading_day", 0), "2026/09/10");
    assert_eq!(text("contract", 0), "2026-09");
    let (open, updated) = (
        ints(&pages, "open_interest"),
        texts(&pages, "qri_update_time"),
    );
    for (open, updated) in open.iter().zip(&updated) {
        let before = updated.as_deref().unwrap() < "2026/09/01 20:00";
        assert_eq!(open.is_none(), before, "{updated:?}");
    }
    let (last, settled) = (ints(&pages, "last_price"), ints(&pages, "settlement"));
    let (change, percent) = (ints(&pages, "change"), floats(&pages, "change_percent"));
    let traded = texts(&pages, "trade_time");
    let mut with_price = 0;
    for row in 0..pages.num_rows() {
        assert_eq!(traded[row].is_some(), last[row].is_some());
        let expected = last[row].map(|l| l - settled[row].unwrap());
        assert_eq!(change[row], expected);
        if let (Some(change), Some(percent)) = (change[row], percent[row]) {
            let exact = change as f64 / settled[row].unwrap() as f64 * 100.0;
            assert!((percent - exact).abs() <= 0.005 + 1e-9, "{percent} {exact}");
            with_price += 1;
        }
    }
    assert!(with_price > 1_000 && with_price < pages.num_rows());
    // The ask's volatility is above the bid's.
    let (ask, bid) = (floats(&pages, "ask_iv"), floats(&pages, "bid_iv"));
    let both = ask
        .iter()
        .zip(&bid)
        .filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)));
    assert!(both.clone().count() > 1_000 && both.clone().all(|(a, b)| a > b));
}

/// First and last value of a symbol from a time to another.
fn change(rows: &RecordBatch, symbol: &str, from: &str, to: &str) -> f64 {
    let (time, name, value) = (
        times(rows, "ts"),
        texts(rows, "symbol"),
        floats(rows, "value"),
    );
    let within = |row: &usize| (tokyo(from)..tokyo(to)).contains(&time[*row]);
    let of =
        (0..rows.num_rows()).filter(|row| within(row) && name[*row].as_deref() == Some(symbol));
    let values: Vec<f64> = of.map(|row| value[row].unwrap()).collect();
    values[values.len() - 1] / values[0] - 1.0
}

#[test]
fn a_crash_takes_everything_with_it() {
    // In the morning of the day session, and at night while New York is open.
    for (at, to, symbols) in [
        (
            "2025-11-18T10:00:00",
            "2025-11-18T10:25:00",
            ["N225", "NKVI", "USDJPY"],
        ),
        (
            "2025-11-17T23:45:00",
            "2025-11-18T00:10:00",
            ["SPX", "VIX", "USDJPY"],
        ),
    ] {
        let crash = Some(CrashDoc {
            at: tokyo(at),
            span: NOWHERE,
            size: -0.08,
        });
        let of = |stream, crash| MarketDoc {
            crash,
            ..doc(stream)
        };
        let fell = all(&of(MarketStream::Indices, crash));
        let calm = all(&of(MarketStream::Indices, None));
        for symbol in symbols {
            let beyond = change(&fell, symbol, at, to) - change(&calm, symbol, at, to);
            let (low, high) = match symbol {
                "N225" => (-0.09, -0.07),
                "NKVI" => (0.5, 1.5),
                "VIX" => (0.2, 0.8),
                "SPX" => (-0.08, -0.03),
                _ => (-0.03, -0.01),
            };
            assert!((low..high).contains(&beyond), "{at}: {symbol} {beyond}");
        }
        // Before it, nothing differs.
        let before = |rows: &RecordBatch| {
            let rows_before = times(rows, "ts").partition_point(|t| *t < tokyo(at));
            rows.slice(0, rows_before)
        };
        assert_eq!(before(&fell), before(&calm));
    }
}

#[test]
fn indices_keep_their_hours() {
    let rows = all(&doc(MarketStream::Indices));
    let (time, name) = (times(&rows, "ts"), texts(&rows, "symbol"));
    // Winter: New York is fourteen hours behind.
    let hours = |symbol: &str| -> &[(&str, &str)] {
        match symbol {
            "N225" => &[("09:00", "11:30"), ("12:30", "15:30")],
            "NKVI" => &[("08:45", "15:45")],
            "USDJPY" => &[("00:00", "15:45"), ("17:00", "24:00")],
            _ => &[("23:30", "24:00"), ("00:00", "06:00")],
        }
    };
    let mut gaps: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let symbol = name[row].clone().unwrap();
        let zone = chrono_tz::Asia::Tokyo;
        let local = chrono::DateTime::from_timestamp_micros(time[row])
            .unwrap()
            .with_timezone(&zone);
        let clock = local.format("%H:%M").to_string();
        let open = hours(&symbol)
            .iter()
            .any(|(from, to)| *from <= &clock[..] && &clock[..] < *to);
        assert!(open, "{symbol} at {clock}");
        if let Some(before) = last.insert(symbol.clone(), time[row]) {
            gaps.entry(symbol)
                .or_default()
                .push((time[row] - before + SECOND / 2) / SECOND);
        }
    }
    assert_eq!(gaps.len(), 7);
    for (symbol, mut gaps) in gaps {
        gaps.sort_unstable();
        let usual = gaps[gaps.len() / 2];
        let expected = match symbol.as_str() {
            "NKVI" | "VIX" => 15,
            "USDJPY" => 2,
            _ => 5,
        };
        assert_eq!(usual, expected, "{symbol}");
    }
}

#[test]
fn stalls_silence_the_feed() {
    let longest = |stalls: bool| {
        let rows = all(&MarketDoc {
            stalls,
            ticks_per_day: Some(200_000),
            ..doc(MarketStream::Options)
        });
        let times = times(&rows, "ts");
        let gaps = times.windows(2).map(|w| w[1] - w[0]);
        gaps.filter(|g| *g < 60 * MINUTE).max().unwrap()
    };
    assert!(longest(false) < 5 * SECOND, "{}", longest(false));
    assert!(
        (25 * SECOND..190 * SECOND).contains(&longest(true)),
        "{}",
        longest(true)
    );
}

#[test]
fn disorder_moves_rows_back_and_no_further() {
    let rows = all(&MarketDoc {
        disorder: 2 * SECOND,
        ticks_per_day: Some(50_000),
        ..doc(MarketStream::Options)
    });
    let (mut newest, mut furthest) = (i64::MIN, 0);
    for time in times(&rows, "ts") {
        newest = newest.max(time);
        furthest = furthest.max(newest - time);
    }
    assert!((SECOND..=2 * SECOND).contains(&furthest), "{furthest}");
}

#[test]
fn a_month_ends_on_its_last_trading_day() {
    // The November settlement is on Friday the 14th: Thursday is the last trading day.
    let rows = all(&MarketDoc {
        start: located(date("2025-11-13")),
        days: 2,
        ..doc(MarketStream::Options)
    });
    let (day, sq) = (days(&rows, "trading_day"), days(&rows, "sq_date"));
    let mut months: BTreeMap<NaiveDate, Vec<NaiveDate>> = BTreeMap::new();
    for (day, sq) in day.into_iter().zip(sq) {
        let months = months.entry(day.unwrap()).or_default();
        if !months.contains(&sq.unwrap()) {
            months.push(sq.unwrap());
        }
    }
    let mut months = months.into_values();
    let mut next = || {
        let mut of_day = months.next().unwrap();
        of_day.sort_unstable();
        of_day
    };
    let [november, december, january, february] =
        ["2025-11-14", "2025-12-12", "2026-01-09", "2026-02-13"].map(date);
    assert_eq!(next(), [november, december, january]);
    assert_eq!(next(), [december, january, february]);
}
