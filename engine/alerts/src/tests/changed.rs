//! Parameters that change while an alert runs.

use zaraba_config::document::Value;
use zaraba_core::message::Message;
use zaraba_core::time::EventTime;

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
    let refused = live.check(&values(Value::Text("high".to_owned())));
    assert!(refused.is_err(), "{refused:?}");
    assert!(live.take(&values(Value::Text("high".to_owned()))).is_err());
    assert_eq!(told(row(2, 4)), Vec::<String>::new());
    live.check(&values(Value::Int(6))).unwrap();
    live.take(&values(Value::Int(6))).unwrap();
    assert_eq!(told(row(3, 5)), ["3 clear 7 a 7"]);
    assert_eq!(told(row(4, 6)), ["4 open 7 a 7"]);
}
