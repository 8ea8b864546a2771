//! The layout of a CSV file from its first lines: encoding, delimiter, header, columns.

use csv_core::{ReadRecordResult, ReaderBuilder};
use encoding_rs::{EUC_JP, SHIFT_JIS};

use super::{InferredColumn, NULL_WORDS, column, name_all};

/// Most rows that are looked at.
const ROWS_MAX: usize = 10_000;

/// What may stand between fields.
const DELIMITERS: [char; 4] = [',', '\t', ';', '|'];

/// A CSV file as it seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferredCsv {
    /// `encoding`
    pub encoding: &'static str,
    /// `csv.delimiter`
    pub delimiter: char,
    /// `csv.header`
    pub header: bool,
    /// Its columns.
    pub columns: Vec<InferredColumn>,
}

/// Reads a sample: the beginning of a file, perhaps cut within a line.
///
/// # Errors
/// When it is not text, or has no rows.
pub fn infer_csv(sample: &[u8], whole: bool) -> Result<InferredCsv, String> {
    let cut = match sample.iter().rposition(|b| *b == b'\n') {
        Some(end) if !whole => &sample[..=end],
        _ => sample,
    };
    let (encoding, text) = decoded(cut)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (delimiter, rows) = best(text).ok_or("expected rows of fields, got none")?;
    let width = rows[0].len();
    let even: Vec<&Vec<String>> = rows.iter().filter(|row| row.len() == width).collect();
    let header = has_header(&even);
    let body = &even[usize::from(header)..];
    let mut columns: Vec<InferredColumn> = (0..width)
        .map(|i| {
            let name = if header {
                even[0][i].trim().to_owned()
            } else {
                format!("column_{}", i + 1)
            };
            let values: Vec<&str> = body.iter().map(|row| row[i].trim()).collect();
            column(&name, &values, whole)
        })
        .collect();
    name_all(&mut columns);
    if !header {
        // In the order of the schema: none of them says where it is from.
        columns.iter_mut().for_each(|c| c.from = None);
    }
    Ok(InferredCsv {
        encoding,
        delimiter,
        header,
        columns,
    })
}

/// The text, and what it is written in.
fn decoded(sample: &[u8]) -> Result<(&'static str, String), String> {
    if let Ok(text) = std::str::from_utf8(sample) {
        return if text.contains('\0') {
            Err("expected text, got zero bytes".to_owned())
        } else {
            Ok(("utf-8", text.to_owned()))
        };
    }
    for (name, encoding) in [("cp932", SHIFT_JIS), ("euc-jp", EUC_JP)] {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(sample) {
            return Ok((name, text.into_owned()));
        }
    }
    Err("expected text in UTF-8, CP932 or EUC-JP, got other bytes".to_owned())
}

/// The delimiter that cuts most lines into the same number of fields, more than one if possible.
fn best(text: &str) -> Option<(char, Vec<Vec<String>>)> {
    let mut found = None;
    for delimiter in DELIMITERS {
        let rows = records(text, delimiter);
        let Some(width) = rows.first().map(Vec::len) else {
            continue;
        };
        let even = rows.iter().filter(|row| row.len() == width).count();
        let rank = (width > 1, even * 100 / rows.len(), width);
        if found.as_ref().is_none_or(|(best, _, _)| rank > *best) {
            found = Some((rank, delimiter, rows));
        }
    }
    found.map(|(_, delimiter, rows)| (delimiter, rows))
}

fn records(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter as u8).build();
    let (mut input, mut rows) = (text.as_bytes(), Vec::new());
    let (mut out, mut ends) = (vec![0; text.len().max(1)], vec![0; text.len() + 1]);
    while rows.len() <= ROWS_MAX {
        let (mut filled, mut fields) = (0, 0);
        loop {
            let (result, read, written, ended) =
                reader.read_record(input, &mut out[filled..], &mut ends[fields..]);
            input = &input[read..];
            (filled, fields) = (filled + written, fields + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => break,
                // Neither can be too small: they hold the whole text.
                _ => return rows,
            }
        }
        let mut start = 0;
        let field = |end: &usize| {
            let text = String::from_utf8_lossy(&out[start..*end]).into_owned();
            start = *end;
            text
        };
        rows.push(ends[..fields].iter().map(field).collect());
    }
    rows
}

/// Whether the first row names the columns: its texts are all there and differ, and below one of
/// them stand values of another type than text, or the names are words of no value.
fn has_header(rows: &[&Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else {
        return false;
    };
    let names: Vec<&str> = first.iter().map(|f| f.trim()).collect();
    let different = names
        .iter()
        .enumerate()
        .all(|(i, name)| !NULL_WORDS.contains(name) && !names[..i].contains(name));
    let is_text = |name: &&str| column("", &[name], true).kind == "text";
    if !different || !names.iter().all(is_text) {
        return false;
    }
    let below = |i: usize| rest.iter().map(|row| row[i].trim()).collect::<Vec<_>>();
    let typed = |i: usize| column("", &below(i), true).kind != "text";
    rest.is_empty() || (0..names.len()).any(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sample: &[u8]) -> String {
        let csv = infer_csv(sample, true).unwrap();
        let columns: Vec<String> = csv
            .columns
            .iter()
            .map(|c| {
                let from = c.from.as_ref().map_or(String::new(), |f| format!("<{f}"));
                format!("{}{from}:{}", c.name, c.kind)
            })
            .collect();
        format!(
            "{} {:?} {} {}",
            csv.encoding,
            csv.delimiter,
            csv.header,
            columns.join(" ")
        )
    }

    #[test]
    fn layouts() {
        for (sample, expected) in [
            (
                &b"ts,price\n2025-11-14T09:00:00Z,1\n"[..],
                "utf-8 ',' true ts:timestamp price:int64",
            ),
            (
                b"\xef\xbb\xbfa;b\r\n1;\"x;y\"\r\n",
                "utf-8 ';' true a:int64 b:text",
            ),
            (
                b"2025/11/14,1,\"1,234\"\n2025/11/15,2,5\n",
                "utf-8 ',' false column_1:date column_2:int64 column_3:int64",
            ),
            // 時刻,銘柄,建玉 and 日経 in CP932.
            (
                b"\x8e\x9e\x8d\x8f,\x96\xc1\x95\xbf,\x8c\x9a\x8b\xca\n2025-11-14,\x93\xfa\x8co,7\n",
                "cp932 ',' true column_1<時刻:date column_2<銘柄:text column_3<建玉:int64",
            ),
            (b"a\tb\n1\t2.5\n", "utf-8 '\\t' true a:int64 b:float64"),
            (b"x,x\n1,2\n", "utf-8 ',' false column_1:text column_2:text"),
        ] {
            assert_eq!(shown(sample), expected);
        }
        assert!(infer_csv(b"", true).is_err());
        assert!(infer_csv(&[0xff, 0xfe, 0x00, 0x80], true).is_err());
    }

    #[test]
    fn a_sample_may_end_within_a_line() {
        let csv = infer_csv(b"a,b\n1,2\n3,abc", false).unwrap();
        assert_eq!(csv.columns[1].kind, "float64");
    }

    proptest::proptest! {
        /// Whatever a file holds, it is understood or refused.
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = infer_csv(&bytes, true);
        }
    }
}
