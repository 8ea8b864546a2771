//! Rows as arrow, as they are POSTed.
#![no_main]

mod contained;
mod posted;
mod shared;

use zaraba_config::document::Format;

libfuzzer_sys::fuzz_target!(
    init: contained::allow_foreign_panics(),
    |bytes: &[u8]| contained::contained(|| posted::posted(Format::Arrow, bytes))
);
