//! A request's body to rows: what its Content-Type says it is, the rows in it, and which of them
//! are bad, by their columns or by their time. The time is judged here only so that the sender can
//! be told; the intake judges it again.

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use tokio::sync::OwnedSemaphorePermit;
use zaraba_config::document::Format;
use zaraba_core::bad_rows;
use zaraba_core::error::Result;
use zaraba_core::source::SourceRows;
use zaraba_core::time::ClockTime;
use zaraba_formats::decode::memory::{Layout, open_bytes};
use zaraba_formats::decode::{DecodeOptions, Decoded};

use super::HttpServerOptions;
use crate::intake::fault_of_time;

/// Rows decoded at once.
const BATCH_ROWS: usize = 65_536;

/// Bad rows that a sender is told one by one.
const FAULTS_TOLD: usize = 10;

/// The content types taken, for messages.
pub(super) const ACCEPTED: &str = "application/json (an array, an object, or one object a line), \
     application/x-ndjson, text/csv (with a header) or application/vnd.apache.arrow.stream";

/// What a Content-Type means; none if nothing here.
pub(super) fn kind(content_type: &str) -> Option<(Format, Layout<'static>)> {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    let utf8 = |part: &str| {
        let part = part.to_ascii_lowercase().replace('"', "");
        part.strip_prefix("charset=")
            .is_none_or(|charset| matches!(charset, "utf-8" | "utf8" | "us-ascii"))
    };
    if !parts.all(utf8) {
        return None;
    }
    Some(match essence.as_str() {
        "application/json" => (Format::Json, Layout::Any),
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines" => (Format::Json, Layout::Lines),
        "text/csv" => (Format::Csv, Layout::Lines),
        "application/vnd.apache.arrow.stream" | "application/vnd.apache.arrow.file" => {
            (Format::Arrow, Layout::Lines)
        }
        _ => return None,
    })
}

/// A bad row, as its sender is told.
#[derive(Debug)]
pub(super) struct Fault {
    /// Its number in the request, from 1.
    pub(super) row: usize,
    /// The column that is wrong, where it is one.
    pub(super) column: Option<String>,
    pub(super) reason: String,
    /// The row as it came, shortened.
    pub(super) text: String,
}

/// The rows of a request.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) batches: Vec<SourceRows>,
    /// Rows that can be taken, and rows that cannot.
    pub(super) good: usize,
    pub(super) bad: usize,
    /// The first of the bad ones.
    pub(super) faults: Vec<Fault>,
    /// Given back when the pipeline has the rows.
    pub(super) _room: OwnedSemaphorePermit,
}

/// Decodes a body.
pub(super) fn decode(
    data: impl AsRef<[u8]> + Send + 'static,
    (format, layout): (Format, Layout<'_>),
    options: &HttpServerOptions,
    now: ClockTime,
    room: OwnedSemaphorePermit,
) -> Result<Parcel> {
    let mut parcel = Parcel {
        batches: Vec::new(),
        good: 0,
        bad: 0,
        faults: Vec::new(),
        _room: room,
    };
    let name = format!("POST {}", options.path);
    let how = DecodeOptions::new(format, options.zone);
    if data.as_ref().trim_ascii().is_empty() {
        return Ok(parcel);
    }
    let mut decoder = open_bytes(&name, data, &options.schema, &how, layout)?;
    while let Some(decoded) = decoder.next(BATCH_ROWS)? {
        parcel.judge(&decoded, options, now)?;
        parcel.batches.push(SourceRows {
            rows: decoded.rows,
            partition: 0,
            bad: decoded.bad,
        });
    }
    Ok(parcel)
}

impl Parcel {
    /// Counts good and bad rows.
    fn judge(
        &mut self,
        decoded: &Decoded,
        options: &HttpServerOptions,
        now: ClockTime,
    ) -> Result<()> {
        let Decoded { rows, bad } = decoded;
        let first = self.good + self.bad + 1;
        for (i, (before, row)) in bad.iter().enumerate() {
            self.fault(|| Fault {
                row: first + before + i,
                column: column_of(&row.reason),
                reason: row.reason.clone(),
                text: row.row.clone(),
            });
        }
        let column = rows.schema_ref().index_of(&options.time)?;
        let times = rows
            .column(column)
            .as_primitive::<TimestampMicrosecondType>();
        let bad_times = (0..rows.num_rows()).filter_map(|i| {
            let time = times.is_valid(i).then(|| times.value(i));
            Some((i, fault_of_time(time, Some(options.ahead), now)?))
        });
        let mut untimely = 0;
        for (i, fault) in bad_times {
            untimely += 1;
            self.fault(|| Fault {
                row: first + i + bad.partition_point(|(before, _)| *before <= i),
                column: Some(options.time.clone()),
                reason: fault.told(&options.time),
                text: bad_rows::as_text(&rows.slice(i, 1)),
            });
        }
        self.good += rows.num_rows() - untimely;
        self.faults.sort_by_key(|f| f.row);
        Ok(())
    }

    fn fault(&mut self, fault: impl FnOnce() -> Fault) {
        self.bad += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(fault());
        }
    }
}

/// The column that a reason begins with.
fn column_of(reason: &str) -> Option<String> {
    let (column, _) = reason.strip_prefix("column `")?.split_once('`')?;
    Some(column.to_owned())
}
