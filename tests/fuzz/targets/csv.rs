//! Rows as csv, as they are POSTed.
#![no_main]

mod posted;
mod shared;

use zaraba_config::document::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| posted::posted(Format::Csv, bytes));
