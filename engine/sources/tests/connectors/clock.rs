//! Ticks by a clock that a test moves.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use zaraba_config::document::ColumnType;
use zaraba_core::clock::ManualClock;
use zaraba_core::source::{Polled, Source};
use zaraba_core::time::ClockTime;
use zaraba_formats::decode::arrow_schema;
use zaraba_sources::clock::ClockSource;

use crate::common::column;

fn source(clock: &ManualClock) -> ClockSource {
    let columns = arrow_schema(&[column("ts", ColumnType::Timestamp)]);
    ClockSource::new(10, columns, Arc::new(clock.clone()))
}

/// The ticks that there are now, in polls of three, and when the next is due.
fn ticks(source: &mut ClockSource) -> (Vec<i64>, Option<ClockTime>) {
    let mut ticks = Vec::new();
    loop {
        match source.poll(3).unwrap() {
            Polled::Rows(rows) => {
                let times = rows
                    .rows
                    .column(0)
                    .as_primitive::<TimestampMicrosecondType>();
                ticks.extend(times.values());
            }
            Polled::Pending(next) => return (ticks, next),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_multiple_is_left_out() {
    let clock = ManualClock::new(ClockTime(101));
    let mut source = source(&clock);
    assert_eq!(ticks(&mut source), (vec![], Some(ClockTime(110))));
    clock.set(ClockTime(110));
    assert_eq!(ticks(&mut source), (vec![110], Some(ClockTime(120))));
    assert_eq!(ticks(&mut source), (vec![], Some(ClockTime(120))));
    clock.set(ClockTime(159));
    let held_up = (vec![120, 130, 140, 150], Some(ClockTime(160)));
    assert_eq!(ticks(&mut source), held_up);
}

#[test]
fn a_tick_that_is_now_counts_and_a_restored_clock_goes_on() {
    let clock = ManualClock::new(ClockTime(100));
    let mut first = source(&clock);
    assert_eq!(ticks(&mut first).0, [100]);
    let position = first.position();
    clock.set(ClockTime(145));
    let lost = ticks(&mut first).0;
    clock.set(ClockTime(150));
    let mut again = source(&clock);
    again.seek(&position).unwrap();
    let mut expected = lost;
    expected.push(150);
    assert_eq!(ticks(&mut again).0, expected);
    assert_eq!(again.position().rows, [6]);
}
