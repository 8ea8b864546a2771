//! Windows against plain lists: what was pushed, looked through from the beginning each time.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use zaraba_sdk::harness::Random;
use zaraba_sdk::input::Timestamp;
use zaraba_sdk::rolling::{Rolling, Window};
use zaraba_sdk::series::Series;
use zaraba_sdk::state::Keyed;

const KEYS: [&str; 3] = ["", "52000 C", "52000 C\0"];

/// What was pushed to each key, and its times.
type Pushed = [Vec<(Timestamp, f64)>; 3];

/// Pushes numbers at times that rise by 0 to 9, at long last by a lot, and shows each step.
fn pushes(push: impl Fn(&str, f64, Timestamp), mut see: impl FnMut(&Pushed, usize, Timestamp)) {
    let (mut random, mut pushed, mut now) = (Random::new(1), Pushed::default(), 0);
    for i in 0..3_000 {
        now += if i % 500 == 499 {
            5_000
        } else {
            random.below(10)
        };
        let key = random.below(3) as usize;
        let number = random.below(100) as f64;
        push(KEYS[key], number, Timestamp(now));
        pushed[key].push((Timestamp(now), number));
        // Another key's window moves with the time as well.
        see(&pushed, random.below(3) as usize, Timestamp(now));
    }
}

#[test]
fn a_window_of_time_is_what_is_younger() {
    let (span, back) = (700, 1_000);
    let series: Series<f64> = Series::within("w", span).looking_back(back);
    pushes(
        |key, number, at| series.push(key, &number, at),
        |pushed, key, at| {
            let all = pushed[key].iter().copied();
            let (old, young): (Vec<_>, Vec<_>) = all.partition(|(time, _)| time.0 <= at.0 - span);
            assert_eq!(series.window(KEYS[key], at), young);
            let before = old
                .last()
                .copied()
                .filter(|(time, _)| time.0 >= at.0 - span - back);
            assert_eq!(series.before(KEYS[key], at), before, "{at:?}");
            if let Some(newest) = young.last() {
                assert_eq!(series.newest(KEYS[key], at), Some(*newest));
            }
        },
    );
}

#[test]
fn a_window_of_a_count_is_the_last_so_many() {
    for (name, n) in [("a", 1), ("b", 31), ("c", 32), ("d", 33), ("e", 100)] {
        let series: Series<f64> = Series::last(name, n);
        pushes(
            |key, number, at| series.push(key, &number, at),
            |pushed, key, at| {
                let all = &pushed[key];
                let expected = &all[all.len().saturating_sub(n as usize)..];
                assert_eq!(series.window(KEYS[key], at), expected);
            },
        );
    }
}

#[test]
fn statistics_are_those_of_the_window() {
    let rolling = Rolling::within("r", 300);
    pushes(
        |key, number, at| rolling.push(key, number, at),
        |pushed, key, at| {
            let young = pushed[key].iter().filter(|(time, _)| time.0 > at.0 - 300);
            let mut numbers: Vec<f64> = young.map(|(_, number)| *number).collect();
            let window = rolling.window(KEYS[key], at);
            assert_eq!(window.numbers(), numbers);
            let n = numbers.len();
            if n == 0 {
                assert_eq!(
                    (window.mean(), window.median(), window.min()),
                    (None, None, None)
                );
                return;
            }
            let (sum, squares): (f64, f64) = (
                numbers.iter().sum(),
                numbers.iter().map(|number| number * number).sum(),
            );
            let variance = squares / n as f64 - (sum / n as f64).powi(2);
            assert!((window.deviation().unwrap() - variance.sqrt()).abs() < 1e-5);
            numbers.sort_by(f64::total_cmp);
            let middle = (numbers[(n - 1) / 2] + numbers[n / 2]) / 2.0;
            assert_eq!(window.median(), Some(middle));
            assert_eq!(window.max(), numbers.last().copied());
        },
    );
}

#[test]
fn what_is_no_number_is_left_out_and_quantiles_lie_between() {
    let rolling = Rolling::last("n", 3);
    for number in [1.0, f64::NAN, f64::INFINITY, 2.0] {
        rolling.push("k", number, Timestamp(0));
    }
    assert_eq!(rolling.window("k", Timestamp(0)).numbers(), [1.0, 2.0]);
    let window = Window::new(vec![4.0, 1.0, 3.0, 2.0]);
    for (share, expected) in [
        (0.0, 1.0),
        (0.1, 1.3),
        (0.5, 2.5),
        (0.75, 3.25),
        (1.0, 4.0),
        (9.0, 4.0),
    ] {
        assert!(
            (window.quantile(share).unwrap() - expected).abs() < 1e-12,
            "{share}"
        );
    }
    assert_eq!(Window::new(Vec::new()).quantile(0.5), None);
}

#[test]
fn names_do_not_lie_in_each_other() {
    let (short, long): (Series<f64>, Series<f64>) = (Series::last("s", 5), Series::last("ss", 5));
    let keyed: Keyed<f64> = Keyed::new("s");
    short.push("k", &1.0, Timestamp(0));
    long.push("k", &2.0, Timestamp(0));
    assert_eq!(short.window("k", Timestamp(0)), [(Timestamp(0), 1.0)]);
    assert_eq!(long.window("k", Timestamp(0)), [(Timestamp(0), 2.0)]);
    assert_eq!(keyed.get("k", Timestamp(0)), None);
}
