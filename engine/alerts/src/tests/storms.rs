//! Storms, and repeats of what a rule raises.

use super::rig::{Declared, Input, run};

fn at(time: i64, key: i64, v: i64) -> Input {
    Input {
        time,
        key,
        v: Some(v),
        deleted: false,
    }
}

const STORM: &str = "when = \"v >= 3\"\nkind = \"jump\"\ngroup = { window = \"10s\", keys = 3 }\n";

/// Time, state, key and title of each alert.
fn lines(options: &str, rows: &[Input]) -> Vec<String> {
    let declared = Declared::new(options);
    let whole = run(&declared, rows, 8192, 0);
    for (batch, seed) in [(1, 0), (7, 0), (1, 5), (7, 9)] {
        assert_eq!(run(&declared, rows, batch, seed), whole, "{batch} {seed}");
    }
    whole.lines
}

#[test]
fn the_first_keys_of_a_storm_are_told_alone_and_the_rest_together() {
    let mut rows: Vec<Input> = (0..6).map(|key| at(100 + key, key, 5)).collect();
    rows.push(at(120, 7, 5));
    rows.extend((0..6).map(|key| at(130 + key, key, 0)));
    assert_eq!(
        lines(STORM, &rows),
        [
            "100 open 0 a 0",
            "101 open 1 a 1",
            "110 open storm 1970-01-01T00:01:40Z jump: 4 more within 10s",
            "120 open 7 a 7",
            "130 clear 0 a 0",
            "131 clear 1 a 1",
            "135 clear storm 1970-01-01T00:01:40Z jump: 4 more, all over",
        ]
    );
}

#[test]
fn a_member_that_gets_worse_is_told_of_alone() {
    let options = format!("{STORM}severity = {{ high = \"v >= 5\", watch = \"true\" }}\n");
    let mut rows: Vec<Input> = (0..4).map(|key| at(100 + key, key, 3)).collect();
    rows.extend([at(120, 3, 6), at(125, 3, 0), at(126, 2, 0)]);
    assert_eq!(
        lines(&options, &rows),
        [
            "100 open 0 a 0",
            "101 open 1 a 1",
            "110 open storm 1970-01-01T00:01:40Z jump: 2 more within 10s",
            "120 update 3 a 3",
            "125 clear 3 a 3",
            "126 clear storm 1970-01-01T00:01:40Z jump: 2 more, all over",
        ]
    );
}
