//! Rows on which an expression failed, on their way to `NODE__errors`.

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
            row: bad_rows::as_text(&row.rows),
        });
    }
    out.rows_to(OutPort::Errors, bad_rows::batch(&bad, &time, &seq)?);
    Ok(())
}
