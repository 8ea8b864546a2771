//! Columns in a line, and rows as text.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use zaraba_config::document::{ColumnDoc, ColumnType, Located};
use zaraba_core::diagnostic::{FileId, Span};
use zaraba_core::source::{BadRow, Polled, Source};

pub(crate) const NOWHERE: Span = Span {
    file: FileId(0),
    start: 0,
    end: 0,
};

pub(crate) fn located<T>(value: T) -> Located<T> {
    Located {
        value,
        span: NOWHERE,
    }
}

pub(crate) fn column(name: &str, kind: ColumnType) -> ColumnDoc {
    ColumnDoc {
        name: located(name.to_owned()),
        kind,
        format: None,
        zone: None,
        at: None,
        received: false,
        from: None,
        nulls: Vec::new(),
        thousands: None,
        optional: false,
        default: None,
        generate: None,
    }
}

/// Rows as `a|b|c`.
pub(crate) fn shown(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new().with_null("-");
    let columns: Vec<_> = rows
        .columns()
        .iter()
        .map(|c| ArrayFormatter::try_new(c, &options).unwrap())
        .collect();
    let row = |i| {
        columns
            .iter()
            .map(|c| c.value(i).to_string())
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..rows.num_rows()).map(row).collect()
}

/// Everything to the end, as `PARTITION: row`, ends of partitions as `PARTITION: end`.
pub(crate) fn drain(source: &mut dyn Source, limit: usize) -> (Vec<String>, Vec<BadRow>) {
    let (mut events, mut bad) = (Vec::new(), Vec::new());
    loop {
        match source.poll(limit).unwrap() {
            Polled::Rows(rows) => {
                assert!(rows.rows.num_rows() <= limit);
                let partition = rows.partition;
                events.extend(
                    shown(&rows.rows)
                        .iter()
                        .map(|row| format!("{partition}: {row}")),
                );
                bad.extend(rows.bad.into_iter().map(|(_, bad)| bad));
            }
            Polled::PartitionEnd(partition) => events.push(format!("{partition}: end")),
            Polled::Pending(_) => panic!("nothing to wait for"),
            Polled::End => return (events, bad),
        }
    }
}
