//! Rows made up from a manifest, the same each time: a few keys, figures that drift and now and then
//! jump, rows without a value where the rule takes them, and times that stand still and leap.

use std::sync::Arc;

use arrow::datatypes::{Field as Column, Schema, SchemaRef};
use zaraba_core::batch::{Batch, of_columns};
use zaraba_core::error::Result;
use zaraba_core::time::DAY;

use crate::manifest::{Field, Stream};
use crate::seeded::Seeded;
use crate::value::{self, DataType, Value, arrow_type};

/// Where made-up rows begin: a Tuesday, 2025-11-25T00:00:00Z.
const START: i64 = 1_764_028_800_000_000;

const WORDS: [&str; 5] = ["7203", "6758", "日経225", "C", "P"];

/// The columns that a stream has if it has just what a rule wants.
pub(crate) fn schema(stream: &Stream) -> SchemaRef {
    let column = |field: &Field| {
        let of = arrow_type(field.data_type);
        Column::new(&field.name, of, field.nullable)
    };
    Arc::new(Schema::new(
        stream.fields.iter().map(column).collect::<Vec<_>>(),
    ))
}

/// Rows of a stream.
pub(crate) fn rows(stream: &Stream, n: usize, seed: u64) -> Result<Batch> {
    let mut random = Seeded::new(seed);
    let (mut now, mut level) = (START, 100.0);
    let row = |_| {
        now += match random.below(200) {
            0..80 => 0,
            80..199 => random.below(2_000_000) as i64,
            _ => random.below(600_000_000) as i64,
        };
        level = moved(level, 0.01, &mut random).clamp(0.01, 1e6);
        (now, level)
    };
    let of_rows: Vec<(i64, f64)> = (0..n).map(row).collect();
    let columns = stream.fields.iter().map(|field| {
        let mut random = Seeded::new(random.next());
        let rows = of_rows.iter();
        let values: Vec<Value> = rows
            .map(|(time, level)| one(field, *time, *level, &mut random))
            .collect();
        value::column(field.data_type, values.iter())
    });
    let rows = of_columns(schema(stream), columns.collect(), n)?;
    let times = of_rows.iter().map(|(time, _)| *time).collect();
    Batch::new(rows, times, (0..n as u64).collect())
}

/// A figure a little up or down.
fn moved(figure: f64, most: f64, random: &mut Seeded) -> f64 {
    let step = random.below(2001) as f64 / 1000.0 - 1.0;
    figure * (1.0 + step * most)
}

/// A value. Figures of a row are near its level, so that they can be compared with each other; one in
/// 100 is far from it.
fn one(field: &Field, time: i64, level: f64, random: &mut Seeded) -> Value {
    if field.nullable && random.below(8) == 0 {
        return Value::Null;
    }
    let most = if random.below(100) == 0 { 0.6 } else { 0.001 };
    let figure = moved(level, most, random);
    match field.data_type {
        DataType::Boolean => Value::Boolean(random.below(2) == 0),
        DataType::Int64 => Value::Int64((figure * 100.0) as i64),
        DataType::Float64 => Value::Float64(figure),
        DataType::Text => Value::Text(WORDS[random.below(WORDS.len() as u64) as usize].to_owned()),
        DataType::Timestamp => Value::Timestamp(time - random.below(60_000_000) as i64),
        DataType::Date => {
            let today = time.div_euclid(DAY);
            Value::Date((today + random.below(30) as i64) as i32)
        }
    }
}
