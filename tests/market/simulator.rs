//! The simulated market in a pipeline: the same bytes in its files from the same seed, and nothing
//! lost or doubled by a kill.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::harness::{Drive, planned, run, whole};

const STREAMS: [(&str, &str); 5] = [
    ("options", "ts"),
    ("futures", "ts"),
    ("indices", "ts"),
    ("open_interest", "ts"),
    ("qri", "collected_at"),
];

/// The sources of a market with all that can be switched on.
fn sources(seed: u64, replay: &str) -> String {
    let source = |(stream, time): &(&str, &str)| {
        let ticks = match *stream {
            "indices" | "open_interest" => "",
            _ => "ticks_per_day = 3000",
        };
        format!(
            r#"
[source.{stream}]
connector = "simulate"
kind = "nikkei225-options"
stream = "{stream}"
seed = {seed}
start = "2025-11-20"
days = 2
strikes = 20
{ticks}
crash = {{ at = "2025-11-19T23:40:00", size = -0.08 }}
stalls = true
disorder = "3s"
time = "{time}"
out_of_order = "3s"
{replay}
"#
        )
    };
    let all: String = STREAMS.iter().map(source).collect();
    format!("name = \"market\"\ntimezone = \"Asia/Tokyo\"\n{all}")
}

/// Runs it into files, and reads these.
fn files(folder: &Path, seed: u64) -> BTreeMap<String, Vec<u8>> {
    let sinks: String = ["csv", "parquet"]
        .iter()
        .map(|format| {
            let from: Vec<String> = STREAMS.iter().map(|(s, _)| format!("{s:?}")).collect();
            let path = folder.join(format!("{{stream}}.{format}"));
            format!(
                "[sink.{format}]\nconnector = \"file\"\npath = {path:?}\nfrom = [{}]\n",
                from.join(", ")
            )
        })
        .collect();
    let text = format!("{}{sinks}", sources(seed, ""));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pipeline = zaraba::pipeline::Pipeline::from_text("market.toml", text);
    runtime
        .block_on(async { pipeline.build().unwrap().run().await })
        .unwrap();
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let name = |e: &std::fs::DirEntry| e.file_name().into_string().unwrap();
    entries
        .map(|e| (name(&e), std::fs::read(e.path()).unwrap()))
        .collect()
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let made = |seed| {
        let folder = tempfile::tempdir().unwrap();
        files(folder.path(), seed)
    };
    let (first, again, other) = (made(7), made(7), made(8));
    assert_eq!(first.len(), 10);
    for (name, bytes) in &first {
        assert!(bytes.len() > 3_000, "{name}: {}", bytes.len());
        assert!(bytes == &again[name], "{name}");
        assert!(bytes != &other[name], "{name}");
    }
}

#[test]
fn a_market_that_is_killed_loses_nothing() {
    let queries = r#"
[query.bars]
sql = """
SELECT window_start, window_end, put_call, count(*) AS n, sum(volume) AS v, count(price) AS priced,
       last_value(bid ORDER BY ts) AS bid
FROM TUMBLE(options, ts, INTERVAL '10 minutes') GROUP BY window_start, window_end, put_call"""
[query.futures_bars]
sql = """
SELECT window_start, window_end, product, count(*) AS n, sum(quantity) AS v,
       last_value(price ORDER BY ts) AS last
FROM TUMBLE(futures, ts, INTERVAL '10 minutes') GROUP BY window_start, window_end, product"""
"#;
    let bars = |replay: &str, drive: Drive| {
        let plan = planned(&format!("{}{queries}", sources(7, replay)));
        let plan = plan.unwrap_or_else(|e| panic!("{e}"));
        let names = ["bars", "futures_bars"];
        let streams = run(&plan, &BTreeMap::new(), &names, drive).unwrap();
        let of = names.iter().zip(&streams);
        of.map(|(name, batches)| whole(&plan, name, batches))
            .collect::<Vec<_>>()
    };
    let drive = |seed, batch_rows, kill| Drive {
        seed,
        batch_rows,
        kill,
    };
    let expected = bars("", drive(None, 1_000, false));
    assert!(expected.iter().all(|b| b.num_rows() > 200));
    for seed in 0..3 {
        let replay = ["", "replay = { speed = 3600.0 }"][seed as usize % 2];
        let killed = bars(replay, drive(Some(seed), 400, true));
        assert_eq!(killed, expected, "seed {seed}");
    }
}
