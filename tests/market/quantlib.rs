//! Prices, Greeks and implied volatilities of both models on ten thousand random points, beside
//! QuantLib 1.44.
//!
//! What differs, and why:
//! - Prices and Greeks: by rounding. QuantLib adds `F·N(d1)` and `−K·N(d2)`, each as large as the
//!   forward, so that its small prices have lost digits that ours have: the bound is on the
//!   difference in units of what is added, not of the price.
//! - Implied volatilities: QuantLib's are found by a Newton iteration that stops at a step of 1e-13
//!   or fails; and a price's own rounding moves a volatility by that rounding over vega. The bound
//!   has both.

use std::fmt::Write as _;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use zaraba_finance::pricing::put_call::PutCall;
use zaraba_finance::pricing::{black_scholes as bs, black76};

use crate::python;

const POINTS: usize = 10_000;

/// An option and its market.
struct Point {
    side: PutCall,
    s: f64,
    k: f64,
    t: f64,
    r: f64,
    q: f64,
    sigma: f64,
}

/// A day to three years, 5 to 120 % of volatility, strikes up to four deviations away.
fn points() -> Vec<Point> {
    let mut random = ChaCha8Rng::seed_from_u64(20_260_731);
    let mut point = || {
        let side = if random.random() {
            PutCall::Call
        } else {
            PutCall::Put
        };
        let s: f64 = random.random_range(50.0..70_000.0);
        let t: f64 = random.random_range(1.0 / 365.0..3.0);
        let sigma: f64 = random.random_range(0.05..1.2);
        let away: f64 = random.random_range(-4.0..4.0);
        Point {
            side,
            s,
            k: s * (away * sigma * t.sqrt()).exp(),
            t,
            r: random.random_range(-0.01..0.1),
            q: random.random_range(0.0..0.05),
            sigma,
        }
    };
    (0..POINTS).map(|_| point()).collect()
}

const FIGURES: [&str; 7] = ["price", "iv", "delta", "gamma", "vega", "theta", "rho"];

/// Our seven figures of both models; the volatility is that of QuantLib's price.
fn ours(point: &Point, theirs: &[f64]) -> Vec<Option<f64>> {
    let Point {
        side,
        s,
        k,
        t,
        r,
        q,
        sigma,
    } = *point;
    let futures = [
        black76::price(side, s, k, t, r, sigma),
        black76::iv(side, s, k, t, r, theirs[0]),
        black76::delta(side, s, k, t, r, sigma),
        black76::gamma(side, s, k, t, r, sigma),
        black76::vega(side, s, k, t, r, sigma),
        black76::theta(side, s, k, t, r, sigma),
        black76::rho(side, s, k, t, r, sigma),
    ];
    let shares = [
        bs::price(side, s, k, t, r, q, sigma),
        bs::iv(side, s, k, t, r, q, theirs[7]),
        bs::delta(side, s, k, t, r, q, sigma),
        bs::gamma(side, s, k, t, r, q, sigma),
        bs::vega(side, s, k, t, r, q, sigma),
        bs::theta(side, s, k, t, r, q, sigma),
        bs::rho(side, s, k, t, r, q, sigma),
    ];
    futures.into_iter().chain(shares).collect()
}

/// How large the numbers are that a figure is the difference or the product of.
fn unit(figure: usize, point: &Point, vega: f64) -> f64 {
    let large = point.s.max(point.k);
    match FIGURES[figure] {
        "price" => large,
        "delta" => 1.0,
        "gamma" => 1.0 / (point.s * point.sigma * point.t.sqrt()),
        "vega" => large * point.t.sqrt(),
        "theta" => large * (1.0 + point.sigma / point.t.sqrt()),
        "rho" => large * point.t,
        // A rounding of the price, seen through vega; and where their iteration stops.
        _ => large / vega + 1.0 / point.t.sqrt(),
    }
}

#[test]
fn ten_thousand_points_beside_quantlib() {
    let points = points();
    let mut text = String::new();
    for p in &points {
        let side = if p.side == PutCall::Call { "C" } else { "P" };
        let numbers = [p.s, p.k, p.t, p.r, p.q, p.sigma].map(|n| format!("{n:?}"));
        let _ = writeln!(text, "{side} {}", numbers.join(" "));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("points");
    std::fs::write(&file, text).unwrap();
    let answers = python::run(include_str!("quantlib.py"), &[file.to_str().unwrap()]);
    assert_eq!(answers.lines().count(), POINTS);

    let mut worst = [0.0_f64; FIGURES.len()];
    let (mut compared, mut neither, mut wrong) = ([0; FIGURES.len()], 0, Vec::new());
    for (point, line) in points.iter().zip(answers.lines()) {
        let theirs: Vec<f64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
        for (i, found) in ours(point, &theirs).into_iter().enumerate() {
            let figure = i % FIGURES.len();
            let vega = theirs[i - figure + 4];
            let expected = theirs[i];
            // Prices without time value left say no volatility: theirs iterates in vain there.
            if figure == 1 && (found.is_none() || expected.is_nan()) {
                neither += 1;
                continue;
            }
            let found = found.unwrap_or(f64::NAN);
            let difference = (found - expected).abs() / unit(figure, point, vega);
            worst[figure] = worst[figure].max(difference);
            compared[figure] += 1;
            if difference.is_nan() || difference > 1e-12 {
                wrong.push(format!(
                    "{} of {line}: {found}, not {expected}",
                    FIGURES[figure]
                ));
            }
        }
    }
    for ((figure, count), worst) in FIGURES.iter().zip(compared).zip(worst) {
        println!("{figure}: {count} compared, greatest difference {worst:.1e} units");
    }
    println!("{neither} prices without a volatility in one of the two");
    assert!(
        wrong.is_empty(),
        "{}\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(neither < POINTS / 50, "{neither}");
}
