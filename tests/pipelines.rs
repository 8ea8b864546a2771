//! The shipped pipelines, over the data that they are made for.

/// Feeds into the canonical streams.
mod feeds;

/// The page of the canonical streams.
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::python;

/// Market data whose owners state no licence: read where it is, never copied.
const CHAIN: &str = "../../shared/data/local-only/nifty50_chain_1min_20260819.csv.gz";

pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_real_minute_chain_equals_batch_sql() {
    let chain = here(CHAIN);
    if !chain.is_file() {
        println!(
            "SKIPPED: the real minute chain is not here ({}): nothing of it was compared",
            chain.display()
        );
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pipeline = zaraba::pipeline::Pipeline::from_path(here("../pipelines/nse-chain.toml"))
        .set("nse", chain.to_str().unwrap())
        .set("output", out.path().to_str().unwrap());
    runtime
        .block_on(async { pipeline.build().unwrap().run().await })
        .unwrap();
    let script = std::fs::read_to_string(here("pipelines/nse_chain.py")).unwrap();
    let answer = python::run(
        &script,
        &[chain.to_str().unwrap(), out.path().to_str().unwrap()],
    );
    println!("{answer}");
    let mut compared = BTreeMap::new();
    for line in answer.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [stream, rows, missing, extra] = words[..] else {
            panic!("{line}")
        };
        assert_eq!(
            (missing, extra),
            ("0", "0"),
            "{stream}: rows missing, rows too many"
        );
        compared.insert(stream.to_owned(), rows.parse::<usize>().unwrap());
    }
    let streams: Vec<&String> = compared.keys().collect();
    assert_eq!(streams, ["balance", "oi_window", "options", "top_strikes"]);
    assert!(compared.values().all(|rows| *rows > 300), "{compared:?}");
}

#[test]
fn every_shipped_pipeline_has_no_mistake_and_passes_its_tests() {
    let find = |pattern: &str| glob::glob(here(pattern).to_str().unwrap()).unwrap();
    // The tutorial's rule has a pipeline of its own.
    let all = find("../pipelines/**/*.toml").chain(find("../plugins/*/pipeline.toml"));
    let mut tests = 0;
    for path in all.map(Result::unwrap) {
        let checked = zaraba::pipeline::Pipeline::from_path(&path).check();
        let checked = checked.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        for outcome in checked.run_tests() {
            assert!(outcome.passed(), "{}: {outcome:?}", path.display());
            tests += 1;
        }
    }
    assert!(tests >= 18, "{tests}");
}
