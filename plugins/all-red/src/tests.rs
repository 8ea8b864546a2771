//! Four, three, and a sudden rise; and random deviations against a look through all rows.

use zaraba_sdk::alert::{AlertState, Severity};
use zaraba_sdk::harness::{Harness, Raised, Random, Table};

use crate::AllRed;

const MINUTE: i64 = 60_000_000;

type Four = [Option<f64>; 4];

fn raised(params: &str, rows: &[(i64, Four)]) -> Vec<Raised> {
    let mut table = Table::new(&["vix", "fx", "overseas", "oi"]);
    for (time, [vix, fx, overseas, oi]) in rows {
        table.push(*time, (*vix, *fx, *overseas, *oi));
    }
    Harness::<AllRed>::raised(params, &[&table]).unwrap()
}

/// So many at −1, the others at 0.
fn reds(minute: i64, n: usize) -> (i64, Four) {
    let value = |i: usize| Some(if i < n { -1.0 } else { 0.0 });
    (minute * MINUTE, [value(0), value(1), value(2), value(3)])
}

fn told(rows: &[(i64, Four)]) -> Vec<(u32, AlertState, Severity, String)> {
    let alerts = raised("{}", rows);
    let told = |a: &Raised| (a.row, a.state, a.severity, a.title("ja").to_owned());
    alerts.iter().map(told).collect()
}

#[test]
fn four_are_high_and_three_are_watched() {
    let slowly = [
        reds(0, 0),
        reds(40, 1),
        reds(80, 2),
        reds(120, 3),
        reds(160, 4),
        reds(200, 2),
    ];
    assert_eq!(
        told(&slowly),
        [
            (
                3,
                AlertState::Open,
                Severity::Watch,
                "4指標中3指標が赤".into()
            ),
            (
                4,
                AlertState::Update,
                Severity::High,
                "4指標すべて赤 – ヘッジ強化検討".into()
            ),
            (5, AlertState::Clear, Severity::Info, "赤は2指標".into()),
        ]
    );
}

#[test]
fn a_sudden_rise_is_high_for_as_long_as_it_is_sudden() {
    // One red held until minute 29: the half hour of minute 58 began with it, that of 59 with three.
    let rows = [
        reds(0, 1),
        reds(29, 3),
        reds(58, 3),
        reds(59, 3),
        reds(60, 3),
    ];
    assert_eq!(
        told(&rows),
        [
            (
                1,
                AlertState::Open,
                Severity::High,
                "3指標が一気に赤 – ヘッジ強化検討".into()
            ),
            (
                3,
                AlertState::Update,
                Severity::Watch,
                "4指標中3指標が赤".into()
            ),
        ]
    );
    // From none to two is not to three.
    assert_eq!(told(&[reds(0, 0), reds(1, 2)]), []);
}

#[test]
fn what_is_not_known_is_not_red_and_flicker_is_one_alert() {
    let row =
        |minute, last: Option<f64>| (minute * MINUTE, [Some(-2.0), Some(-1.5), Some(-1.0), last]);
    let rows = [
        row(0, None),
        row(100, Some(f64::NAN)),
        row(200, Some(-1.0)),
        row(201, Some(-0.95)), // not far enough back
        row(202, Some(-0.85)),
    ];
    let told = told(&rows);
    let rows: Vec<_> = told.iter().map(|told| (told.0, told.2)).collect();
    assert_eq!(
        rows,
        [
            (0, Severity::Watch),
            (2, Severity::High),
            (4, Severity::Watch)
        ]
    );
    let alerts = raised("{}", &[reds(0, 4)]);
    assert_eq!(alerts[0].message("en"), "vix fx overseas oi");
    assert_eq!(alerts[0].evidence.len(), 4);
}

/// What holds at each row: 0 nothing, 1 three, 2 a sudden rise, 3 four.
fn plainly(rows: &[(i64, Four)]) -> Vec<u8> {
    let count = |row: &(i64, Four)| row.1.iter().flatten().filter(|v| **v <= -1.0).count();
    let window = 30 * MINUTE;
    let at = |i: usize| {
        let now = count(&rows[i]);
        // A number of reds holds until the next row: it counts if that is within the window.
        let held = (0..i).filter(|j| rows[j + 1].0 > rows[i].0 - window);
        let risen = held
            .map(|j| count(&rows[j]))
            .any(|before| now >= before + 2);
        match now {
            4 => 3,
            3 if risen => 2,
            3 => 1,
            _ => 0,
        }
    };
    (0..rows.len()).map(at).collect()
}

#[test]
fn random_deviations_raise_what_a_look_through_all_rows_finds() {
    let (mut random, mut time, mut rows) = (Random::new(2), 0, Vec::new());
    let mut four = [Some(0.0); 4];
    for _ in 0..1_000 {
        time += MINUTE * random.below(25);
        let values = [
            None,
            Some(-3.0),
            Some(-1.0),
            Some(-1.2),
            Some(-0.99),
            Some(2.0),
        ];
        four[random.below(4) as usize] = random.one_of(&values);
        rows.push((time, four));
    }
    let alerts = raised(r#"{ "back": 0 }"#, &rows);
    let codes = ["red_over", "three_red", "reds_rising", "all_red"];
    let (mut expected, mut before) = (Vec::new(), 0);
    for (i, now) in plainly(&rows).into_iter().enumerate() {
        if now != before {
            expected.push((i as u32, codes[usize::from(now)]));
        }
        before = now;
    }
    let found: Vec<_> = alerts.iter().map(|a| (a.row, a.code.as_str())).collect();
    assert!(
        codes
            .iter()
            .all(|code| expected.iter().any(|(_, of)| of == code)),
        "{expected:?}"
    );
    assert_eq!(found, expected);
}
