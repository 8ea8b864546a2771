//! `oi-jump` and `price-jump` on the real minute chain, behind the shipped feed: they raise what batch SQL
//! of their conditions finds (DuckDB, in decimals), with the ids that their hash says, whatever the
//! batches, wherever a run was killed, and on trial as in the pipeline.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use serde_json::{Map, json};
use zaraba::plugin::{Recorded, with_recorded};
use zaraba_core::bad_rows::as_text;
use zaraba_runtime::plan::PipelinePlan;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};
use crate::pipelines::here;
use crate::python;

/// Data whose owner states no licence: read where it is, never copied.
const CHAIN: &str = "../../shared/data/local-only/nifty50_chain_1min_20260819.csv.gz";

const RULES: [&str; 4] = ["oi_jump", "oi_eager", "price_jump", "price_eager"];

/// The feed with the chain's path in it, and the rules; none where the chain is not.
fn pipeline() -> Option<PipelinePlan> {
    let chain = here(CHAIN);
    if !chain.is_file() {
        println!("SKIPPED: the real minute chain is not here: nothing of it was compared");
        return None;
    }
    let feed = std::fs::read_to_string(here("../pipelines/feeds/nse.toml")).unwrap();
    let path = "../../data/nifty50_chain_1min.csv.gz";
    assert!(feed.contains(path), "the feed's default path");
    let feed = feed.replace(path, chain.to_str().unwrap());
    let text = feed + include_str!("chain/rules.toml");
    Some(planned(&text).unwrap_or_else(|e| panic!("{e}")))
}

const fn drive(seed: Option<u64>, batch_rows: usize, kill: bool) -> Drive {
    Drive {
        seed,
        batch_rows,
        kill,
    }
}

/// What streams have of a run over the file itself.
fn from_file(plan: &PipelinePlan, streams: &[&str]) -> Vec<RecordBatch> {
    let came = run(plan, &BTreeMap::new(), streams, drive(None, 8192, false)).unwrap();
    let of = |(name, batches): (&&str, &Vec<_>)| whole(plan, name, batches);
    streams.iter().zip(&came).map(of).collect()
}

fn write(path: &Path, rows: &RecordBatch) {
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

/// Compares with DuckDB.
fn compare(alerts: &[RecordBatch]) {
    let folder = tempfile::tempdir().unwrap();
    for (rule, alerts) in RULES.iter().zip(alerts) {
        write(&folder.path().join(format!("{rule}.parquet")), alerts);
    }
    let chain = here(CHAIN);
    let answer = python::run(
        include_str!("chain/batch.py"),
        &[chain.to_str().unwrap(), folder.path().to_str().unwrap()],
    );
    println!("rule, alerts, lacking, too many, graver ones, repeats left out\n{answer}");
    let mut rules = Vec::new();
    for line in answer.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [rule, found, lacking, extra, graver, left_out] = words[..] else {
            panic!("{line}")
        };
        assert_eq!((lacking, extra), ("0", "0"), "{line}");
        let [found, graver, left_out] =
            [found, graver, left_out].map(|n| n.parse::<u32>().unwrap());
        assert!(found > 50, "{line}");
        // Without a cooldown nothing is left out; with one, worse ones come through.
        let eager = rule.ends_with("_eager");
        assert_eq!((graver > 3, left_out > 50), (eager, eager), "{line}");
        rules.push(rule.to_owned());
    }
    assert_eq!(rules, RULES);
}

#[test]
fn rules_over_the_real_minute_chain_equal_batch_sql() {
    let Some(plan) = pipeline() else { return };
    let mut first = from_file(
        &plan,
        &["nse_chain", RULES[0], RULES[1], RULES[2], RULES[3]],
    );
    let rows = first.remove(0);
    assert_eq!(rows.num_rows(), 46_502);
    compare(&first);
    // Every column of every alert again, ids among them.
    let stand_in = StandIn {
        rows: vec![(0, rows)],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("nse_chain".to_owned(), stand_in)]);
    for drive in [
        drive(None, 8192, false),
        drive(Some(1), 97, true),
        drive(Some(2), 7, false),
        drive(None, 1, false),
    ] {
        let again = run(&plan, &inputs, &RULES, drive).unwrap();
        for ((rule, first), again) in RULES.iter().zip(&first).zip(&again) {
            assert_eq!(*first, whole(&plan, rule, again), "{rule}: {drive:?}");
        }
    }
}

/// Alerts as lines, as a trial has them.
fn lines(alerts: &RecordBatch) -> Vec<String> {
    let line = |i| as_text(&alerts.slice(i, 1));
    (0..alerts.num_rows()).map(line).collect()
}

#[test]
fn on_trial_they_raise_the_same_over_the_real_minute_chain() {
    let Some(plan) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let streams = ["oi_delta", "options", "oi_jump", "price_jump"];
    let came = from_file(&plan, &streams);
    for (plugin, rows, params, alerts) in [
        ("oi-jump", &came[0], json!({}), &came[2]),
        ("price-jump", &came[1], json!({ "tick": 0.05 }), &came[3]),
    ] {
        let recorded = folder.path().join(format!("{plugin}.parquet"));
        write(&recorded, rows);
        let recorded = Recorded {
            stream: None,
            path: recorded.to_str().unwrap().to_owned(),
        };
        let plugin = zaraba::plugin::open(&super::plugin(plugin)).unwrap();
        let params: Map<String, _> = params.as_object().unwrap().clone();
        let trial = with_recorded(&plugin, params, &[recorded], "ts").unwrap();
        assert_eq!(trial.rows(), 46_502);
        let expected = lines(alerts);
        assert!(expected.len() > 50, "{}", expected.len());
        let mut ways = 0;
        for outcome in trial.test().unwrap() {
            let outcome = outcome.unwrap();
            let (trouble, difference) = (&outcome.trouble, &outcome.difference);
            assert!(outcome.passed(), "{trouble:?} {difference:?}");
            assert_eq!(outcome.alerts, expected, "{}", outcome.name);
            ways += 1;
        }
        assert_eq!(ways, 5);
    }
}
