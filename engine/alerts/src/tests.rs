//! The operator beside a reference that looks at each key's rows as a whole: whatever the batches,
//! the order of arrival, and wherever state was saved and taken back.

mod rig;

mod storms;

mod changed;

use proptest::prelude::*;

use self::rig::{Declared, Input, Told, run};

/// What the section says, in numbers.
#[derive(Clone, Copy, Debug)]
struct Rules {
    hold: i64,
    cooldown: i64,
    repeat: i64,
    clear: bool,
}

impl Rules {
    fn toml(self) -> String {
        let mut text = format!("when = \"v >= 3\"\nfor = \"{}s\"\n", self.hold);
        if self.cooldown > 0 {
            text += &format!("cooldown = \"{}s\"\n", self.cooldown);
        }
        if self.repeat > 0 {
            text += &format!("repeat = \"{}s\"\n", self.repeat);
        }
        if self.clear {
            text += "clear = \"v <= 1 OR v = 7\"\n";
        }
        text + "severity = { watch = \"v >= 4\", high = \"v >= 5\" }\n"
    }

    fn holds(self, row: &Input) -> bool {
        !row.deleted && row.v.is_some_and(|v| v >= 3 && !(self.clear && v == 7))
    }

    fn over(self, row: &Input) -> bool {
        if row.deleted {
            return true;
        }
        match self.clear {
            true => row.v.is_some_and(|v| v <= 1 || v == 7),
            false => !self.holds(row),
        }
    }
}

fn severity(row: &Input) -> Option<&'static str> {
    match row.v {
        Some(5..) => Some("high"),
        Some(4) => Some("watch"),
        _ => None,
    }
}

/// What a key's rows, in order, ought to raise; `end`: the time of the last row of any key.
fn of_key(rows: &[Input], rules: Rules, end: i64) -> Vec<Told> {
    let mut told = Vec::new();
    let mut cooled = i64::MIN;
    let mut from = 0;
    while let Some(begin) = (from..rows.len()).find(|i| rules.holds(&rows[*i])) {
        let breaks = (begin..rows.len()).find(|i| !rules.holds(&rows[*i]));
        let due = (rows[begin].time + rules.hold).max(cooled);
        let at_once = due == rows[begin].time;
        if let Some(breaks) = breaks
            && !at_once
            && rows[breaks].time <= due
        {
            from = breaks;
            continue;
        }
        let stands = match at_once {
            true => begin,
            false => (begin..breaks.unwrap_or(rows.len()))
                .rfind(|i| rows[*i].time <= due)
                .unwrap_or(begin),
        };
        let mut now = severity(&rows[stands]).unwrap_or("info");
        let key = rows[begin].key;
        let mut tell = |time, state, severity| {
            told.push(Told {
                time,
                key,
                state,
                severity,
            })
        };
        tell(due, "open", now);
        cooled = due + rules.cooldown;
        let mut last = due;
        from = rows.len() + 1;
        for (i, row) in rows.iter().enumerate().skip(stands + 1) {
            while rules.repeat > 0 && last + rules.repeat < row.time {
                last += rules.repeat;
                tell(last, "update", now);
            }
            if rules.over(row) {
                tell(row.time, "clear", now);
                from = i + 1;
                break;
            }
            if let Some(worse) = severity(row).filter(|worse| *worse != now) {
                now = worse;
                last = row.time;
                tell(row.time, "update", now);
            }
        }
        // It stands to the end.
        while from > rows.len() && rules.repeat > 0 && last + rules.repeat < end {
            last += rules.repeat;
            tell(last, "update", now);
        }
    }
    told
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let row = (
        0..3_i64,
        0..3_i64,
        prop::option::weighted(0.9, 0..8_i64),
        0..10,
    );
    prop::collection::vec(row, 0..60).prop_map(|rows| {
        let mut time = 0;
        let input = |(step, key, v, deleted): (i64, i64, Option<i64>, i32)| {
            time += step;
            let deleted = deleted == 0;
            Input {
                time,
                key,
                v: v.filter(|_| !deleted),
                deleted,
            }
        };
        rows.into_iter().map(input).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn alerts_are_those_of_each_keys_rows(
        rows in inputs(),
        hold in prop::sample::select(vec![0_i64, 1, 2, 5]),
        cooldown in prop::sample::select(vec![0_i64, 3, 10]),
        repeat in prop::sample::select(vec![0_i64, 1, 4]),
        clear in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let rules = Rules { hold, cooldown, repeat, clear };
        let declared = Declared::new(&rules.toml());
        let end = rows.last().map_or(0, |row| row.time);
        let mut expected: Vec<Told> = (0..3)
            .flat_map(|key| {
                let own: Vec<Input> = rows.iter().filter(|r| r.key == key).copied().collect();
                of_key(&own, rules, end)
            })
            .collect();
        expected.sort();
        let whole = run(&declared, &rows, 8192, 0);
        let mut got = whole.told.clone();
        prop_assert!(got.is_sorted_by_key(|told| told.time), "{:?}", got);
        got.sort();
        prop_assert_eq!(&got, &expected);
        for (batch, seed) in [(1, 0), (7, 0), (7, seed | 1), (1, seed | 1)] {
            let other = run(&declared, &rows, batch, seed);
            prop_assert_eq!(&other, &whole, "batches of {}, seed {}", batch, seed);
        }
    }
}

#[test]
fn what_is_told_again_is_the_row_that_stands() {
    let declared = Declared::new("when = \"v >= 3\"\nrepeat = \"10s\"\ntitle = \"{{ v }}\"");
    let rows: Vec<Input> = [
        (0, 1, 3),
        (4, 1, 5),
        (10, 1, 6),
        (21, 1, 4),
        (33, 2, 0),
        (34, 1, 0),
    ]
    .into_iter()
    .chain([(90, 2, 0)])
    .map(|(time, key, v)| Input {
        time,
        key,
        v: Some(v),
        deleted: false,
    })
    .collect();
    for (batch, seed) in [(8192, 0), (1, 0), (2, 3), (1, 7)] {
        let ran = run(&declared, &rows, batch, seed);
        let expected = [
            "0 open 1 3",
            "10 update 1 6",
            "20 update 1 6",
            "30 update 1 4",
            "34 clear 1 0",
        ];
        assert_eq!(ran.lines, expected, "batches of {batch}, seed {seed}");
    }
}

#[test]
fn a_long_silence_is_told_of_bit_by_bit() {
    let declared = Declared::new("when = \"v >= 3\"\nrepeat = \"1s\"");
    let row = |time, v| Input {
        time,
        key: 1,
        v: Some(v),
        deleted: false,
    };
    let ran = run(&declared, &[row(0, 3), row(100_000, 0)], 8192, 0);
    assert_eq!(ran.told.len(), 100_001);
    assert!(ran.most < 5_000, "{} alerts in a batch", ran.most);
}

#[test]
fn state_is_kept_of_open_and_waiting_keys_only() {
    let declared = Declared::new("when = \"v >= 3\"\nfor = \"2s\"");
    let rows: Vec<Input> = (0..50_000)
        .map(|i| Input {
            time: i,
            key: i,
            v: Some(i % 3),
            deleted: false,
        })
        .collect();
    let ran = run(&declared, &rows, 8192, 0);
    assert_eq!(ran.told, []);
    assert!(ran.state_bytes < 100_000, "{} bytes", ran.state_bytes);
}

#[test]
fn rows_of_open_keys_are_held_without_their_batches() {
    let declared = Declared::new("when = \"v >= 3\"\nclear = \"v < 0\"");
    // One key in a thousand opens, and stays so: what is held is in proportion to them.
    let rows: Vec<Input> = (0..400_000)
        .map(|i| Input {
            time: i,
            key: i,
            v: Some(if i % 1000 == 0 { 5 } else { 0 }),
            deleted: false,
        })
        .collect();
    let ran = run(&declared, &rows, 8192, 0);
    assert_eq!(ran.told.len(), 400);
    assert!(ran.state_bytes < 2 << 20, "{} bytes", ran.state_bytes);
}
