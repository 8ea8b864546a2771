//! Parameters that change while an alert runs.

use zaraba_config::document::Value;
use zaraba_core::message::Message;
use zaraba_core::time::EventTime;

use crate::live::{Live, Wanted};

use super::rig::{Declared, Input, batch, lines, through};

fn row(time: i64, v: i64) -> Vec<Message> {
    let row = Input {
        time,
        key: 7,
        v: Some(v),
        deleted: false,
    };
    let watermark = EventTime((time + 1) * 1_000_000);
    vec![
        Message::Rows(batch(&[(time.cast_unsigned(), row)])),
        Message::Watermark(watermark),
    ]
}

fn params(params: &[(String, Value)]) -> Wanted<'_> {
    Wanted {
        params,
        options: &[],
    }
}

/// Changes options, or says why not.
fn set(live: &Live, options: &[(&str, &str)]) -> Result<(), String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let options: Vec<(String, String)> = options.iter().map(own).collect();
    let wanted = Wanted {
        params: &[],
        options: &options,
    };
    live.check(wanted)?;
    live.take(wanted)
}

#[test]
fn another_value_counts_from_the_next_row_on() {
    // The key is the stream's own, also when it is planned once more.
    let declared = Declared::new("when = \"v >= $band\"\nthreshold = \"$band\"\n");
    let (operator, live) = declared.0.origin.node().unwrap();
    let mut operators = [operator];
    let mut told = |messages| {
        let rows = through(&mut operators, messages);
        rows.iter().flat_map(lines).collect::<Vec<String>>()
    };
    assert_eq!(told(row(1, 5)), ["1 open 7 a 7"]);
    let values = |value: Value| vec![("band".to_owned(), value)];
    let high = values(Value::Text("high".to_owned()));
    let refused = live.check(params(&high));
    assert!(refused.is_err(), "{refused:?}");
    assert!(live.take(params(&high)).is_err());
    assert_eq!(told(row(2, 4)), Vec::<String>::new());
    let six = values(Value::Int(6));
    live.check(params(&six)).unwrap();
    live.take(params(&six)).unwrap();
    assert_eq!(told(row(3, 5)), ["3 clear 7 a 7"]);
    assert_eq!(told(row(4, 6)), ["4 open 7 a 7"]);
}

#[test]
fn options_change_while_it_runs() {
    let declared = Declared::new("when = \"v >= 3\"\ntitle = \"{{ severity }} {{ v }}\"\n");
    let (operator, live) = declared.0.origin.node().unwrap();
    let mut operators = [operator];
    let mut told = |messages| {
        let rows = through(&mut operators, messages);
        rows.iter().flat_map(lines).collect::<Vec<String>>()
    };
    assert_eq!(told(row(1, 3)), ["1 open 7 watch 3"]);
    set(&live, &[("when", "v >= 5"), ("severity", "high")]).unwrap();
    assert_eq!(told(row(2, 4)), ["2 clear 7 watch 4"]);
    assert_eq!(told(row(3, 5)), ["3 open 7 high 5"]);
    set(&live, &[("clear", "v = 0"), ("cooldown", "1m")]).unwrap();
    assert_eq!(
        told(row(4, 1)),
        Vec::<String>::new(),
        "it stays until it is 0"
    );
    assert_eq!(told(row(5, 0)), ["5 clear 7 high 0"]);
    assert_eq!(
        told(row(6, 5)),
        ["6 open 7 high 5"],
        "the old cooldown began"
    );
    set(&live, &[("clear", "none"), ("for", "10s")]).unwrap();
    assert_eq!(told(row(7, 0)), ["7 clear 7 high 0"]);
    assert_eq!(told(row(8, 5)), Vec::<String>::new());
    assert_eq!(told(row(30, 5)), Vec::<String>::new(), "it cools down");
    assert_eq!(told(row(70, 5)), ["66 open 7 high 5"]);
    let now: Vec<String> = live
        .options()
        .iter()
        .map(|(n, v)| format!("{n} = {v}"))
        .collect();
    let expected = [
        "when = v >= 5",
        "for = 10s",
        "clear = none",
        "severity = high",
        "cooldown = 1m",
        "repeat = none",
        "value = none",
        "threshold = none",
    ];
    assert_eq!(now, expected);
}

#[test]
fn what_cannot_change_says_why() {
    let declared = Declared::new("when = \"v >= 3\"\n");
    let (_, live) = declared.0.origin.node().unwrap();
    let elsewhere = "change the file and run it again";
    for (name, value, expected) in [
        ("when", "v >= ", "expected"),
        ("when", "w >= 3", "no column `w`"),
        ("when", "none", "expected an SQL condition"),
        (
            "when",
            "count(*) > 3",
            "an alert looks at one row at a time",
        ),
        ("when", "unread > 3", elsewhere),
        ("when", "v >= $band", "does not read in the file"),
        ("for", "soon", "expected a duration like 5m, got `soon`"),
        ("severity", "loud", "expected info, watch, high or critical"),
        (
            "threshold",
            "'x'",
            "`threshold` is a number, this is of type text",
        ),
        ("cooldwon", "5m", "did you mean `cooldown`?"),
        (
            "title",
            "x",
            "of an alert when, for, clear, severity, cooldown, repeat, value, threshold",
        ),
    ] {
        let refused = set(&live, &[("for", "1s"), (name, value)]).unwrap_err();
        assert!(refused.contains(expected), "{name}={value}: {refused}");
    }
    assert_eq!(live.options()[1].1, "0s", "nothing changed");
}
