//! Sessions: windows that the rows themselves make, per key. Rows wait until the watermark has
//! passed them (`in_order`), then go in the order of time to the sessions of their keys
//! (`open`). What a session keeps, its aggregates (`groups`) or its rows (`held`), lies in
//! runs sorted by the session's number (`runs`), from which a closing session is taken out
//! without a look at the others. Knows no SQL.

mod open;

mod runs;

mod kept;

mod groups;

mod held;

pub mod operator;
