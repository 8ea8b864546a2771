//! A, B and what follows it by hand, and random closes against the definitions.

use zaraba_sdk::alert::{AlertState, Severity};
use zaraba_sdk::harness::{Harness, Raised, Random, Table};

use crate::Divergence;

const DAY: i64 = 86_400_000_000;

fn raised(params: &str, days: &[(f64, f64)]) -> Vec<Raised> {
    let mut rows = Table::new(&["close", "vix"]);
    for (day, (close, vix)) in days.iter().enumerate() {
        rows.push(day as i64 * DAY, (*close, *vix));
    }
    Harness::<Divergence>::raised(params, &[&rows]).unwrap()
}

#[test]
fn the_index_rises_and_volatility_does_not_fall() {
    let mut days = vec![(40_000.0, 20.0); 5];
    days.extend([(40_400.0, 20.0), (40_500.0, 19.9), (40_399.0, 25.0)]);
    let alerts = raised("{}", &days);
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.state, a.title("ja")))
        .collect();
    assert_eq!(
        found,
        [
            (5, AlertState::Open, "N225 株高でもVIX下がらず"),
            (6, AlertState::Clear, "N225 ダイバージェンス解消"),
        ]
    );
    assert_eq!(alerts[0].severity, Severity::Watch);
    assert_eq!(
        alerts[0].message("en"),
        "Over 5 days: index +1.00%, VIX +0.00. Smaller size, a stop"
    );
}

#[test]
fn the_index_falls_and_volatility_is_sluggish_then_catches_up() {
    // Sixty days on which volatility moves a point against each percent: β = −1.
    let mut days = vec![(40_000.0, 20.0)];
    for i in 1..=60 {
        let (close, vix): (f64, f64) = days[i - 1];
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        days.push((close * (1.0 + sign / 100.0), vix - sign));
    }
    let (close, vix) = days[60];
    // Two percent down: half of the usual would be a point; it is 0.2.
    days.push((close * 0.98, vix + 0.2));
    days.push((close * 0.98, (vix + 0.2) * 1.16));
    days.push((close * 0.98, (vix + 0.2) * 1.14));
    let alerts = raised("{}", &days);
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.state, a.kind.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (61, AlertState::Open, "divergence_b"),
            (62, AlertState::Clear, "divergence_b"),
            (62, AlertState::Open, "divergence_catch_up"),
            (63, AlertState::Clear, "divergence_catch_up"),
        ]
    );
    assert_eq!(alerts[0].title("ja"), "N225 株安でもVIXの上昇鈍い");
    assert_eq!(
        (alerts[0].severity, alerts[2].severity),
        (Severity::Info, Severity::High)
    );
    // A day less, and β is not known.
    assert_eq!(raised("{}", &days[2..]), []);
}

#[test]
fn days_without_figures_are_no_days() {
    let mut days = vec![(40_000.0, 20.0); 5];
    days.extend([
        (f64::NAN, 1.0),
        (1.0, f64::INFINITY),
        (-5.0, 3.0),
        (3.0, 0.0),
    ]);
    days.push((40_400.0, 20.0));
    let alerts = raised("{}", &days);
    assert_eq!((alerts.len(), alerts[0].row), (1, 9));
}

/// For each day which of A, B and the catching up hold, from all days before it.
fn plainly(days: &[(f64, f64)]) -> Vec<[bool; 3]> {
    let mut holds: Vec<[bool; 3]> = Vec::new();
    for t in 0..days.len() {
        let mut now = [false; 3];
        if t >= 3 {
            let r = (days[t].0 / days[t - 3].0 - 1.0) * 100.0;
            let dv = days[t].1 - days[t - 3].1;
            now[0] = r >= 1.0 && dv >= 0.0;
            if t >= 12 {
                // Least squares by sums, over the last twelve changes.
                let (mut n, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
                for i in t - 11..=t {
                    let x = (days[i].0 / days[i - 1].0 - 1.0) * 100.0;
                    let y = days[i].1 - days[i - 1].1;
                    (n, sx, sy) = (n + 1.0, sx + x, sy + y);
                    (sxx, sxy) = (sxx + x * x, sxy + x * y);
                }
                let beta = (n * sxy - sx * sy) / (n * sxx - sx * sx);
                now[1] = r <= -1.0 && beta < 0.0 && dv < 0.5 * beta * r;
            }
            let recent = t.saturating_sub(4)..t;
            now[2] = recent
                .into_iter()
                .any(|i| holds[i][1] && days[t].1 / days[i].1 > 1.15);
        }
        holds.push(now);
    }
    holds
}

#[test]
fn random_closes_raise_what_the_definitions_say() {
    let (mut random, mut days) = (Random::new(4), vec![(40_000.0, 20.0)]);
    for i in 0..600 {
        let (close, vix): (f64, f64) = days[i];
        let r = random.below(401) as f64 / 100.0 - 2.0;
        let noise = random.below(601) as f64 / 100.0 - 3.0;
        let vix = (vix - r + noise).clamp(8.0, 60.0);
        days.push((close * (1.0 + r / 100.0), vix));
    }
    let params = r#"{ "days": 3, "beta_days": 12, "catch_up_days": 4 }"#;
    let alerts = raised(params, &days);
    let kinds = ["divergence_a", "divergence_b", "divergence_catch_up"];
    let (mut expected, mut before) = (Vec::new(), [false; 3]);
    for (t, now) in plainly(&days).into_iter().enumerate() {
        for (k, kind) in kinds.iter().enumerate() {
            if now[k] != before[k] {
                let state = if now[k] {
                    AlertState::Open
                } else {
                    AlertState::Clear
                };
                expected.push((t as u32, *kind, state));
            }
        }
        before = now;
    }
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.kind.as_str(), a.state))
        .collect();
    assert!(
        kinds
            .iter()
            .all(|kind| expected.iter().filter(|e| e.1 == *kind).count() > 10)
    );
    assert_eq!(found, expected);
}
