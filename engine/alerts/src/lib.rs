//! Alerts: those that a pipeline declares (`[alert.NAME]`), and what happens to those of anybody,
//! rules among them: repeats and storms, and the stream `alerts` of all of them.
//!
//! What a declared alert means, of one key, by event time and in the order of (time, sequence):
//!
//! 1. A row stands until the next of its key. It opens once `when` has held for `for` without a
//!    break: at the row itself where there is no `for`, else at the moment `for` is over, with the
//!    row that stands then, whether or not another row comes. A row at that very moment counts.
//! 2. Null is not true, neither of `when` nor of `clear`. Without `clear` it clears once `when` is
//!    not true; with it, once `clear` is true; where both are, `clear` counts.
//! 3. The severity is the worst whose condition holds, from `critical` down, wherever it stands in
//!    the file; where none does, it is `info` at first, later what it was. Another one is an update.
//! 4. A deletion ends whatever was: what waits is forgotten, what is open clears, in the words of
//!    the row last told of.
//! 5. After it opened, a key does not open again before `cooldown` is over; what still holds then
//!    opens then, and what has ended by then is counted as suppressed.
//! 6. A row that is late for its stream never came; one on which an expression fails goes to
//!    `NAME__errors`, and leaves its key as it was.
//! 7. The end of a replay is the end of time, as for windows: what waits opens, what is open stays.
//!    A stop is not: nothing opens by it.
//! 8. Rows wait until the watermark has passed them, so neither batches nor arrival matter: alerts
//!    and their ids are the same on each run. What is neither open nor waiting nor cooling down is
//!    not remembered.

pub mod plan;

pub mod live;

pub mod all;

pub mod calm;

pub mod check;

pub mod mistake;

mod options;

mod node;

mod declared;

mod told;

mod template;

mod storm;

mod held;

mod machine;

mod values;

#[cfg(test)]
mod tests;
