//! What is kept of a table, and no more; what does not fit a manifest.

use arrow::array::{Int64Array, StringArray};

use super::*;

fn field(name: &str, data_type: DataType) -> manifest::Field {
    manifest::Field {
        name: name.to_owned(),
        data_type,
        nullable: true,
        optional: false,
        description: String::new(),
    }
}

fn wanted(key: &[&str]) -> manifest::Table {
    manifest::Table {
        name: "notes".to_owned(),
        key: key
            .iter()
            .map(|name| field(name, DataType::Int64))
            .collect(),
        fields: vec![field("note", DataType::Text)],
        optional: false,
    }
}

/// A table by `n` of notes, which are gone after a thousand.
fn given() -> Given {
    struct Thousand;
    impl Gone for Thousand {
        fn expires(&self, time: EventTime) -> EventTime {
            time.plus(1_000)
        }
        fn asks(&self) -> bool {
            false
        }
        fn gone(&self, _row: &RecordBatch, _at: EventTime) -> Result<bool> {
            Ok(false)
        }
    }
    let columns = ["n", "m"].map(|name| Field::new(name, arrow_type(DataType::Int64), true));
    let note = Field::new("note", arrow_type(DataType::Text), true);
    let columns: Vec<Field> = columns.into_iter().chain([note]).collect();
    Given {
        name: "notes".to_owned(),
        columns: Arc::new(Schema::new(columns)),
        key: vec![0],
        gone: Some(Arc::new(Thousand)),
    }
}

/// Rows of `n`, one a moment.
fn rows(given: &Given, numbers: &[i64], from: i64) -> Batch {
    let n = Arc::new(Int64Array::from(numbers.to_vec()));
    let notes = numbers
        .iter()
        .zip(from..)
        .map(|(n, at)| format!("{n} at {at}"));
    let notes = Arc::new(StringArray::from_iter_values(notes));
    let columns = Arc::clone(&given.columns);
    let rows = RecordBatch::try_new(columns, vec![n.clone(), n, notes]).unwrap();
    let times: Vec<i64> = (from..).take(numbers.len()).collect();
    let seqs: Vec<u64> = (0..numbers.len() as u64).collect();
    Batch::new(rows, times.into(), seqs.into()).unwrap()
}

fn found(one: &One, n: i64, at: i64) -> Option<String> {
    let entry = one.by_key.get(&encoded(&[Value::Int64(n)]))?;
    let (_, row) = one.row(entry, EventTime(at)).unwrap()?;
    match &row.fields[..] {
        [Value::Text(note)] => Some(note.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_more_is_kept_than_may_be_asked_for() {
    let given = given();
    let mut one = One::new(&wanted(&["n"]), &given).unwrap();
    for round in 0..50 {
        one.push(&rows(&given, &[1, 2, 3, 1], round * 4)).unwrap();
    }
    assert_eq!(one.all().count(), 200);
    let full = one.bytes;
    one.forget(100);
    assert_eq!(found(&one, 1, 100).as_deref(), Some("1 at 100"));
    assert_eq!(found(&one, 2, 100).as_deref(), Some("2 at 97"));
    assert_eq!(found(&one, 2, 150).as_deref(), Some("2 at 149"));
    assert!(one.bytes < full * 6 / 10, "{} of {full}", one.bytes);
    one.forget(999);
    assert_eq!(one.all().count(), 3);
    // A deletion is kept as long as what it deletes may be asked for.
    let mut deleted = rows(&given, &[2], 1_000);
    deleted.deleted = Some(vec![true].into());
    one.push(&deleted).unwrap();
    assert_eq!(found(&one, 2, 999).as_deref(), Some("2 at 197"));
    assert_eq!(found(&one, 2, 1_000), None);
    one.forget(1_000);
    assert_eq!(one.by_key.len(), 2);
    assert_eq!(found(&one, 1, 1_198).as_deref(), Some("1 at 199"));
    assert_eq!(found(&one, 1, 1_199), None);
    one.forget(1_199);
    assert_eq!((one.by_key.len(), one.bytes), (0, 0));
}

#[test]
fn a_snapshot_has_all_of_it() {
    let given = given();
    let mut one = One::new(&wanted(&["n"]), &given).unwrap();
    one.push(&rows(&given, &[1, 2, 1], 0)).unwrap();
    let mut deleted = rows(&given, &[2], 3);
    deleted.deleted = Some(vec![true].into());
    one.push(&deleted).unwrap();
    let saved = one.save().unwrap();
    let mut again = One::new(&wanted(&["n"]), &given).unwrap();
    again.load(&saved).unwrap();
    for (n, at) in [
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 0),
        (2, 1),
        (2, 3),
        (3, 3),
        (1, 1_001),
        (1, 1_002),
    ] {
        assert_eq!(found(&again, n, at), found(&one, n, at), "{n} at {at}");
    }
    assert_eq!(again.bytes, one.bytes);
}

#[test]
fn what_does_not_fit() {
    let misfits = |wanted: manifest::Table| {
        let wrong = One::new(&wanted, &given()).err().unwrap_or_default();
        wrong
            .into_iter()
            .map(|misfit| misfit.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        misfits(wanted(&["n", "m"])),
        ["the rule looks into `notes` by the key `n`, `m`, and it has the key `n`"]
    );
    let mut other = wanted(&["n"]);
    other.fields = vec![field("nota", DataType::Text), field("m", DataType::Date)];
    assert_eq!(
        misfits(other),
        [
            "no column `nota` in `notes`, which the rule wants as text; did you mean `note`?",
            "the rule wants `m` of `notes` as date, and it is int64",
        ]
    );
    let one = One::new(&wanted(&["n"]), &given()).unwrap();
    for (key, expected) in [
        (
            vec![],
            "it asked `notes` for a key of 0 values; its key has 1",
        ),
        (
            vec![Value::Text("1".into())],
            "it asked `notes` for a key of text where it is int64",
        ),
    ] {
        assert_eq!(one.check(&key, true).unwrap_err().to_string(), expected);
    }
    assert!(one.check(&[], false).is_ok(), "a scan of everything");
}
