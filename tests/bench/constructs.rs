//! A million option ticks through each construct of streaming SQL: rows a second, nanoseconds a row
//! and where the time goes. Each construct's output is first compared with that of a plain loop over
//! the same rows (`plain.rs`), which shares nothing with the engine.
//!
//! `make bench`; `ROWS=100000 RUNS=1 ONLY=HOP make bench` for a short one.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops"
)]

mod plain;
mod ticks;

use std::path::PathBuf;

use zaraba::Meter;
use zaraba::pipeline::Pipeline;
use zaraba_core::clock::Stopwatch;

use crate::plain::{Digest, Tick};

/// A query and the loop that answers it.
struct Construct {
    name: &'static str,
    /// How many of the two files it reads.
    sources: usize,
    /// Tables, and the SQL of the query.
    tables: &'static str,
    sql: &'static str,
    expected: fn(&[Tick], &[Tick]) -> Digest,
}

const CONSTRUCTS: &[Construct] = &[
    Construct {
        name: "HOP, 5 minutes by 10 seconds",
        sources: 1,
        tables: "",
        sql: "SELECT window_end, strike, put_call, count(*) AS n, sum(price) AS sum,
                     min(price) AS min, max(price) AS max, last_value(price ORDER BY ts) AS last
              FROM HOP(a, ts, INTERVAL '10 seconds', INTERVAL '5 minutes')
              GROUP BY window_start, window_end, strike, put_call",
        expected: |ticks, _| plain::hop(ticks),
    },
    Construct {
        name: "CUMULATE, 10 seconds to 5 minutes",
        sources: 1,
        tables: "",
        sql: "SELECT window_end, strike, put_call, count(*) AS n, sum(price) AS sum,
                     min(price) AS min, max(price) AS max, last_value(price ORDER BY ts) AS last
              FROM CUMULATE(a, ts, INTERVAL '10 seconds', INTERVAL '5 minutes')
              GROUP BY window_start, window_end, strike, put_call",
        expected: |ticks, _| plain::cumulate(ticks),
    },
    Construct {
        name: "SESSION, gap 2 seconds",
        sources: 1,
        tables: "",
        sql: "SELECT window_start, window_end, strike, put_call, count(*) AS n, sum(price) AS sum
              FROM SESSION(a, ts, INTERVAL '2 seconds', strike, put_call)
              GROUP BY window_start, window_end, strike, put_call",
        expected: |ticks, _| plain::session(ticks),
    },
    Construct {
        name: "JOIN with a table as of the row",
        sources: 2,
        tables: "[table.quotes]\nfrom = \"b\"\nkey = [\"strike\", \"put_call\"]\n",
        sql: "SELECT a.ts, a.strike, a.put_call, a.price, quotes.price AS quote FROM a
              LEFT JOIN quotes ON a.strike = quotes.strike AND a.put_call = quotes.put_call",
        expected: plain::as_of,
    },
    Construct {
        name: "JOIN within half a second",
        sources: 2,
        tables: "",
        sql: "SELECT a.ts, a.strike, a.put_call, a.price, b.price AS other FROM a
              JOIN b ON a.strike = b.strike AND a.put_call = b.put_call
               AND b.ts BETWEEN a.ts - INTERVAL '500 milliseconds'
                            AND a.ts + INTERVAL '500 milliseconds'",
        expected: plain::interval,
    },
    Construct {
        name: "OVER, lag",
        sources: 1,
        tables: "",
        sql: "SELECT ts, strike, put_call, price,
                     lag(price) OVER (PARTITION BY strike, put_call ORDER BY ts) AS before FROM a",
        expected: |ticks, _| plain::lag(ticks),
    },
    Construct {
        name: "OVER, counter_delta",
        sources: 1,
        tables: "",
        sql: "SELECT ts, strike, put_call, oi,
                     counter_delta(oi) OVER (PARTITION BY strike, put_call ORDER BY ts) AS delta
              FROM a",
        expected: |ticks, _| plain::counter_delta(ticks),
    },
    Construct {
        name: "OVER, sum of a minute",
        sources: 1,
        tables: "",
        sql: "SELECT ts, strike, put_call, price,
                     sum(price) OVER (PARTITION BY strike, put_call ORDER BY ts
                       RANGE BETWEEN INTERVAL '1 minute' PRECEDING AND CURRENT ROW) AS sum FROM a",
        expected: |ticks, _| plain::minute(ticks),
    },
    Construct {
        name: "JOIN of rows in windows of a second",
        sources: 2,
        tables: "",
        sql: "SELECT a.window_end, a.strike, a.put_call, a.price, b.price AS other
              FROM TUMBLE(a, ts, INTERVAL '1 second') a JOIN TUMBLE(b, ts, INTERVAL '1 second') b
                ON a.window_start = b.window_start AND a.window_end = b.window_end
               AND a.strike = b.strike AND a.put_call = b.put_call",
        expected: plain::in_windows,
    },
    Construct {
        name: "OVER, the best 3 of a minute",
        sources: 1,
        tables: "",
        sql: "SELECT * FROM (SELECT window_end, strike, put_call, price,
                row_number() OVER (PARTITION BY window_start, window_end, strike, put_call
                                   ORDER BY price DESC)::bigint AS place
                FROM TUMBLE(a, ts, INTERVAL '1 minute'))
              WHERE place <= 3",
        expected: |ticks, _| plain::best(ticks),
    },
];

fn number(name: &str, default: usize) -> usize {
    let given = std::env::var(name).ok().and_then(|v| v.parse().ok());
    given.unwrap_or(default)
}

fn main() {
    let (rows, runs) = (number("ROWS", 1_000_000), number("RUNS", 5));
    let only = std::env::var("ONLY").unwrap_or_default();
    let files = [ticks::file(rows, 225), ticks::file(rows, 226)];
    let [a, b] = [plain::read(&files[0]), plain::read(&files[1])];
    let chosen: Vec<&Construct> = CONSTRUCTS
        .iter()
        .filter(|c| c.name.contains(&only))
        .collect();
    let mut rows_out = Vec::new();
    for construct in &chosen {
        let (got, _) = run(construct, &files, true);
        let expected = (construct.expected)(&a, &b);
        assert_eq!(got, expected, "{}: engine and plain loop", construct.name);
        rows_out.push(got.rows);
    }
    println!("{rows} ticks of a stream; every output agrees with the plain loop's");
    let mut results = vec![Vec::new(); chosen.len()];
    for _ in 0..runs {
        for (construct, results) in chosen.iter().zip(&mut results) {
            let watch = Stopwatch::start();
            let (_, busy) = run(construct, &files, false);
            results.push((watch.elapsed().as_secs_f64(), busy));
        }
    }
    for ((construct, results), out) in chosen.iter().zip(&mut results).zip(rows_out) {
        results.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (median, busy) = &results[results.len() / 2];
        let taken = (rows * construct.sources) as f64;
        println!(
            "{:34} {taken} rows in, {out} out: median {median:.3} s  {:5.2} M rows/s  {:5.0} ns a \
             row  (min {:.3}, max {:.3}, {runs} runs); busy: {busy}",
            construct.name,
            taken / median / 1e6,
            median / taken * 1e9,
            results[0].0,
            results[results.len() - 1].0,
        );
    }
}

/// The pipeline, as a user writes it: what comes out, and the seconds that each node was busy.
fn run(construct: &Construct, files: &[PathBuf; 2], digest: bool) -> (Digest, String) {
    let mut text = String::new();
    for (name, path) in ["a", "b"].iter().zip(files).take(construct.sources) {
        text += &format!(
            "[source.{name}]\nconnector = \"file\"\npath = \"{}\"\ntime = \"ts\"\n",
            path.display()
        );
    }
    text += &format!(
        "{}[query.q]\nsql = \"\"\"\n{}\"\"\"\n[sink.out]\nconnector = \"channel\"\nfrom = [\"q\"]\n",
        construct.tables, construct.sql
    );
    let mut pipeline = Pipeline::from_text("bench.toml", text)
        .build()
        .unwrap_or_else(|e| panic!("{}: {e}", construct.name));
    let receiver = pipeline.take_receiver("out").expect("the sink is there");
    let running = pipeline.start().expect("threads");
    let mut out = Digest::default();
    for (_, batch) in receiver {
        if digest {
            out.add(&batch.rows);
        } else {
            std::hint::black_box(&batch);
        }
    }
    let busy = running.meters().iter().map(|(name, meter)| {
        let seconds = Meter::get(&meter.busy_ns) as f64 / 1e9;
        format!("{name} {seconds:.3} s")
    });
    let busy = busy.collect::<Vec<_>>().join(", ");
    running.join().expect("it ran");
    (out, busy)
}
