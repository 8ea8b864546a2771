//! Storms, and repeats of what a rule raises.

use zaraba_config::document::StormDoc;
use zaraba_core::alert::{Alert, Severity, State, columns, id, rows};
use zaraba_core::batch::Batch;
use zaraba_core::message::Message;
use zaraba_core::time::{Epoch, EventTime};

use super::rig::{Declared, Input, lines as shown, run, through};

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

fn raised(time: i64, state: State, severity: Severity) -> Alert {
    of_key("k", time, state, severity)
}

fn of_key(key: &str, time: i64, state: State, severity: Severity) -> Alert {
    let time = EventTime(time * 1_000_000);
    Alert {
        time,
        id: id("r", "jump", key, time, 0),
        rule: "r".to_owned(),
        state,
        severity,
        kind: "jump".to_owned(),
        key: key.to_owned(),
        code: String::new(),
        args: "{}".to_owned(),
        title: severity.name().to_owned(),
        message: String::new(),
        texts: None,
        value: None,
        baseline: None,
        baseline_time: None,
        threshold: None,
        unit: None,
        evidence: "[]".to_owned(),
        link: None,
    }
}

/// What comes of alerts of a rule, in batches of a size, the watermark behind each batch; after each
/// a fresh operator takes over from a snapshot. And how many were left out.
fn kept(doc: &StormDoc, all: &[Alert], size: usize) -> (Vec<String>, u64) {
    let (stage, _) = crate::calm::stage(0, doc, &columns()).unwrap();
    let mut operators = [stage.operator("r").unwrap()];
    let mut out = Vec::new();
    for part in all.chunks(size) {
        let time = part.iter().map(|alert| alert.time.0).collect();
        let seq = vec![0; part.len()].into();
        let batch = Batch::new(rows(part).unwrap(), time, seq).unwrap();
        let watermark = EventTime(part[part.len() - 1].time.0 + 1);
        let messages = vec![Message::Rows(batch), Message::Watermark(watermark)];
        out.extend(through(&mut operators, messages).iter().flat_map(shown));
        // What a checkpoint has is all there is.
        let snapshot = operators[0].snapshot(Epoch(1)).unwrap();
        let mut fresh = stage.operator("r").unwrap();
        fresh.restore(&snapshot).unwrap();
        assert_eq!(fresh.suppressed(), operators[0].suppressed());
        operators = [fresh];
    }
    let [operator] = operators;
    (out, operator.suppressed())
}

#[test]
fn repeats_of_a_rule_are_left_out_until_its_cooldown_is_over() {
    use Severity::{High, Watch};
    use State::{Clear, Open, Update};
    let doc = StormDoc {
        cooldown: Some(10_000_000),
        group: None,
    };
    assert_eq!(
        crate::calm::stage(0, &StormDoc::default(), &columns()).map(|_| ()),
        None
    );
    let all = [
        raised(100, Open, Watch),
        raised(103, Open, Watch), // a repeat
        raised(104, Update, Watch),
        raised(105, Clear, Watch), // of the repeat
        raised(106, Open, High),   // worse
        raised(107, Clear, High),
        raised(115, Open, High), // ten seconds after the one at 106 are not over
        raised(116, Open, Watch), // now they are
        raised(117, Clear, Watch),
    ];
    let expected = [
        "100 open k watch",
        "106 open k high",
        "107 clear k high",
        "116 open k watch",
        "117 clear k watch",
    ];
    for size in [1, 2, 9] {
        let (told, suppressed) = kept(&doc, &all, size);
        assert_eq!(told, expected, "batches of {size}");
        assert_eq!(suppressed, 2);
    }
}

const HOUR: i64 = 3_600;

#[test]
fn a_cooldown_of_days_lasts_for_days() {
    use Severity::Watch;
    use State::{Clear, Open};
    let doc = StormDoc {
        cooldown: Some(72 * HOUR * 1_000_000),
        group: None,
    };
    let all: Vec<Alert> = [(0, Open), (1, Clear), (30, Open), (60, Clear), (71, Open)]
        .into_iter()
        .chain([(73, Open), (74, Clear)])
        .map(|(hour, state)| raised(hour * HOUR, state, Watch))
        .collect();
    for size in [1, 3] {
        let (told, suppressed) = kept(&doc, &all, size);
        let expected = [
            "0 open k watch",
            "3600 clear k watch",
            "262800 open k watch",
            "266400 clear k watch",
        ];
        assert_eq!(told, expected);
        assert_eq!(suppressed, 2);
    }
}

#[test]
fn what_was_left_out_ends_untold_however_long_it_lasted() {
    use Severity::Watch;
    use State::{Clear, Open};
    let doc = StormDoc {
        cooldown: Some(HOUR * 1_000_000),
        group: None,
    };
    let mut all = vec![
        raised(0, Open, Watch),
        raised(10, Clear, Watch),
        raised(20, Open, Watch), // left out, and stays for three days
    ];
    // Others come and go meanwhile, so that what can be forgotten is.
    for hour in 1..72 {
        all.push(of_key("other", hour * HOUR, Open, Watch));
    }
    all.push(raised(72 * HOUR, Clear, Watch));
    all.push(raised(72 * HOUR + 1, Open, Watch));
    for size in [1, 7] {
        let (told, _) = kept(&doc, &all, size);
        let own: Vec<&String> = told.iter().filter(|line| line.contains(" k ")).collect();
        let expected = ["0 open k watch", "10 clear k watch", "259201 open k watch"];
        assert_eq!(own, expected, "batches of {size}");
    }
}

#[test]
fn a_storm_ends_however_long_it_lasted() {
    let mut rows: Vec<Input> = (0..4).map(|key| at(100 + key, key, 5)).collect();
    rows.extend((1..72).map(|hour| at(hour * HOUR, 9, 0)));
    rows.extend((0..4).map(|key| at(72 * HOUR + key, key, 0)));
    assert_eq!(
        lines(STORM, &rows)[3..],
        [
            "259200 clear 0 a 0",
            "259201 clear 1 a 1",
            "259203 clear storm 1970-01-01T00:01:40Z jump: 2 more, all over",
        ]
    );
}

#[test]
fn what_never_ends_is_not_remembered_for_ever() {
    use Severity::Watch;
    use State::Open;
    let doc = StormDoc {
        cooldown: Some(10_000_000),
        group: None,
    };
    let (stage, _) = crate::calm::stage(0, &doc, &columns()).unwrap();
    let mut operators = [stage.operator("r").unwrap()];
    for hour in 0..20 {
        // Ten thousand keys that are told, and told again too soon.
        let of = |i: i64, time| of_key(&format!("{hour}/{i}"), time, Open, Watch);
        let first = (0..10_000).map(|i| of(i, hour * HOUR));
        let again = (0..10_000).map(|i| of(i, hour * HOUR + 1));
        let part: Vec<Alert> = first.chain(again).collect();
        let time = part.iter().map(|alert| alert.time.0).collect();
        let seq = vec![0; part.len()].into();
        let batch = Batch::new(rows(&part).unwrap(), time, seq).unwrap();
        let watermark = EventTime((hour + 1) * HOUR * 1_000_000);
        let messages = vec![Message::Rows(batch), Message::Watermark(watermark)];
        assert_eq!(through(&mut operators, messages)[0].len(), 10_000);
    }
    let bytes = operators[0].state_bytes();
    assert!(bytes < 12 << 20, "{bytes} bytes");
}
