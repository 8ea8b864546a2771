//! The forward per expiry in the exchange's settlement prices of three days: every option on the
//! Nikkei 225, large months and mini weeks, and every future. Prices are those of the column
//! `settlement`, of options and futures alike; the file's theoretical prices and volatilities are
//! made from the cash index and are not used. A settled future counts as liquid.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, Days, NaiveDate, Utc};
use zaraba_finance::pricing::black76;
use zaraba_finance::pricing::forward::{
    Expiry, Forward, Future, Quote, Source, forward, parity_forward,
};
use zaraba_finance::pricing::put_call::PutCall;
use zaraba_finance::pricing::years::years_to_sq;

/// Data whose owner states no licence: read where it is, never copied.
const SETTLEMENT: &str = "../../shared/data/local-only/nk225_settlement_iv_20260731_0804.csv.gz";

/// Where call and put of a strike do not agree, looked at by hand. On 31 July and 4 August one or
/// two strikes were settled at a price from another time of the day (64,000 of 202608 is 8 points
/// off), those beside them agree to 0.002 points. On 3 August the options of August to October
/// were settled on another level than their futures: by parity 202608 is 50 below its future.
const SUSPECTS: [&str; 14] = [
    "2026-07-31 225 202608",
    "2026-07-31 225M 20260807",
    "2026-07-31 225M 20260814",
    "2026-08-03 225 202608",
    "2026-08-03 225 202609",
    "2026-08-03 225 202610",
    "2026-08-03 225M 20260807",
    "2026-08-03 225M 20260812",
    "2026-08-03 225M 20260814",
    "2026-08-03 225M 20260911",
    "2026-08-03 225M 20261009",
    "2026-08-04 225 202609",
    "2026-08-04 225M 20260807",
    "2026-08-04 225M 20260911",
];

/// Day, product, contract month or week.
type Key = (String, String, String);

#[derive(Default)]
struct Chain {
    years: f64,
    rate: f64,
    last_day: String,
    quotes: BTreeMap<u32, (Option<f64>, Option<f64>)>,
}

#[derive(Default)]
struct File {
    chains: BTreeMap<Key, Chain>,
    /// By day and last trading day.
    futures: BTreeMap<(String, String), Vec<Future>>,
}

/// Years from the end of a day session, when prices are settled, to the SQ.
fn years(day: &str, days_to_sq: u64) -> f64 {
    let at: DateTime<Utc> = format!("{day}T15:45:00+09:00").parse().unwrap();
    let day: NaiveDate = day.parse().unwrap();
    years_to_sq(at, day + Days::new(days_to_sq))
}

fn read(path: &Path) -> File {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    let mut file = flate2::read::GzDecoder::new(file);
    file.read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "date,code,name,put_call,expiry,strike,settlement,theoretical,underlying,iv,rate,\
         days_to_expiry"
    );
    let mut read = File::default();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [
            day,
            _,
            name,
            put_call,
            month,
            strike,
            settlement,
            _,
            _,
            _,
            rate,
            days,
        ] = cells[..]
        else {
            panic!("{line}")
        };
        let words: Vec<&str> = name.split('_').collect();
        let (product, last_day) = (words[1], words[2]);
        let price: f64 = settlement.parse().unwrap();
        if put_call.is_empty() {
            let multiplier = match product {
                "225" => 1_000.0,
                "225M" => 100.0,
                "225MC" => 10.0,
                _ => panic!("{line}"),
            };
            let key = (day.to_owned(), last_day.to_owned());
            read.futures.entry(key).or_default().push(Future {
                price: Some(price),
                multiplier,
                volume: 0.0,
            });
            continue;
        }
        let key = (day.to_owned(), product.to_owned(), month.to_owned());
        let chain = read.chains.entry(key).or_default();
        chain.years = years(day, days.parse().unwrap());
        chain.rate = rate.parse::<f64>().unwrap() / 100.0;
        last_day.clone_into(&mut chain.last_day);
        let strike: f64 = strike.parse().unwrap();
        let quote = chain.quotes.entry(strike as u32).or_default();
        match put_call {
            "CAL" => quote.0 = Some(price),
            "PUT" => quote.1 = Some(price),
            _ => panic!("{line}"),
        }
    }
    read
}

/// The greatest gap, in points, between the volatilities of call and put of the seven strikes with
/// both prices that are nearest to the forward, and those strikes; infinite where a price gives
/// none.
fn greatest_gap(chain: &Chain, forward: f64) -> (f64, Vec<u32>) {
    let far = |strike: u32| (f64::from(strike) - forward).abs();
    let both = chain.quotes.iter();
    let mut both: Vec<(u32, f64, f64)> = both.filter_map(|(k, q)| Some((*k, q.0?, q.1?))).collect();
    both.sort_by(|a, b| far(a.0).total_cmp(&far(b.0)));
    both.truncate(7);
    let gap = |(strike, call, put): &(u32, f64, f64)| {
        let iv = |side, price| {
            black76::iv(
                side,
                forward,
                f64::from(*strike),
                chain.years,
                chain.rate,
                price,
            )
        };
        match (iv(PutCall::Call, *call), iv(PutCall::Put, *put)) {
            (Some(call), Some(put)) => 100.0 * (call - put).abs(),
            _ => f64::INFINITY,
        }
    };
    let gaps = both.iter().map(gap).fold(0.0, f64::max);
    (gaps, both.iter().map(|b| b.0).collect())
}

fn found(chain: &Chain, futures: &[Future]) -> (Forward, Forward) {
    let quote = |(strike, (call, put)): (&u32, &(Option<f64>, Option<f64>))| Quote {
        strike: f64::from(*strike),
        call: *call,
        put: *put,
    };
    let quotes: Vec<Quote> = chain.quotes.iter().map(quote).collect();
    let (years, rate) = (chain.years, chain.rate);
    let answer = forward(&Expiry {
        years,
        rate,
        quotes: &quotes,
        futures,
        volume_min: 0.0,
        curve: &[],
        dividends: &[],
    });
    (
        answer.unwrap(),
        parity_forward(&quotes, years, rate).unwrap(),
    )
}

#[test]
fn call_and_put_agree_on_the_forward_or_it_is_suspect() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SETTLEMENT);
    if !path.is_file() {
        println!(
            "SKIPPED: the settlement prices are not here ({}): no forward was checked",
            path.display()
        );
        return;
    }
    let file = read(&path);
    let mut suspects = BTreeSet::new();
    println!("day product month: forward source gap strikes");
    for (key, chain) in &file.chains {
        let (day, product, month) = key;
        let futures = file.futures.get(&(day.clone(), chain.last_day.clone()));
        let futures = futures.map_or(&[][..], Vec::as_slice);
        let (answer, parity) = found(chain, futures);
        let (gap, strikes) = greatest_gap(chain, answer.price);
        let expected = if futures.is_empty() {
            Source::Parity
        } else {
            Source::Future
        };
        let mark = if answer.suspect { " suspect" } else { "" };
        let (source, ends) = (
            answer.source.name(),
            (strikes.iter().min(), strikes.iter().max()),
        );
        let (Some(least), Some(most)) = ends else {
            panic!("{key:?}: no strike has both prices")
        };
        println!(
            "{day} {product} {month}: {:.1} {source} {gap:.3} {least}..{most}{mark}",
            answer.price
        );
        assert_eq!(answer.source, expected, "{key:?}");
        assert_eq!(answer.suspect, gap > 0.3, "{key:?}: {answer:?}");
        assert_eq!(strikes.len(), 7, "{key:?}");
        if answer.suspect {
            suspects.insert(format!("{day} {product} {month}"));
        }
        if (day.as_str(), month.as_str()) == ("2026-07-31", "202609") {
            assert!((answer.price - 63_720.0).abs() <= 15.0, "{answer:?}");
            assert!((parity.price - 63_720.0).abs() <= 15.0, "{parity:?}");
            assert!(!answer.suspect && !parity.suspect);
        }
    }
    assert_eq!(file.chains.len(), 114);
    let suspects: Vec<&str> = suspects.iter().map(String::as_str).collect();
    assert_eq!(suspects, SUSPECTS);
}
