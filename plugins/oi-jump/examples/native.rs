//! The rule's own code, natively, over the same rows as the engine's benchmark `rules`, which starts
//! this program and asks it by turns: what wasm costs is the ratio of the two. For each line with
//! rows a call it answers with the nanoseconds of one pass.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot run says so, and measures time"
)]

#[path = "../../../tests/bench/jumps.rs"]
mod jumps;

use std::hint::black_box;
use std::io::{BufRead, stdin};
use std::time::Instant;

use oi_jump::OiJump;
use zaraba_sdk::bindings::{Batch, Column, Dictionary, Texts, Values};
use zaraba_sdk::glue::Slot;

const fn column(values: Values) -> Column {
    Column {
        values,
        valid: None,
    }
}

/// Rows `from..from + n` of the chain, as the contract has them.
fn chain(from: usize, n: usize) -> Batch {
    let all = from as i64..(from + n) as i64;
    let sides = Dictionary {
        indices: all.clone().map(|i| u32::from(jumps::put(i))).collect(),
        words: Texts {
            offsets: vec![0, 1, 2],
            bytes: b"CP".to_vec(),
        },
    };
    Batch {
        time: all.clone().collect(),
        columns: vec![
            column(Values::Absent),
            column(Values::Date(vec![jumps::SQ_DATE; n])),
            column(Values::Float64(all.clone().map(jumps::strike).collect())),
            column(Values::Dictionary(sides)),
            column(Values::Int64(all.clone().map(jumps::base).collect())),
            column(Values::Int64(all.map(jumps::oi).collect())),
            column(Values::Absent),
        ],
    }
}

fn main() {
    let slot: Slot<OiJump> = Slot::new();
    slot.configure("{}").expect("parameters are right");
    for line in stdin().lock().lines() {
        let size: usize = line.expect("a line").parse().expect("rows a call");
        let places = (0..jumps::rows(size)).step_by(size);
        let parts: Vec<Batch> = places.map(|from| chain(from, size)).collect();
        let mut alerts = 0;
        let start = Instant::now();
        for part in parts {
            let raised = slot.evaluate(0, part).expect("the rule runs");
            alerts += black_box(raised).len();
        }
        println!("{} {alerts}", start.elapsed().as_nanos());
    }
}
