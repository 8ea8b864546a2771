//! The rule's own code, natively, over the same rows as the engine's benchmark `rules`: what wasm costs
//! is the ratio of the two.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot run says so, and measures time"
)]

use std::hint::black_box;
use std::time::Instant;

use oi_jump::OiJump;
use zaraba_sdk::bindings::{Batch, Column, Dictionary, Texts, Values};
use zaraba_sdk::glue::Slot;

const ROWS: usize = 8192 * 64;

fn column(values: Values) -> Column {
    Column {
        values,
        valid: None,
    }
}

/// Rows `from..from + n` of the chain, as the contract has them.
fn chain(from: usize, n: usize) -> Batch {
    let all = from as i64..(from + n) as i64;
    let base = |i: i64| 1_000 + i * 7919 % 5_000;
    let oi = |i: i64| {
        if i % 50_000 == 49_999 {
            base(i) * 2
        } else {
            base(i) + i % 2
        }
    };
    let words = Texts {
        offsets: vec![0, 1, 2],
        bytes: b"CP".to_vec(),
    };
    let sides = Dictionary {
        indices: all.clone().map(|i| (i % 2) as u32).collect(),
        words,
    };
    Batch {
        time: all.clone().collect(),
        columns: vec![
            column(Values::Absent),
            column(Values::Date(vec![20_434; n])),
            column(Values::Float64(
                all.clone().map(|i| (i % 300) as f64 * 125.0).collect(),
            )),
            column(Values::Dictionary(sides)),
            column(Values::Int64(all.clone().map(base).collect())),
            column(Values::Int64(all.map(oi).collect())),
            column(Values::Absent),
        ],
    }
}

fn main() {
    let slot: Slot<OiJump> = Slot::new();
    slot.configure("{}").expect("parameters are right");
    for size in [8192, 1] {
        let rows = ROWS.min(size * 10_000);
        let mut least = vec![f64::INFINITY; rows / size];
        for _ in 0..20 {
            for (i, least) in least.iter_mut().enumerate() {
                let part = chain(i * size, size);
                let start = Instant::now();
                black_box(slot.evaluate(0, part).expect("the rule runs"));
                *least = least.min(start.elapsed().as_secs_f64());
            }
        }
        let rate = rows as f64 / least.iter().sum::<f64>() / 1e6;
        println!("native, {size:>5} rows a call {rate:>7.1} M rows/s");
    }
}
