//! What the targets of decoders share: columns of all types, and a reader that reads to the end.

use std::sync::LazyLock;

use zaraba_config::document::{ColumnDoc, Encoding, Format, SourceDoc};
use zaraba_config::load::{LoadOptions, load_text};
use zaraba_formats::decode::{DecodeOptions, Decoder};

/// Declared as a pipeline does.
const PIPELINE: &str = r#"
[source.s]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
[source.s.schema]
ts = "timestamp"
at = { type = "timestamp", format = "%Y%m%d%H%M%S", optional = true }
ms = { type = "timestamp", format = "epoch_ms", optional = true }
day = { type = "date", optional = true }
text = { type = "text", optional = true }
flag = { type = "bool", optional = true }
small = { type = "int32", optional = true }
large = { type = "int64", thousands = ",", optional = true }
price = { type = "float64", nulls = ["", "-"], optional = true }
exact = { type = "decimal(18, 4)", optional = true }
"#;

pub static SCHEMA: LazyLock<Vec<ColumnDoc>> = LazyLock::new(|| {
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|_| None,
    };
    let loaded = load_text("pipeline.toml".as_ref(), PIPELINE, &options);
    let shown = loaded.sources.render_all(&loaded.diagnostics);
    let document = loaded.document.expect(&shown);
    let [SourceDoc { schema, .. }] = document.sources.as_slice() else {
        panic!("{shown}")
    };
    schema.clone()
});

/// Options by a byte.
pub fn options(format: Format, choice: u8) -> DecodeOptions {
    DecodeOptions {
        encoding: match choice & 3 {
            0 => Encoding::Cp932,
            _ => Encoding::Utf8,
        },
        header: choice & 4 == 0,
        delimiter: if choice & 8 == 0 { b',' } else { b'\t' },
        ..DecodeOptions::new(format, chrono_tz::Asia::Tokyo)
    }
}

/// Reads all rows, a few at a time; what it hands over is whole.
pub fn read(decoder: zaraba_core::error::Result<Box<dyn Decoder>>, choice: u8) {
    let Ok(mut decoder) = decoder else { return };
    let schema = decoder.schema();
    let limit = 1 + usize::from(choice >> 4);
    while let Ok(Some(decoded)) = decoder.next(limit) {
        assert_eq!(decoded.rows.schema().fields().len(), schema.fields().len());
        assert!(decoded.rows.num_rows() + decoded.bad.len() <= limit);
        for (before, _) in &decoded.bad {
            assert!(*before <= decoded.rows.num_rows());
        }
    }
}
