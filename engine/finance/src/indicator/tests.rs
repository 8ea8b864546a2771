//! Vectors from elsewhere, edges, and what must hold of every indicator of the table.

use crate::indicator::table::{LENGTH_MAX, Spec, TABLE, find};
use crate::indicator::{Indicator, Reading, Settings};

fn settings(length: usize) -> Settings {
    Settings { length, width: 2.0 }
}

fn machine(name: &str, length: usize) -> Box<dyn Indicator> {
    find(name).unwrap().make(settings(length))
}

/// Numbers of rows through one machine.
fn run(name: &str, length: usize, rows: &[&[f64]]) -> Vec<Reading> {
    let mut machine = machine(name, length);
    rows.iter().map(|row| machine.push(row)).collect()
}

fn series(name: &str, length: usize, values: &[f64]) -> Vec<Reading> {
    let rows: Vec<&[f64]> = values.chunks(1).collect();
    run(name, length, &rows)
}

fn last(name: &str, length: usize, values: &[f64]) -> Reading {
    *series(name, length, values).last().unwrap()
}

fn near(reading: Reading, expected: f64, within: f64) {
    let Reading::Number(number) = reading else {
        panic!("{reading:?}, expected {expected}");
    };
    assert!(
        (number - expected).abs() <= within,
        "{number}, expected {expected}"
    );
}

/// A step of a generator whose numbers are the same on every machine (Knuth's MMIX).
fn random(state: &mut u64) -> f64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

/// Rows as an indicator takes them: prices around 40,000, now and then equal.
fn rows(spec: &Spec, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut state = seed;
    let mut price = 40_000.0;
    let mut row = || {
        price += (random(&mut state) * 21.0).floor() * 5.0 - 50.0;
        let other = (random(&mut state) * 500.0).floor();
        match spec.values.len() {
            1 => vec![price],
            2 => vec![price, other],
            _ => vec![price + other, price - other, price],
        }
    };
    (0..count).map(|_| row()).collect()
}

#[test]
fn rsi_of_kand() {
    // The test of the crate kand's `rsi`, whose numbers are TA-Lib's.
    let closes = [
        35216.1, 35221.4, 35190.7, 35170.0, 35181.5, 35254.6, 35202.8, 35251.9, 35197.6, 35184.7,
        35175.1, 35229.9, 35212.5, 35160.7, 35090.3, 35041.2, 34999.3, 35013.4, 35069.0,
    ];
    let found = series("rsi", 14, &closes);
    assert!(found[..14].iter().all(|r| *r == Reading::Unknown));
    let expected = [
        37.74834437,
        34.22353836,
        31.51880608,
        33.42556863,
        40.46500626,
    ];
    for (reading, expected) in found[14..].iter().zip(expected) {
        near(*reading, expected, 1e-8);
    }
}

#[test]
fn rsi_at_its_edges() {
    // TA-Lib: 0 where nothing moved.
    assert_eq!(last("rsi", 3, &[7.0; 5]), Reading::Number(0.0));
    assert_eq!(
        last("rsi", 3, &[1.0, 2.0, 3.0, 4.0]),
        Reading::Number(100.0)
    );
    assert_eq!(last("rsi", 3, &[4.0, 3.0, 2.0, 1.0]), Reading::Number(0.0));
    // A move long ago is no ground for a number.
    let mut still = vec![5.0; 20_000];
    still[0] = 4.0;
    assert_eq!(last("rsi", 3, &still[..100]), Reading::Number(100.0));
    assert_eq!(last("rsi", 3, &still), Reading::Number(0.0));
}

#[test]
fn rci_of_the_requirements() {
    // Closes from old to new: ranks by price 1, 3.5, 2, 3.5, 5 from new to old, Σd² = 35.5.
    let closes = [15560.0, 15450.0, 15540.0, 15450.0, 15330.0];
    assert_eq!(last("rci", 5, &closes), Reading::Number(-77.5));
    for n in [2, 5, 9, 52] {
        let rising: Vec<f64> = (0..n).map(f64::from).collect();
        let falling: Vec<f64> = rising.iter().map(|x| -x).collect();
        assert_eq!(last("rci", n as usize, &falling), Reading::Number(-100.0));
        assert_eq!(last("rci", n as usize, &rising), Reading::Number(100.0));
    }
}

#[test]
fn atr_by_hand() {
    // True ranges from the second row on: 5 (a gap up), 3, 6 (a gap down).
    let bars: [&[f64]; 4] = [
        &[12.0, 10.0, 11.0],
        &[16.0, 14.0, 15.0],
        &[17.0, 14.0, 16.0],
        &[12.0, 10.0, 11.0],
    ];
    let found = run("atr", 2, &bars);
    assert_eq!(found[1], Reading::Unknown);
    assert_eq!(found[2..], [Reading::Number(4.0), Reading::Number(5.0)]);
}

#[test]
fn means_of_equal_numbers_are_that_number() {
    let equal = [0.1; 7];
    assert_eq!(last("sma", 7, &equal), Reading::Number(0.1));
    let (lower, middle, upper) = (0.1, 0.1, 0.1);
    assert_eq!(
        last("bollinger", 7, &equal),
        Reading::Band {
            lower,
            middle,
            upper
        }
    );
    for name in ["zscore", "zscore_mad"] {
        assert_eq!(
            last(name, 7, &equal),
            Reading::Unknown,
            "{name} divides by zero"
        );
    }
    assert_eq!(last("percentile_rank", 7, &equal), Reading::Number(100.0));
    assert_eq!(last("rci", 3, &equal), Reading::Number(50.0));
}

#[test]
fn scores_by_hand() {
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    // Mean 5, deviation of the population 2; median 4.5, absolute deviations' median 0.5.
    assert_eq!(last("zscore", 8, &values), Reading::Number(2.0));
    near(last("zscore_mad", 8, &values), 4.5 / (1.4826 * 0.5), 1e-12);
    assert_eq!(
        last("zscore_mad", 3, &[1.0, 2.0, 9.0]),
        Reading::Number(7.0 / 1.4826)
    );
    let (lower, middle, upper) = (1.0, 5.0, 9.0);
    assert_eq!(
        last("bollinger", 8, &values),
        Reading::Band {
            lower,
            middle,
            upper
        }
    );
    assert_eq!(
        last("percentile_rank", 5, &[3.0, 9.0, 1.0, 3.0, 3.0]),
        Reading::Number(80.0)
    );
    assert_eq!(
        last("percentile_rank", 4, &[3.0, 9.0, 8.0, 1.0]),
        Reading::Number(25.0)
    );
}

#[test]
fn two_columns_by_hand() {
    let rows: [&[f64]; 4] = [&[1.0, 10.0], &[2.0, 8.0], &[3.0, 6.0], &[5.0, 2.0]];
    assert_eq!(
        *run("rolling_corr", 3, &rows).last().unwrap(),
        Reading::Number(-1.0)
    );
    assert_eq!(
        *run("ols_beta", 3, &rows).last().unwrap(),
        Reading::Number(-0.5)
    );
    assert_eq!(
        run("advance_decline_ratio", 2, &rows)[1],
        Reading::Number(300.0 / 18.0)
    );
    assert_eq!(run("vwap", 0, &rows)[1], Reading::Number(26.0 / 18.0));
    let still: [&[f64]; 3] = [&[1.0, 0.0], &[2.0, 0.0], &[3.0, 0.0]];
    for name in ["rolling_corr", "ols_beta", "advance_decline_ratio", "vwap"] {
        let found = run(name, 2, &still);
        assert!(
            found.iter().all(|r| *r == Reading::Unknown),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn each_warms_up_as_its_page_says() {
    for spec in TABLE {
        let n = 4;
        // Differences need a row before.
        let unknown = match spec.name {
            "vwap" => 0,
            "rsi" | "atr" => n,
            _ => n - 1,
        };
        let mut machine = spec.make(settings(n));
        for (i, row) in rows(spec, 40, 7).iter().enumerate() {
            let known = machine.push(row) != Reading::Unknown;
            assert_eq!(known, i >= unknown, "{}: row {i}", spec.name);
        }
    }
}

/// A number's bits, so that 0.0 and -0.0 differ.
fn bits(reading: Reading) -> [u64; 3] {
    match reading {
        Reading::Unknown => [u64::MAX; 3],
        Reading::Number(number) => [number.to_bits(), 0, 0],
        Reading::Band {
            lower,
            middle,
            upper,
        } => [lower, middle, upper].map(f64::to_bits),
    }
}

#[test]
fn a_restored_one_goes_on_to_the_bit() {
    for spec in TABLE {
        for length in [2, 3, 14, 50] {
            let rows = rows(spec, 300, length as u64);
            let mut whole = spec.make(settings(length));
            let mut restored = spec.make(settings(length));
            for (i, row) in rows.iter().enumerate() {
                // At every row in the beginning, then now and then.
                if i < 60 || i % 17 == 0 {
                    let state = restored.save();
                    restored = spec.make(settings(length));
                    assert!(restored.restore(&state), "{}", spec.name);
                }
                let (whole, restored) = (whole.push(row), restored.push(row));
                assert_eq!(bits(whole), bits(restored), "{} at row {i}", spec.name);
            }
        }
        let mut fresh = spec.make(settings(3));
        assert!(
            !fresh.restore(&[0.5; 31]),
            "{}: a state of another",
            spec.name
        );
    }
}

#[test]
fn each_holds_no_more_than_its_rows() {
    for spec in TABLE {
        for length in [1, 2, 20, 1000] {
            let mut machine = spec.make(settings(length));
            for row in rows(spec, 5000, 1) {
                machine.push(&row);
            }
            let kept = spec.keeps(settings(length)) * spec.values.len() * 8;
            let bound = kept + 200;
            assert!(
                machine.bytes() <= bound,
                "{}: {}",
                spec.name,
                machine.bytes()
            );
        }
    }
}

#[test]
fn the_longest_is_answered() {
    let mut longest = machine("rci", LENGTH_MAX);
    let mut found = Reading::Unknown;
    for i in 0..=LENGTH_MAX {
        found = longest.push(&[i as f64]);
    }
    assert_eq!(found, Reading::Number(100.0));
}

/// After ten million rows of prices, an answer is what the last rows alone give: nothing drifts.
#[test]
fn ten_million_rows_leave_no_trace() {
    const ROWS: usize = 10_000_000;
    // Of recursive ones, what older rows weigh is far below the bound by then.
    const TAIL: usize = 5_000;
    for spec in TABLE.iter().filter(|spec| spec.name != "vwap") {
        let settings = settings(20);
        let (mut long, mut short) = (spec.make(settings), spec.make(settings));
        let (mut state, mut price) = (11, 40_000.0);
        let (mut end, mut of_tail) = (Reading::Unknown, Reading::Unknown);
        for i in 0..ROWS {
            price += random(&mut state) - 0.5;
            // Once a spike that a running sum would never get rid of.
            let x = if i == ROWS / 2 { 1e14 } else { price };
            let row = [x, price * 0.5 + random(&mut state), price];
            end = long.push(&row[..spec.values.len()]);
            if i + TAIL >= ROWS {
                of_tail = short.push(&row[..spec.values.len()]);
            }
        }
        for (end, of_tail) in numbers(end).into_iter().zip(numbers(of_tail)) {
            let apart = (end - of_tail).abs() / of_tail.abs();
            assert!(apart < 1e-9, "{}: {end} and {of_tail}", spec.name);
        }
    }
}

fn numbers(reading: Reading) -> Vec<f64> {
    match reading {
        Reading::Unknown => panic!("it has rows enough"),
        Reading::Number(number) => vec![number],
        Reading::Band {
            lower,
            middle,
            upper,
        } => vec![lower, middle, upper],
    }
}

/// A running mean of ten million prices, beside sums in whole numbers.
#[test]
fn a_running_price_of_ten_million_trades_is_exact() {
    let mut vwap = machine("vwap", 0);
    let (mut state, mut turnover, mut volume) = (5, 0i128, 0i128);
    let mut found = Reading::Unknown;
    for _ in 0..10_000_000 {
        // Prices in tenths, exact as a decimal and not as a float.
        let price = 400_000 + (random(&mut state) * 1000.0) as i64;
        let traded = (random(&mut state) * 50.0) as i64;
        turnover += i128::from(price) * i128::from(traded);
        volume += i128::from(traded);
        found = vwap.push(&[price as f64 / 10.0, traded as f64]);
    }
    let expected = turnover as f64 / volume as f64 / 10.0;
    near(found, expected, 1e-12 * expected);
}
