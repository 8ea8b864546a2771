//! The engine as a whole, over rows that are there already.

pub(crate) mod harness;

mod first_path;

mod bootstrap;

mod encodings;

mod workbooks;

mod file_a_day;

mod sources;

mod to_a_client;

mod doors;

mod stale;

mod asked;

mod pushed;

mod followed;

mod evolution;

mod by_curl;
