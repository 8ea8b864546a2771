//! Indicators on bars through SQL, beside TA-Lib and beside formulas written out in Python: on the
//! real futures bars, where they are, and always on bars made from a seed, with a stretch in which
//! nothing moves and a spike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, Int64Type};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};
use crate::python;

/// Market data whose owners state no licence: read where it is, never copied.
const REAL: &str = "../../shared/data/local-only";
const FILES: [&str; 4] = [
    "futures_nk225_1h_1.csv",
    "futures_nk225_1h_2.csv",
    "futures_nk225_1h_3.csv",
    "futures_nk225_1d.csv",
];

const PIPELINE: &str = r#"
name = "indicators"
[source.bars]
connector = "channel"
time = "ts"
[source.bars.schema]
ts = "timestamp"
file = "int64"
n = "int64"
open = "float64"
high = "float64"
low = "float64"
close = "float64"
volume = "float64"
[query.q]
sql = """
SELECT file, n, ts, sma, ema, rsi, atr, band['lower'] AS lower, band['middle'] AS middle,
       band['upper'] AS upper, corr, slope, rci, vwap, zscore, mad, rank, beta, ratio
FROM (
  SELECT file, n, ts,
         sma(close, 20) OVER w AS sma,
         ema(close, 20) OVER w AS ema,
         rsi(close, 14) OVER w AS rsi,
         atr(high, low, close, 14) OVER w AS atr,
         bollinger(close, 20, 2) OVER w AS band,
         rolling_corr(close, volume, 20) OVER w AS corr,
         ols_beta(close, n, 14) OVER w AS slope,
         rci(close, 9) OVER w AS rci,
         vwap(close, volume) OVER w AS vwap,
         zscore(close, 20) OVER w AS zscore,
         zscore_mad(close, 20) OVER w AS mad,
         percentile_rank(close, 50) OVER w AS rank,
         ols_beta(close, volume, 20) OVER w AS beta,
         advance_decline_ratio(high - open, open - low, 25) OVER w AS ratio
  FROM bars
  WINDOW w AS (PARTITION BY file ORDER BY ts)
)"""
"#;

/// What answers may differ by, relative to the larger of the answer and 1: roundings. TA-Lib adds
/// what comes into a window, subtracts what goes, and makes variances and slopes of differences of
/// large sums; here a window is summed anew around its mean.
const ROUNDING: f64 = 1e-10;

/// Names of which TA-Lib says 0 where nothing moved, so that there is no answer: null here.
const ZERO_FOR_NONE: [&str; 1] = ["corr"];

/// A file's bars: time in seconds, open, high, low, close, volume.
fn read(path: &Path) -> Vec<[f64; 6]> {
    let text = std::fs::read_to_string(path).unwrap();
    let bar = |line: &str| {
        let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
        cells.try_into().unwrap()
    };
    let mut bars: Vec<[f64; 6]> = text.lines().skip(1).map(bar).collect();
    bars.sort_by(|a, b| a[0].total_cmp(&b[0]));
    bars
}

/// Bars of several files as one batch, in the order of time.
fn batch(files: &[Vec<[f64; 6]>]) -> RecordBatch {
    let mut rows: Vec<(usize, usize, [f64; 6])> = Vec::new();
    for (file, bars) in files.iter().enumerate() {
        rows.extend(bars.iter().enumerate().map(|(n, bar)| (file, n, *bar)));
    }
    rows.sort_by(|(_, _, a), (_, _, b)| a[0].total_cmp(&b[0]));
    let times = rows.iter().map(|(_, _, bar)| bar[0] as i64 * 1_000_000);
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    let numbers = |of: fn(&(usize, usize, [f64; 6])) -> usize| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| Some(of(row) as i64))
                .collect::<Int64Array>(),
        )
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(times)),
        ("file", numbers(|(file, _, _)| *file)),
        ("n", numbers(|(_, n, _)| *n)),
    ];
    for (i, name) in ["open", "high", "low", "close", "volume"]
        .into_iter()
        .enumerate()
    {
        let values = rows.iter().map(|(_, _, bar)| Some(bar[i + 1]));
        columns.push((name, Arc::new(values.collect::<Float64Array>())));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

/// A file's answers by name, each by the bar's number.
type Answers = BTreeMap<String, Vec<Option<f64>>>;

/// The same over a table that holds all bars, at the one tick behind them.
fn over_a_table() -> String {
    let table = "[table.all_bars]\nfrom = \"bars\"\nkey = [\"file\", \"n\"]\n[query.q]";
    let query = PIPELINE
        .replace("[query.q]", table)
        .replace("FROM bars", "FROM all_bars");
    format!("{query}every = \"7300d\"\nkey = [\"file\", \"n\"]\n")
}

/// The answers of all files.
fn ours(pipeline: &str, files: &[Vec<[f64; 6]>], drive: Drive) -> Vec<Answers> {
    let plan = planned(pipeline).unwrap_or_else(|e| panic!("{e}"));
    let rows = batch(files);
    let columns = plan.streams["bars"].columns.fields().iter();
    let columns = columns.map(|f| Arc::clone(rows.column_by_name(f.name()).unwrap()));
    let schema = Arc::clone(&plan.streams["bars"].columns);
    let rows = RecordBatch::try_new(schema, columns.collect()).unwrap();
    let stand_in = StandIn {
        rows: vec![(0, rows)],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("bars".to_owned(), stand_in)]);
    let streams = run(&plan, &inputs, &["q"], drive).unwrap();
    let rows = whole(&plan, "q", &streams[0]);
    let number = |name: &str, row: usize| {
        let column = rows.column_by_name(name).unwrap();
        usize::try_from(column.as_primitive::<Int64Type>().value(row)).unwrap()
    };
    let mut answers = vec![BTreeMap::new(); files.len()];
    for field in rows.schema().fields().iter().skip(3) {
        let column = rows
            .column_by_name(field.name())
            .unwrap()
            .as_primitive::<Float64Type>();
        for (row, answer) in column.iter().enumerate() {
            let of_file: &mut Vec<Option<f64>> = answers[number("file", row)]
                .entry(field.name().clone())
                .or_default();
            assert_eq!(of_file.len(), number("n", row), "a bar out of its order");
            of_file.push(answer);
        }
    }
    answers
}

/// The answers, which are the same to the bit whether batches are small and the run is killed now
/// and then, or a batch holds all of it; and over a table.
fn ours_thrice(files: &[Vec<[f64; 6]>]) -> Vec<Answers> {
    let drive = |seed, batch_rows, kill| Drive {
        seed,
        batch_rows,
        kill,
    };
    let small = ours(PIPELINE, files, drive(Some(5), 97, true));
    let large = ours(PIPELINE, files, drive(None, 8192, false));
    let table = ours(&over_a_table(), files, drive(Some(6), 8192, false));
    let bits = |all: &[Answers]| -> Vec<Option<u64>> {
        let answers = all.iter().flat_map(|file| file.values().flatten());
        answers.map(|a| a.map(f64::to_bits)).collect()
    };
    assert!(bits(&small) == bits(&table), "a table's answers are others");
    assert!(
        bits(&small) == bits(&large),
        "the answers depend on how it runs"
    );
    small
}

/// Compares files, and prints by how much each indicator differs at most.
fn compare(what: &str, paths: &[PathBuf]) {
    let files: Vec<_> = paths.iter().map(|path| read(path)).collect();
    let shown: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let theirs = python::run(include_str!("indicators.py"), &shown);
    let ours = ours_thrice(&files);
    assert_eq!(theirs.lines().count(), ours.len());
    let mut apart: BTreeMap<String, f64> = BTreeMap::new();
    let (mut compared, mut zero_for_none) = (0, 0);
    for ((theirs, ours), bars) in theirs.lines().zip(&ours).zip(&files) {
        let theirs: Answers = serde_json::from_str(theirs).unwrap();
        assert!(theirs.keys().eq(ours.keys()), "{:?}", theirs.keys());
        for (name, theirs) in &theirs {
            let (ours, furthest) = (&ours[name], apart.entry(name.clone()).or_default());
            assert_eq!(
                (theirs.len(), ours.len()),
                (bars.len(), bars.len()),
                "{name}"
            );
            for (n, pair) in theirs.iter().zip(ours).enumerate() {
                match pair {
                    (None, None) => {}
                    (Some(theirs), Some(ours)) => {
                        let scale = theirs.abs().max(1.0);
                        *furthest = furthest.max((theirs - ours).abs() / scale);
                        compared += 1;
                    }
                    (Some(0.0), None) if ZERO_FOR_NONE.contains(&name.as_str()) => {
                        zero_for_none += 1;
                    }
                    differ => panic!("{what}: {name} at bar {n}: {differ:?}"),
                }
            }
        }
    }
    println!("{what}: {compared} answers, {zero_for_none} times 0 of TA-Lib for none; at most:");
    for (name, furthest) in apart {
        println!("  {name} {furthest:.1e}");
        assert!(
            furthest <= ROUNDING,
            "{what}: {name} differs by {furthest:e}"
        );
    }
}

/// Bars from a seed, as the files have them: prices in steps of 5, for 60 bars none. `part`: prices
/// are so many times smaller, and no longer whole.
fn made(path: &Path, seed: u64, part: f64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut text = "time,open,high,low,close,Volume\n".to_owned();
    let mut close = 40_000i32;
    for bar in 0..2_000 {
        let open = close;
        let mut ends = [0; 3];
        let still = (700..760).contains(&bar);
        let spike = if bar == 1_200 { 20_000 } else { 0 };
        if !still {
            close += 5 * random.random_range(-40..=40) + spike;
            ends = [0, 1, 2].map(|_| 5 * random.random_range(0..=20));
        }
        let (high, low) = (open.max(close) + ends[0], open.min(close) - ends[1]);
        let volume = if still {
            100
        } else {
            random.random_range(0..=30_000)
        };
        let time = 1_700_000_000 + bar * 3_600i64;
        let [open, high, low, last] = [open, high, low, close].map(|p| f64::from(p) / part);
        text += &format!("{time},{open},{high},{low},{last},{volume}\n");
        close -= spike;
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn made_bars_as_ta_lib_and_by_formulas() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..3)
        .map(|i| folder.path().join(format!("{i}.csv")))
        .collect();
    for ((seed, part), path) in [(1, 1.0), (2, 1.0), (3, 300.0)].into_iter().zip(&paths) {
        made(path, seed, part);
    }
    compare("made bars", &paths);
}

#[test]
fn real_bars_as_ta_lib_and_by_formulas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(REAL);
    let paths: Vec<PathBuf> = FILES.iter().map(|file| folder.join(file)).collect();
    if let Some(missing) = paths.iter().find(|path| !path.is_file()) {
        println!(
            "SKIPPED: the real futures bars are not here ({}): nothing of them was compared",
            missing.display()
        );
        return;
    }
    compare("real bars", &paths);
}
