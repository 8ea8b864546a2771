//! How many options a second the functions of SQL price, on one thread: columns of 8,192 rows, as
//! they come. A desk's whole chain is priced anew many times a second. Prices are first put through
//! their inverse.
//!
//! `make bench`

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops"
)]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use zaraba_core::clock::Stopwatch;

const ROWS: usize = 8_192;

fn call(function: &ScalarUDF, columns: &[ArrayRef]) -> ArrayRef {
    let field = |i: usize| {
        Arc::new(Field::new(
            format!("a{i}"),
            columns[i].data_type().clone(),
            true,
        ))
    };
    let arguments = ScalarFunctionArgs {
        args: columns.iter().cloned().map(ColumnarValue::Array).collect(),
        arg_fields: (0..columns.len()).map(field).collect(),
        number_rows: ROWS,
        return_field: Arc::new(Field::new("answer", DataType::Float64, true)),
        config_options: Arc::default(),
    };
    let answer = function.invoke_with_args(arguments).unwrap();
    answer.into_array(ROWS).unwrap()
}

fn main() {
    let functions = zaraba_finance::functions::pricing::all();
    let function = |name: &str| functions.iter().find(|f| f.name() == name).unwrap();
    let of = |number: &dyn Fn(usize) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..ROWS).map(number)))
    };
    let word = |i: usize| if i.is_multiple_of(2) { "C" } else { "P" };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values((0..ROWS).map(word))),
        of(&|_| 63_720.0),
        of(&|i| 40_000.0 + 125.0 * (i % 350) as f64),
        of(&|i| 0.02 + 0.001 * (i % 97) as f64),
        of(&|_| 0.01),
        of(&|i| 0.2 + 0.001 * (i % 211) as f64),
    ];
    let mut priced = columns.clone();
    priced[5] = call(function("black76_price"), &columns);
    let found = call(function("black76_iv"), &priced);
    let (found, given) = (
        found.as_primitive::<Float64Type>(),
        columns[5].as_primitive::<Float64Type>(),
    );
    let near = |i: &usize| found.is_valid(*i) && (found.value(*i) - given.value(*i)).abs() < 1e-6;
    let back = (0..ROWS).filter(near).count();
    // Far from the money a price says little of its volatility.
    assert!(back > ROWS / 2, "{back} of {ROWS} volatilities came back");
    for name in [
        "black76_price",
        "black76_delta",
        "black76_theta",
        "black76_iv",
    ] {
        let columns = if name == "black76_iv" {
            &priced
        } else {
            &columns
        };
        let once = || {
            let watch = Stopwatch::start();
            for _ in 0..20 {
                std::hint::black_box(call(function(name), columns));
            }
            (20 * ROWS) as f64 / watch.elapsed().as_secs_f64()
        };
        let mut rates: Vec<f64> = (0..11).map(|_| once()).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "{name}: {:.1} million a second (median of 11)",
            rates[5] / 1e6
        );
    }
}
