//! Pieces of a text that grows: how many bytes of it are whole records, and a decoder for such.

use csv_core::{ReadRecordResult, ReaderBuilder};
use zaraba_config::document::{ColumnDoc, Format};
use zaraba_core::error::Result;

use super::input::Input;
use super::rows::Rows;
use super::{DecodeOptions, Decoder, csv, json, wanted};

pub use super::rows::ROW_BYTES_MAX;

/// Bytes of `data`, which begins with a record, that are whole records, of `most` at the most. A
/// line's end within quotes ends no record of CSV.
#[must_use]
pub fn whole_records(data: &[u8], options: &DecodeOptions, most: usize) -> usize {
    if options.format != Format::Csv {
        let mut ends = data.iter().enumerate().filter(|(_, b)| **b == b'\n');
        let last = if most == usize::MAX {
            ends.next_back()
        } else {
            ends.nth(most.saturating_sub(1))
        };
        return last.map_or(0, |(at, _)| at + 1);
    }
    let core = ReaderBuilder::new().delimiter(options.delimiter).build();
    let (mut core, mut fields, mut ends) = (core, [0; 4096], [0; 256]);
    let (mut at, mut whole, mut records) = (0, 0, 0);
    // No bytes would mean to it that the text is over.
    while at < data.len() && records < most {
        let (result, read, ..) = core.read_record(&data[at..], &mut fields, &mut ends);
        at += read;
        if result == ReadRecordResult::Record {
            whole = at;
            records += 1;
        }
    }
    whole
}

/// Reads records that stand behind each other in a file; `header` is its first record where that
/// names the columns, `line` the number of the line with which the data begins.
///
/// # Errors
/// As [`super::open`].
pub fn open_piece(
    name: &str,
    header: &[u8],
    data: &[u8],
    line: u64,
    schema: &[ColumnDoc],
    options: &DecodeOptions,
) -> Result<Box<dyn Decoder>> {
    let rows = Rows::new(schema, &wanted(schema, options)?, options)?;
    let input = Input::memory(name, [header, data].concat(), options.encoding)?;
    if options.format == Format::Csv {
        csv::open(input, schema, rows, options, Some(line))
    } else {
        json::open(input, schema, rows, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_are_whole() {
        let options = |format| DecodeOptions::new(format, chrono_tz::UTC);
        for (text, csv, json) in [
            ("", 0, 0),
            ("a,b", 0, 0),
            ("a,b\n", 4, 4),
            ("a,b\nc", 4, 4),
            ("a,b\r\nc,d\r", 9, 5),
            ("\n\na\n", 4, 4),
            ("a,\"b\nc\nd", 0, 7),
            ("a,\"b\nc\"\nd,e\nf", 12, 12),
            ("\"a\"\"\n\"\n", 7, 7),
        ] {
            let data = text.as_bytes();
            let whole = whole_records(data, &options(Format::Csv), usize::MAX);
            assert_eq!(whole, csv, "{text:?}");
            let whole = whole_records(data, &options(Format::Json), usize::MAX);
            assert_eq!(whole, json, "{text:?}");
        }
        let long = format!("{},\"{}\n\"\nx\n", "a".repeat(10_000), ",".repeat(10_000));
        for format in [Format::Csv, Format::Json] {
            let first = whole_records(long.as_bytes(), &options(format), 1);
            let expected = if format == Format::Csv {
                20_005
            } else {
                20_003
            };
            assert_eq!(first, expected);
        }
    }
}
