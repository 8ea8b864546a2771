//! A Parquet file, with its own columns and with declared ones.
#![no_main]

mod contained;
mod shared;

use std::io::Write as _;

use zaraba_config::document::Format;
use zaraba_formats::decode::{file_schema, open};

libfuzzer_sys::fuzz_target!(init: contained::allow_foreign_panics(), |bytes: &[u8]| contained::contained(|| {
    let Some((choice, data)) = bytes.split_first() else {
        return;
    };
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("room");
    let options = shared::options(Format::Parquet, *choice);
    drop(file_schema(file.path(), Format::Parquet));
    let declared = shared::SCHEMA.as_slice();
    let schema = if choice & 4 == 0 { &[] } else { declared };
    shared::read(open(file.path(), schema, &options), *choice);
}));
