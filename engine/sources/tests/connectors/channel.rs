//! `connector = "channel"`

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use zaraba_core::source::{Polled, Source};
use zaraba_sources::channel::channel;

use crate::common::shown;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

fn rows(numbers: std::ops::Range<i64>) -> RecordBatch {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    RecordBatch::try_new(schema(), vec![n]).unwrap()
}

/// Long enough for a thread to get somewhere, if anything lets it.
const A_WHILE: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn batches_are_cut_to_the_limit() {
    let (sender, mut source) = channel(schema(), 4);
    sender.send(rows(0..5)).unwrap();
    sender.send(rows(5..6)).unwrap();
    sender.close();
    let mut polled = Vec::new();
    while let Polled::Rows(rows) = source.poll(2).unwrap() {
        polled.push(shown(&rows.rows).join(" "));
    }
    assert_eq!(polled, ["0 1", "2 3", "4", "5"]);
    assert!(matches!(source.poll(2).unwrap(), Polled::End));
    assert_eq!(source.position().rows, [6]);
    assert!(source.live() && !source.replayable());
}

#[test]
fn ends_when_the_last_sender_is_dropped() {
    let (sender, mut source) = channel(schema(), 4);
    let other = sender.clone();
    drop(sender);
    assert!(matches!(source.poll(2).unwrap(), Polled::Pending(None)));
    drop(other);
    assert!(matches!(source.poll(2).unwrap(), Polled::End));
}

#[test]
fn a_full_queue_makes_the_sender_wait() {
    let (sender, mut source) = channel(schema(), 2);
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let program = thread::spawn(move || {
        for i in 0..10 {
            sender.send(rows(i..i + 1)).unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let wake = source.wake();
    thread::sleep(A_WHILE);
    assert_eq!(sent.load(Ordering::SeqCst), 2, "only what the queue holds");
    let mut polled = Vec::new();
    loop {
        match source.poll(10).unwrap() {
            Polled::Rows(rows) => polled.extend(shown(&rows.rows)),
            Polled::Pending(_) => wake.wait(LONG),
            _ => break,
        }
    }
    program.join().unwrap();
    assert_eq!(polled, (0..10).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_poller_is_woken_by_rows_and_by_the_end() {
    let (sender, mut source) = channel(schema(), 2);
    let wake = source.wake();
    let program = thread::spawn(move || {
        thread::sleep(A_WHILE);
        sender.send(rows(0..1)).unwrap();
        thread::sleep(A_WHILE);
        sender.close();
    });
    // Were it not woken, each wait would last longer than the test may.
    let mut waits = 0;
    loop {
        match source.poll(1).unwrap() {
            Polled::Pending(_) => {
                waits += 1;
                let watch = zaraba_core::clock::Stopwatch::start();
                wake.wait(LONG);
                assert!(watch.elapsed() < LONG / 2, "woken");
            }
            Polled::End => break,
            _ => {}
        }
    }
    program.join().unwrap();
    assert!(waits >= 2);
}

#[test]
fn wrong_columns_and_a_gone_pipeline_are_errors() {
    let (sender, source) = channel(schema(), 2);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let error = sender
        .send(RecordBatch::try_from_iter([("m", text)]).unwrap())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected rows of (n Int64), got (m Utf8 not null)"
    );
    drop(source);
    let error = sender.send(rows(0..1)).unwrap_err().to_string();
    assert_eq!(error, "the pipeline has ended and takes no more rows");
}
