//! Rows as they are POSTed: the first byte chooses how they are read.

use zaraba_config::document::Format;
use zaraba_formats::decode::memory::{Layout, open_bytes};

use crate::shared;

/// Reads a body in this format.
pub fn posted(format: Format, bytes: &[u8]) {
    let Some((choice, data)) = bytes.split_first() else {
        return;
    };
    let layout = match choice & 3 {
        0 => Layout::Lines,
        1 => Layout::Any,
        _ => Layout::At("$.data[0].rows"),
    };
    let options = shared::options(format, *choice);
    let decoder = open_bytes(
        "POST /rows",
        data.to_vec(),
        &shared::SCHEMA,
        &options,
        layout,
    );
    shared::read(decoder, *choice);
}
