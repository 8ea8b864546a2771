//! Rows as the answer to a request: JSON, CSV or Arrow, as the URL or the `Accept` header asks.

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use chrono_tz::Tz;
use zaraba_core::error::Result;
use zaraba_formats::encode::csv;
use zaraba_formats::encode::json::{Int64, JsonEncoder};

/// What rows are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
    Arrow,
}

/// Forms by their word in the URL, with the content type.
const FORMS: [(&str, &str, Form); 3] = [
    ("json", "application/json", Form::Json),
    ("csv", "text/csv", Form::Csv),
    ("arrow", "application/vnd.apache.arrow.stream", Form::Arrow),
];

impl Form {
    /// What is asked for: the URL's word, else the best of the `Accept` header, else JSON.
    pub(crate) fn chosen(word: Option<&str>, accept: Option<&str>) -> Result<Self, String> {
        let there = "json (application/json), csv (text/csv) and arrow \
                     (application/vnd.apache.arrow.stream)";
        if let Some(word) = word {
            let found = FORMS.iter().find(|(known, ..)| *known == word);
            let none = || format!("no format `{word}`: there are {there}");
            return found.map(|(.., form)| *form).ok_or_else(none);
        }
        let Some(accept) = accept.filter(|a| !a.trim().is_empty()) else {
            return Ok(Self::Json);
        };
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok());
            let weight = weight.unwrap_or(1.0);
            let matches = |content: &str| {
                let group = kind.strip_suffix("/*");
                kind == "*/*" || kind == content || group.is_some_and(|g| content.starts_with(g))
            };
            // Of what is wanted equally the first named stays.
            if let Some((.., form)) = FORMS.iter().find(|(_, content, _)| matches(content))
                && weight > best.map_or(0.0, |(best, _)| best)
            {
                best = Some((weight, *form));
            }
        }
        let none = || format!("nothing that `Accept: {accept}` takes: there are {there}");
        best.map(|(_, form)| form).ok_or_else(none)
    }

    /// The answer's content type.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) form: Form,
    pub(crate) zone: Tz,
    pub(crate) int64: Int64,
}

/// Writes rows. `head`: what the JSON object says before its rows, with a comma behind.
pub(crate) fn write(
    style: Style,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    head: &str,
) -> Result<Vec<u8>> {
    match style.form {
        Form::Arrow => ipc(schema, batches),
        Form::Csv => {
            let mut out = Vec::new();
            csv::write_header(schema, &mut out)?;
            for batch in batches {
                csv::write_rows(batch, style.zone, &mut out)?;
            }
            Ok(out)
        }
        Form::Json => {
            let encoder = JsonEncoder::new(schema, style.zone, style.int64)?;
            let mut out = format!("{{{head}\"rows\":[").into_bytes();
            let mut between = false;
            for batch in batches {
                let rows = encoder.rows(batch)?;
                for row in 0..batch.num_rows() {
                    if std::mem::replace(&mut between, true) {
                        out.push(b',');
                    }
                    rows.write(row, &mut out);
                }
            }
            out.extend(b"]}\n");
            Ok(out)
        }
    }
}

/// An Arrow IPC stream: the schema, the batches, the end.
pub(crate) fn ipc(schema: &Schema, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    Ok(writer.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
        for (word, accept, expected) in [
            (None, None, Some(Form::Json)),
            (None, Some(""), Some(Form::Json)),
            (None, Some("*/*"), Some(Form::Json)),
            (None, Some(BROWSER), Some(Form::Json)),
            (None, Some("text/csv"), Some(Form::Csv)),
            (None, Some("text/*"), Some(Form::Csv)),
            (None, Some("Text/CSV; charset=utf-8"), Some(Form::Csv)),
            (
                None,
                Some("text/csv;q=0.5, application/vnd.apache.arrow.stream"),
                Some(Form::Arrow),
            ),
            (
                None,
                Some("text/csv;q=0, application/json;q=0.1"),
                Some(Form::Json),
            ),
            (None, Some("text/html"), None),
            (None, Some("text/csv;q=0"), None),
            (Some("csv"), Some("application/json"), Some(Form::Csv)),
            (Some("arrow"), None, Some(Form::Arrow)),
            (Some("xml"), Some("*/*"), None),
        ] {
            let got = Form::chosen(word, accept);
            assert_eq!(got.as_ref().ok(), expected.as_ref(), "{word:?} {accept:?}");
            if let Err(message) = got {
                assert!(message.contains("there are json (application/json), csv"));
            }
        }
    }
}
