//! An alert and a rule over a recording of the simulated market, made by the recorder: how often they
//! tell, how that spreads and what the price did afterwards is what DuckDB says of the same files, or
//! what the pipeline itself says when it reads them.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use serde_json::Value as Json;
use zaraba::history::{After, Ask, Groups, Recorded};
use zaraba::pipeline::Pipeline;

use crate::cases::folder::Folder;
use crate::python;

/// Two days of a small market, live as far as a recorder knows.
const MARKET: &str = r#"
timezone = "Asia/Tokyo"
[source.options]
connector = "simulate"
kind = "nikkei225-options"
stream = "options"
start = "2025-11-18"
days = 2
expiries = 1
strikes = 12
ticks_per_day = 30000
time = "ts"

[source.futures]
connector = "simulate"
kind = "nikkei225-options"
stream = "futures"
start = "2025-11-18"
days = 2
ticks_per_day = 5000
time = "ts"

[sink.out]
connector = "stdout"
from = ["options", "futures"]
"#;

/// What it would be live: a program hands over the rows.
const LIVE: &str = r#"
timezone = "Asia/Tokyo"
[params]
least = 100.0

[source.options]
connector = "channel"
time = "ts"
[source.options.schema]
ts = "timestamp"
product = "text"
sq_date = "date"
strike = "float64"
put_call = "text"
price = "float64"
volume = "int64"

[source.futures]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", price = "float64" }

[source.unrelated]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }

[alert.dear]
from = "options"
key = ["product", "sq_date", "strike", "put_call"]
when = "price >= $least"
value = "price"
threshold = "$least"

[rule.jump]
plugin = "price-jump"
from = ["options"]
params = { window = "1m", base_age = "20m", jump_pct = 20.0 }
cooldown = "5m"

[sink.out]
connector = "stdout"
from = ["alerts", "unrelated"]
"#;

/// Records the market.
fn recorded(folder: &Folder) -> Vec<Recorded> {
    folder.write("market.toml", MARKET);
    let sources = ["options", "futures"].map(str::to_owned);
    let out = folder.path("recorded");
    let recording = Pipeline::from_path(folder.path("market.toml"))
        .record(&sources, &out)
        .unwrap();
    let writer = recording.writer;
    let writing = thread::spawn(move || writer.run());
    recording.built.start().unwrap().join().unwrap();
    let counts = writing.join().unwrap().unwrap();
    assert!(
        counts.iter().all(|(_, count)| count.rows > 9_000),
        "{counts:?}"
    );
    vec![Recorded {
        source: None,
        path: out,
    }]
}

fn ask(name: &str, recorded: &[Recorded]) -> Ask {
    Ask {
        name: name.to_owned(),
        recorded: recorded.to_vec(),
        ..Ask::default()
    }
}

fn counts(groups: &[Groups], by: &str) -> BTreeMap<String, u64> {
    let group = groups.iter().find(|group| group.by == by).unwrap();
    let counts = group.counts.iter();
    counts
        .map(|(word, count)| (word.clone(), *count as u64))
        .collect()
}

fn of_json(counts: &Json) -> BTreeMap<String, u64> {
    let counts = counts.as_object().unwrap().iter();
    counts
        .map(|(word, count)| (word.clone(), count.as_u64().unwrap()))
        .collect()
}

fn same_moves(expected: &Json, after: &[After]) {
    let expected = expected.as_array().unwrap();
    assert_eq!(expected.len(), after.len());
    for (expected, after) in expected.iter().zip(after) {
        let of = after.alerts;
        let came = [of.count as f64, of.low, of.median, of.high, of.rose];
        for (wanted, came) in expected.as_array().unwrap().iter().zip(came) {
            let wanted = wanted.as_f64().unwrap();
            assert!((wanted - came).abs() < 1e-9, "{expected} {after:?}");
        }
    }
}

#[test]
fn a_sweep_of_an_alert_is_what_duckdb_finds_in_the_files() {
    let folder = Folder::new();
    let recorded = recorded(&folder);
    let pipeline = folder.pipeline(LIVE);
    let mut history = pipeline.history(&ask("dear", &recorded)).unwrap();
    let thresholds = [60.0, 300.0, 1_000.0];
    let files = folder.path("recorded");
    let asked = serde_json::to_string(&thresholds).unwrap();
    let answers = python::run(
        include_str!("history.py"),
        &[files.to_str().unwrap(), &asked],
    );
    let answers: Json = serde_json::from_str(&answers).unwrap();
    for (i, least) in thresholds.iter().enumerate() {
        let run = history
            .run(&[("least".to_owned(), least.to_string())])
            .unwrap();
        let expected = &answers[i];
        println!("{least}: {} alerts", run.fires.len());
        assert!(run.fires.len() > 20, "{least}");
        assert_eq!(expected["alerts"], run.fires.len());
        let groups = history.groups(&run, &[]);
        assert_eq!(counts(&groups, "session"), of_json(&expected["session"]));
        assert_eq!(
            counts(&groups, "moneyness"),
            of_json(&expected["moneyness"])
        );
        same_moves(&expected["after"], &history.after(&run).unwrap());
    }
    let seen = history.seen().unwrap();
    assert_eq!(seen.days.len(), 2);
    assert!(seen.late.is_empty() && seen.bad.is_empty());

    // So many a day as DuckDB finds at that value, and about as many as were wanted.
    let number = history.numbers().remove(0);
    let found = history.suggest(&number, 40.0, &mut |_| {}).unwrap();
    let asked = format!("[{}]", found.best.value);
    let answer = python::run(
        include_str!("history.py"),
        &[files.to_str().unwrap(), &asked],
    );
    let answer: Json = serde_json::from_str(&answer).unwrap();
    println!(
        "{}: {} of {}",
        found.best.value, answer[0]["alerts"], found.wanted
    );
    assert_eq!(answer[0]["alerts"], found.best.run.fires.len());
    assert!((found.best.run.fires.len() as f64 - found.wanted).abs() < 0.1 * found.wanted);
}

/// The alerts that open, as a pipeline over these files says: time and key.
fn told(folder: &Folder, files: &Path, jump: &str) -> Vec<(i64, String)> {
    let source = format!(
        "[source.options]\nconnector = \"file\"\npath = {:?}\ntime = \"ts\"\n",
        files.join("options/*.parquet")
    );
    let rule = LIVE.find("[rule.jump]").unwrap();
    let sink = LIVE.find("[sink.out]").unwrap();
    let rule = LIVE[rule..sink].replace("20.0", jump);
    let out = "[sink.out]\nconnector = \"channel\"\nfrom = [\"jump\"]\n";
    let again = folder.pipeline(&format!("{source}\n{rule}\n{out}"));
    let mut built = again.build().unwrap();
    let receiver = built.take_receiver("out").unwrap();
    let running = built.start().unwrap();
    let mut told = Vec::new();
    for (_, batch) in receiver {
        let text = |name: &str| {
            let column = batch.rows.column_by_name(name).unwrap();
            arrow::array::AsArray::as_string::<i32>(column).clone()
        };
        let (state, key) = (text("state"), text("key"));
        let opened = (0..batch.len()).filter(|i| state.value(*i) == "open");
        told.extend(opened.map(|i| (batch.time[i], key.value(i).to_owned())));
    }
    running.join().unwrap();
    told
}

#[test]
fn a_sweep_of_a_rule_is_what_the_pipeline_says_of_the_same_files() {
    let folder = Folder::new();
    let recorded = recorded(&folder);
    let pipeline = folder.pipeline(LIVE);
    let mut history = pipeline.history(&ask("jump", &recorded)).unwrap();
    let mut last = usize::MAX;
    for jump in ["5", "8", "12"] {
        let run = history
            .run(&[("jump_pct".to_owned(), jump.to_owned())])
            .unwrap();
        let came: Vec<_> = (run
            .fires
            .iter()
            .map(|fire| (fire.time.0, fire.key.join(" "))))
        .collect();
        assert_eq!(
            came,
            told(&folder, &recorded[0].path, &format!("{jump}.0")),
            "{jump}"
        );
        println!(
            "{jump}: {} alerts, {} more left out",
            came.len(),
            run.suppressed
        );
        assert!(!came.is_empty() && came.len() < last, "{jump}");
        last = came.len();
        let groups = history.groups(&run, &["put_call".to_owned()]);
        for by in ["product", "moneyness", "session", "severity", "put_call"] {
            let count: u64 = counts(&groups, by).values().sum();
            assert_eq!(count, run.fires.len() as u64, "{by}");
        }
        assert!(!history.after(&run).unwrap().is_empty());
    }
}
