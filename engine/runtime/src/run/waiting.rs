//! Rows that a paced source has handed over and that are not due yet, in a snapshot.

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use zaraba_core::bad_rows;
use zaraba_core::error::Result;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::source::{BadRow, SourceRows};

const PART: &str = "waiting";

/// Adds them to a snapshot: the rows, and those that could not be read with their places as times.
pub(super) fn save(waiting: &SourceRows, snapshot: &mut Snapshot) -> Result<()> {
    let place = |before: usize| i64::try_from(before).unwrap_or(i64::MAX);
    let places: Vec<i64> = waiting.bad.iter().map(|(b, _)| place(*b)).collect();
    let bad: Vec<BadRow> = waiting.bad.iter().map(|(_, row)| row.clone()).collect();
    let bad = bad_rows::batch(&bad, &places, &vec![0; places.len()])?.rows;
    snapshot.push(
        PART,
        vec![i64::from(waiting.partition)],
        vec![Segment::new(waiting.rows.clone()), Segment::new(bad)],
    );
    Ok(())
}

/// Takes them back; none if none waited.
pub(super) fn load(snapshot: &Snapshot) -> Option<SourceRows> {
    let part = snapshot.parts(PART).next()?;
    let [rows, bad] = part.segments.as_slice() else {
        return None;
    };
    let text = |column: usize, i| {
        bad.rows
            .column(column)
            .as_string::<i32>()
            .value(i)
            .to_owned()
    };
    let places = bad
        .rows
        .column(0)
        .as_primitive::<TimestampMicrosecondType>();
    let bad = (0..bad.rows.num_rows()).map(|i| {
        let row = BadRow {
            reason: text(1, i),
            place: text(2, i),
            row: text(3, i),
        };
        (usize::try_from(places.value(i)).unwrap_or(0), row)
    });
    Some(SourceRows {
        rows: rows.rows.clone(),
        partition: u16::try_from(*part.numbers.first()?).unwrap_or(0),
        bad: bad.collect(),
    })
}
