//! A row on its way out: its values for templates, and as JSON for the dead letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use chrono_tz::Tz;
use minijinja::value::Value;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::time::ClockTime;
use zaraba_formats::encode::json::{Int64, JsonEncoder};
use zaraba_formats::encode::text::Texts;

use crate::input::SinkInput;

/// A row that is to be sent.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) stream: Arc<str>,
    /// By column, and `stream`.
    pub(super) values: BTreeMap<String, Value>,
    pub(super) json: String,
    /// Whether it is sent in quiet hours, too.
    pub(super) urgent: bool,
    pub(super) arrived: ClockTime,
}

/// Makes items of one stream's rows.
pub(super) struct Rows {
    stream: Arc<str>,
    columns: Vec<String>,
    encoder: JsonEncoder,
    zone: Tz,
    /// Columns, and values with which a row is urgent.
    urgent: Vec<(usize, Vec<String>)>,
}

enum Column {
    Int(ArrayRef),
    UInt(ArrayRef),
    Float(ArrayRef),
    Bool(ArrayRef),
    Text(Texts),
}

impl Column {
    fn new(array: &ArrayRef, zone: Tz) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::UInt64 => Self::UInt(Arc::clone(array)),
            kind if kind.is_integer() => Self::Int(cast(array, &DataType::Int64)?),
            kind if kind.is_floating() => Self::Float(cast(array, &DataType::Float64)?),
            DataType::Boolean => Self::Bool(Arc::clone(array)),
            _ => Self::Text(Texts::new(array, zone)?),
        })
    }

    fn value(&self, row: usize) -> Value {
        match self {
            Self::Int(a) | Self::UInt(a) | Self::Float(a) | Self::Bool(a) if a.is_null(row) => {
                Value::from(())
            }
            Self::Int(a) => Value::from(a.as_primitive::<Int64Type>().value(row)),
            Self::UInt(a) => Value::from(a.as_primitive::<UInt64Type>().value(row)),
            Self::Float(a) => Value::from(a.as_primitive::<Float64Type>().value(row)),
            Self::Bool(a) => Value::from(a.as_boolean().value(row)),
            Self::Text(texts) => {
                let mut text = Vec::new();
                if texts.write(row, &mut text) {
                    Value::from(String::from_utf8_lossy(&text).into_owned())
                } else {
                    Value::from(())
                }
            }
        }
    }
}

impl Rows {
    pub(super) fn new(
        input: &SinkInput,
        except: &[(String, Vec<String>)],
        zone: Tz,
    ) -> Result<Self> {
        let schema = &input.schema.columns;
        let urgent = except
            .iter()
            .map(|(column, values)| Ok((schema.index_of(column)?, values.clone())));
        Ok(Self {
            stream: input.name.as_str().into(),
            columns: schema.fields().iter().map(|f| f.name().clone()).collect(),
            encoder: JsonEncoder::new(schema, zone, Int64::Number)?,
            zone,
            urgent: urgent.collect::<Result<_>>()?,
        })
    }

    /// The rows of a batch; deletions are nothing to send.
    pub(super) fn items(&self, batch: &Batch, now: ClockTime) -> Result<Vec<Item>> {
        let columns = batch
            .rows
            .columns()
            .iter()
            .map(|c| Column::new(c, self.zone));
        let columns: Vec<Column> = columns.collect::<Result<_>>()?;
        let json = self.encoder.rows(&batch.rows)?;
        let urgent = self.urgent(&batch.rows)?;
        let mut items = Vec::new();
        for row in (0..batch.len()).filter(|row| !batch.is_deleted(*row)) {
            let mut text = Vec::new();
            json.write(row, &mut text);
            let values = self.columns.iter().zip(&columns);
            let mut values: BTreeMap<String, Value> = values
                .map(|(name, column)| (name.clone(), column.value(row)))
                .collect();
            values
                .entry("stream".to_owned())
                .or_insert_with(|| Value::from(&*self.stream));
            items.push(Item {
                stream: Arc::clone(&self.stream),
                values,
                json: String::from_utf8_lossy(&text).into_owned(),
                urgent: urgent[row],
                arrived: now,
            });
        }
        Ok(items)
    }

    fn urgent(&self, rows: &RecordBatch) -> Result<Vec<bool>> {
        let mut urgent = vec![false; rows.num_rows()];
        let mut text = Vec::new();
        for (column, values) in &self.urgent {
            let texts = Texts::new(rows.column(*column), self.zone)?;
            for (row, urgent) in urgent.iter_mut().enumerate() {
                text.clear();
                let there = texts.write(row, &mut text);
                *urgent |= there && values.iter().any(|value| value.as_bytes() == text);
            }
        }
        Ok(urgent)
    }
}

/// A row that stands for those of a stream, to try templates with.
pub(super) fn sample(input: &SinkInput) -> BTreeMap<String, Value> {
    let value = |kind: &DataType| match kind {
        kind if kind.is_integer() => Value::from(1),
        kind if kind.is_floating() => Value::from(1.5),
        DataType::Boolean => Value::from(true),
        DataType::Timestamp(..) => Value::from("2025-11-14T09:00:00+09:00"),
        DataType::Date32 | DataType::Date64 => Value::from("2025-11-14"),
        _ => Value::from("a \"text\""),
    };
    let fields = input.schema.columns.fields().iter();
    let mut row: BTreeMap<String, Value> = fields
        .map(|f| (f.name().clone(), value(f.data_type())))
        .collect();
    row.entry("stream".to_owned())
        .or_insert_with(|| Value::from(input.name.as_str()));
    row
}
