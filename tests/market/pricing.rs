//! Published prices and Greeks: py_vollib's table and the values of Haug's book.

use zaraba_finance::pricing::black_scholes as bs;
use zaraba_finance::pricing::black76;
use zaraba_finance::pricing::put_call::PutCall::{self, Call, Put};

/// Whether a figure is the published one. The table has nine decimals, or ten digits where that is
/// fewer, and five or six digits where it writes an exponent; below its decimals stands zero.
fn as_published(found: f64, published: f64) -> bool {
    let difference = (found - published).abs();
    if published != 0.0 && published.abs() < 1e-11 {
        return difference <= 2.5e-5 * published.abs();
    }
    difference <= 5.1e-10 + 1e-9 * published.abs()
}

/// All rows of `tests/test_data.json` of py_vollib: two prices, ten Greeks, one more price each.
#[test]
fn the_table_of_py_vollib() {
    let table = include_str!("data/py_vollib_test_data.json");
    let table: serde_json::Value = serde_json::from_str(table).unwrap();
    let names = table["columns"].as_array().unwrap();
    let rows = table["data"].as_array().unwrap();
    assert_eq!(rows.len(), 101);
    let mut wrong = Vec::new();
    let mut volatilities = 0;
    for row in rows {
        let cell = |name: &str| {
            let at = names.iter().position(|n| n == name).unwrap();
            row[at].as_f64().unwrap()
        };
        let (s, k, t, r, v) = (cell("S"), cell("K"), cell("t"), cell("R"), cell("v"));
        let of = |f: fn(PutCall, f64, f64, f64, f64, f64, f64) -> Option<f64>, side| {
            f(side, s, k, t, r, 0.0, v).unwrap()
        };
        for (column, found) in [
            ("bs_call", of(bs::price, Call)),
            ("call_vals", of(bs::price, Call)),
            ("bs_put", of(bs::price, Put)),
            ("CD", of(bs::delta, Call)),
            ("PD", of(bs::delta, Put)),
            ("CG", of(bs::gamma, Call)),
            ("PG", of(bs::gamma, Put)),
            ("CT", of(bs::theta, Call)),
            ("PT", of(bs::theta, Put)),
            ("CV", of(bs::vega, Call)),
            ("PV", of(bs::vega, Put)),
            ("CR", of(bs::rho, Call)),
            ("PR", of(bs::rho, Put)),
        ] {
            if !as_published(found, cell(column)) {
                wrong.push(format!("{row}: {column}: {found}"));
            }
        }
        // Where the price has enough digits left to say a volatility.
        if of(bs::vega, Call) > 1.0 {
            let iv = bs::iv(Call, s, k, t, r, 0.0, cell("bs_call")).unwrap();
            let rounding = (5.1e-10 + 1e-9 * cell("bs_call")) / of(bs::vega, Call);
            if (iv - v).abs() > rounding {
                wrong.push(format!("{row}: iv: {iv}"));
            }
            volatilities += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(volatilities > 40, "{volatilities}");
}

/// Figure, side, strike, spot, dividend yield, rate, months, volatility in percent, value.
const HAUG: &str = "
price C 65 60 0 0.08 3 30 2.1334
price P 95 100 0.05 0.10 6 20 2.4648
price P 19 19 0.10 0.10 9 28 1.7011
price C 19 19 0.10 0.10 9 28 1.7011
price C 100 100 0.10 0.10 6 25 6.6997
delta C 100 105 0.10 0.10 6 36 0.5946
delta P 100 105 0.10 0.10 6 36 -0.3566
gamma C 60 55 0 0.10 9 30 0.0278
gamma P 60 55 0 0.10 9 30 0.0278
vega C 60 55 0 0.10 9 30 18.9358
vega P 60 55 0 0.10 9 30 18.9358
theta P 405 430 0.05 0.07 1 20 -31.1924
rho C 75 72 0 0.09 12 19 38.7325";

/// Values and Greeks of E. G. Haug, "The Complete Guide to Option Pricing Formulas", as QuantLib's
/// `test-suite/europeanoption.cpp` has them, to the four decimals printed there.
#[test]
fn the_values_of_haugs_book() {
    let lines: Vec<&str> = HAUG.trim().lines().collect();
    assert_eq!(lines.len(), 13);
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let figure = match words[0] {
            "price" => bs::price,
            "delta" => bs::delta,
            "gamma" => bs::gamma,
            "vega" => bs::vega,
            "theta" => bs::theta,
            "rho" => bs::rho,
            _ => panic!("{line}"),
        };
        let side = PutCall::from_text(words[1]).unwrap();
        let numbers: Vec<f64> = words[2..].iter().map(|w| w.parse().unwrap()).collect();
        let [k, s, q, r, months, percent, published] = numbers[..] else {
            panic!("{line}")
        };
        let found = figure(side, s, k, months / 12.0, r, q, percent / 100.0).unwrap();
        assert!((found - published).abs() <= 5.001e-5, "{line}: {found}");
    }
    // A dividend yield of the rate makes the spot a future: Black-76 must say the same.
    for (side, k, f, t, sigma, published) in [
        (Put, 19.0, 19.0, 0.75, 0.28, 1.7011),
        (Call, 19.0, 19.0, 0.75, 0.28, 1.7011),
        (Call, 100.0, 100.0, 0.5, 0.25, 6.6997),
    ] {
        let found = black76::price(side, f, k, t, 0.10, sigma).unwrap();
        assert!(
            (found - published).abs() <= 5.001e-5,
            "{side:?} {k}: {found}"
        );
    }
    let delta = |side| black76::delta(side, 105.0, 100.0, 0.5, 0.10, 0.36).unwrap();
    assert!((delta(Call) - 0.5946).abs() <= 5.001e-5 && (delta(Put) + 0.3566).abs() <= 5.001e-5);
}

/// What has no answer is none: not NaN, not a number that looks like one.
#[test]
fn what_has_no_answer_is_none() {
    let iv = |side, price| black76::iv(side, 100.0, 90.0, 0.5, 0.02, price);
    let discount = (-0.01_f64).exp();
    // At the intrinsic value, below it, at the bound, above it.
    for price in [
        10.0 * discount,
        9.0,
        0.0,
        -1.0,
        100.0 * discount,
        101.0,
        f64::NAN,
        f64::INFINITY,
    ] {
        assert_eq!(iv(Call, price), None, "call {price}");
    }
    for price in [0.0, -1.0, 90.0 * discount, 91.0, f64::NAN] {
        assert_eq!(iv(Put, price), None, "put {price}");
    }
    assert!(iv(Call, 10.0 * discount + 1e-6).is_some() && iv(Put, 1e-300).is_some());
    let figures = [
        black76::price,
        black76::iv,
        black76::delta,
        black76::gamma,
        black76::vega,
        black76::theta,
        black76::rho,
    ];
    let good = [100.0, 90.0, 0.5, 0.02, 10.9];
    for (place, bads) in [
        (0, vec![0.0, -1.0, f64::NAN, f64::INFINITY]),
        (1, vec![0.0, -1.0, f64::NAN, f64::INFINITY]),
        (2, vec![0.0, -0.1, f64::NAN, f64::INFINITY]),
        (3, vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        (4, vec![0.0, -0.2, f64::NAN, f64::INFINITY]),
    ] {
        for bad in bads {
            let mut terms = good;
            terms[place] = bad;
            let [f, k, t, r, last] = terms;
            for figure in figures {
                assert_eq!(figure(Call, f, k, t, r, last), None, "{terms:?}");
            }
            assert_eq!(bs::price(Put, f, k, t, r, 0.0, last), None, "{terms:?}");
        }
    }
    assert_eq!(bs::price(Call, 100.0, 90.0, 0.5, 0.02, f64::NAN, 0.2), None);
}
