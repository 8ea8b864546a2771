//! Lines as they are printed, and a reader that goes away.

use std::io;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use zaraba_core::stream::{Changelog, StreamSchema};

use super::*;

/// What was printed, for the test to read.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn rows(columns: [&str; 2]) -> Batch {
    let rows = RecordBatch::try_from_iter([
        (
            columns[0],
            Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef,
        ),
        (columns[1], Arc::new(Int64Array::from(vec![Some(1), None]))),
    ])
    .unwrap();
    Batch::new(rows, vec![0, 0].into(), vec![0, 0].into()).unwrap()
}

fn input(name: &str, columns: [&str; 2], key: Option<Vec<&str>>) -> SinkInput {
    let changelog = match key {
        None => Changelog::Append,
        Some(key) => Changelog::Upsert {
            key: key.into_iter().map(str::to_owned).collect(),
        },
    };
    let columns = rows(columns).rows.schema();
    SinkInput {
        name: name.to_owned(),
        schema: StreamSchema {
            columns,
            time: None,
            changelog,
        },
    }
}

/// What is printed of two rows of each stream, the second a deletion on upsert streams.
fn check(inputs: &[SinkInput], format: Format, expected: &str) {
    let paper = Paper::default();
    let mut sink = StdoutSink::to(Box::new(paper.clone()), inputs, format, Tz::UTC).unwrap();
    for (port, input) in inputs.iter().enumerate() {
        let mut batch = rows(["k", "v"]);
        if input.schema.changelog != Changelog::Append {
            batch.deleted = Some(vec![false, true].into());
        }
        sink.write(Port(port), &batch).unwrap();
    }
    sink.close().unwrap();
    assert_eq!(
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap(),
        expected
    );
}

#[test]
fn lines() {
    let facts = input("facts", ["k", "v"], None);
    let state = input("state", ["k", "v"], Some(vec!["k"]));
    let one = input("one", ["k", "v"], Some(vec![]));
    check(
        std::slice::from_ref(&facts),
        Format::Json,
        "{\"k\":\"a\",\"v\":1}\n{\"k\":\"b\",\"v\":null}\n",
    );
    check(
        &[facts.clone(), state.clone(), one.clone()],
        Format::Json,
        "{\"stream\":\"facts\",\"k\":\"a\",\"v\":1}\n{\"stream\":\"facts\",\"k\":\"b\",\"v\":null}\n\
         {\"stream\":\"state\",\"k\":\"a\",\"v\":1}\n\
         {\"stream\":\"state\",\"k\":\"b\",\"deleted\":true}\n\
         {\"stream\":\"one\",\"k\":\"a\",\"v\":1}\n{\"stream\":\"one\",\"deleted\":true}\n",
    );
    check(
        &[one],
        Format::Json,
        "{\"k\":\"a\",\"v\":1}\n{\"deleted\":true}\n",
    );
    check(&[facts], Format::Csv, "k,v\na,1\nb,\n");
    check(&[state], Format::Csv, "__op,k,v\nupsert,a,1\ndelete,b,\n");
}

#[test]
fn what_cannot_be_printed_is_refused() {
    let facts = || input("facts", ["k", "v"], None);
    for (inputs, format, expected) in [
        (
            vec![facts(), facts()],
            Format::Csv,
            "expected one stream for csv",
        ),
        (
            vec![facts()],
            Format::Parquet,
            "expected json or csv for standard output, got parquet",
        ),
        (
            vec![input("x", ["stream", "v"], None), facts()],
            Format::Json,
            "column `stream` of `x` clashes",
        ),
        (
            vec![input("x", ["k", "deleted"], Some(vec!["k"]))],
            Format::Json,
            "column `deleted` of `x` clashes",
        ),
    ] {
        let Err(Error::User(message)) = StdoutSink::new(&inputs, format, Tz::UTC) else {
            panic!("{expected}")
        };
        assert!(message.starts_with(expected), "{message}");
    }
    // Alone, a stream may have such a column: nothing is added to it.
    StdoutSink::new(
        &[input("x", ["stream", "deleted"], None)],
        Format::Json,
        Tz::UTC,
    )
    .unwrap();
}

#[test]
fn a_reader_that_goes_away() {
    let (reader, writer) = io::pipe().unwrap();
    let inputs = [input("facts", ["k", "v"], None)];
    let mut sink = StdoutSink::to(Box::new(writer), &inputs, Format::Json, Tz::UTC).unwrap();
    sink.write(Port(0), &rows(["k", "v"])).unwrap();
    drop(reader);
    let error = sink.write(Port(0), &rows(["k", "v"])).unwrap_err();
    assert!(is_closed(&error), "{error}");
    assert!(is_closed(&error.at("sink `out`")));
    assert!(!is_closed(&Error::outside("the disk is full")));
}
