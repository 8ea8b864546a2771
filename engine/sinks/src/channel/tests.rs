//! The queue's two ends.

use std::sync::Arc;
use std::thread;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use zaraba_core::stream::{Changelog, StreamSchema};

use super::*;

fn batch(n: i64) -> Batch {
    let rows = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![n])) as ArrayRef)]);
    Batch::new(rows.unwrap(), vec![n].into(), vec![0].into()).unwrap()
}

fn input(name: &str) -> SinkInput {
    let schema = StreamSchema {
        columns: batch(0).rows.schema(),
        time: None,
        changelog: Changelog::Append,
    };
    SinkInput {
        name: name.to_owned(),
        schema,
    }
}

#[test]
fn everything_in_order_through_a_narrow_queue() {
    let (sink, receiver) = channel(1);
    let mut sink = sink.open(&[input("a"), input("b")]);
    let writer = thread::spawn(move || {
        for n in 0..100 {
            sink.write(Port(usize::from(n % 2 == 1)), &batch(n))
                .unwrap();
        }
        sink.close().unwrap();
    });
    let got: Vec<(String, i64)> = receiver
        .map(|(name, batch)| (name, batch.time[0]))
        .collect();
    writer.join().unwrap();
    let name = |n| if n % 2 == 1 { "b" } else { "a" };
    assert_eq!(
        got,
        (0..100)
            .map(|n| (name(n).to_owned(), n))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_program_that_stops_reading() {
    let (sink, receiver) = channel(4);
    let mut sink = sink.open(&[input("a")]);
    sink.write(Port(0), &batch(1)).unwrap();
    drop(receiver);
    assert!(matches!(
        sink.write(Port(0), &batch(2)),
        Err(Error::Outside(_))
    ));
}
