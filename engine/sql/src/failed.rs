//! Rows on which an expression failed, on their way to `NODE__errors`.

use arrow::array::RecordBatch;
use zaraba_core::bad_rows;
use zaraba_core::error::Result;
use zaraba_core::output::{OutPort, Output};
use zaraba_core::source::BadRow;

use crate::rows::FailedRow;

/// Sends failed rows to the errors port, each at its own time.
///
/// # Errors
/// When Arrow refuses: a broken invariant.
pub fn send(node: &str, failed: &mut Vec<FailedRow>, out: &mut Output) -> Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let mut bad = Vec::with_capacity(failed.len());
    let (mut time, mut seq) = (Vec::new(), Vec::new());
    for FailedRow { row, reason } in failed.drain(..) {
        time.push(row.time[0]);
        seq.push(row.seq[0]);
        bad.push(BadRow {
            reason,
            place: node.to_owned(),
            row: bad_rows::as_text(&written(&row.rows)?),
        });
    }
    out.rows_to(OutPort::Errors, bad_rows::batch(&bad, &time, &seq)?);
    Ok(())
}

/// The columns that have a name in the query: not what a call with OVER is called inside a plan, nor
/// what was computed beside the input.
fn written(rows: &RecordBatch) -> Result<RecordBatch> {
    let schema = rows.schema();
    let inner = |name: &str| {
        let over = [
            " ORDER BY [",
            " PARTITION BY [",
            " ROWS BETWEEN ",
            " RANGE BETWEEN ",
        ];
        name.starts_with("__") || over.iter().any(|part| name.contains(part))
    };
    let columns = schema.fields().iter().enumerate();
    let columns = columns.filter(|(_, f)| !inner(f.name())).map(|(i, _)| i);
    Ok(rows.project(&columns.collect::<Vec<_>>())?)
}
