//! A chain whose open interest moves by less than a thousandth, but for a jump in every 50,000 rows:
//! what each way to find jumps is measured with. Numbers only, so that the program which runs the
//! rule natively, in the plugins' workspace, has the very same rows.

/// Rows of the input: 16 calls of 8,192.
pub(crate) const ROWS: usize = 8192 * 16;

/// How many rows a measurement takes, by rows a call: so few that most are not interrupted.
pub(crate) fn rows(size: usize) -> usize {
    ROWS.min(size * 2048)
}

/// The day of the special quotation, of all rows: 2025-12-12.
pub(crate) const SQ_DATE: i32 = 20_434;

/// The strike of row `i`.
pub(crate) fn strike(i: i64) -> f64 {
    (i % 300) as f64 * 125.0
}

/// Whether row `i` is of a put.
pub(crate) fn put(i: i64) -> bool {
    i % 2 == 1
}

/// Open interest before, of row `i`.
pub(crate) fn base(i: i64) -> i64 {
    1_000 + i * 7919 % 5_000
}

/// Open interest now, of row `i`.
pub(crate) fn oi(i: i64) -> i64 {
    match i % 50_000 {
        49_999 => base(i) * 2,
        _ => base(i) + i % 2,
    }
}
