//! Rows as arrow, as they are POSTed: the first byte chooses how they are read.
#![no_main]

mod shared;

use zaraba_config::document::Format;
use zaraba_formats::decode::memory::{Layout, open_bytes};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, data)) = bytes.split_first() else {
        return;
    };
    let layout = match choice & 3 {
        0 => Layout::Lines,
        1 => Layout::Any,
        _ => Layout::At("$.data[0].rows"),
    };
    let options = shared::options(Format::Arrow, *choice);
    let decoder = open_bytes(
        "POST /rows",
        data.to_vec(),
        &shared::SCHEMA,
        &options,
        layout,
    );
    shared::read(decoder, *choice);
});
