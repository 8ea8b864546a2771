//! What each construct answers, by a plain loop over rows in their order. Rows are compared by how
//! many there are and by a sum of their hashes, so that their order does not count. Prices are whole
//! numbers: sums are exact in any order.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Strikes, each as a put and as a call.
const CONTRACTS: usize = 500;
const SECOND: i64 = 1_000_000;
const NULL: i64 = i64::MIN;

/// A row of a file.
pub(crate) struct Tick {
    ts: i64,
    /// Which contract: 0 to 499.
    key: usize,
    price: f64,
    oi: i64,
}

impl Tick {
    /// The first columns of a row of output: a time, strike, put or call.
    const fn head(time: i64, key: usize) -> [i64; 3] {
        let side = if key % 2 == 1 { b'C' } else { b'P' };
        let strike = 30_000.0 + 125.0 * (key / 2) as f64;
        [time, strike.to_bits() as i64, side as i64]
    }
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Vec<Tick> {
    let file = std::fs::File::open(path).expect("the file is there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let mut ticks = Vec::new();
    for batch in reader.build().expect("Parquet") {
        let batch = batch.expect("Parquet");
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let strikes = batch.column(1).as_primitive::<Float64Type>();
        let sides = batch.column(2).as_string::<i32>();
        let prices = batch.column(3).as_primitive::<Float64Type>();
        let ois = batch.column(5).as_primitive::<Int64Type>();
        ticks.extend((0..batch.num_rows()).map(|i| Tick {
            ts: times.value(i),
            key: ((strikes.value(i) - 30_000.0) / 125.0) as usize * 2
                + usize::from(sides.value(i) == "C"),
            price: prices.value(i),
            oi: ois.value(i),
        }));
    }
    ticks
}

/// Rows in no order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) rows: u64,
    sum: u64,
}

const fn mix(hash: u64, value: i64) -> u64 {
    let hash = (hash ^ value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 29)
}

impl Digest {
    fn row(&mut self, head: [i64; 3], rest: &[i64]) {
        let hash = head.iter().chain(rest).fold(0, |h, v| mix(h, *v));
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hash);
    }

    /// Takes in what the engine emitted.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let mut hashes = vec![0; batch.num_rows()];
        for column in batch.columns() {
            let value: Box<dyn Fn(usize) -> i64> = match column.data_type() {
                DataType::Timestamp(..) => {
                    let times = column.as_primitive::<TimestampMicrosecondType>();
                    Box::new(|i| times.value(i))
                }
                DataType::Int64 => {
                    let numbers = column.as_primitive::<Int64Type>();
                    Box::new(|i| numbers.value(i))
                }
                DataType::Float64 => {
                    let numbers = column.as_primitive::<Float64Type>();
                    Box::new(|i| numbers.value(i).to_bits() as i64)
                }
                _ => match column.as_string_view_opt() {
                    Some(views) => Box::new(|i| i64::from(views.value(i).as_bytes()[0])),
                    None => {
                        Box::new(|i| i64::from(column.as_string::<i32>().value(i).as_bytes()[0]))
                    }
                },
            };
            for (i, hash) in hashes.iter_mut().enumerate() {
                *hash = mix(*hash, if column.is_null(i) { NULL } else { value(i) });
            }
        }
        self.rows += hashes.len() as u64;
        self.sum = hashes.iter().fold(self.sum, |s, h| s.wrapping_add(*h));
    }
}

fn bits(value: Option<f64>) -> i64 {
    value.map_or(NULL, |v| v.to_bits() as i64)
}

#[derive(Clone)]
struct Group {
    n: i64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
}

/// All windows by number, each row added to every window that holds it. `windows`: numbers of those
/// that hold a time, counted in steps of ten seconds by their end.
fn windowed<I: Iterator<Item = i64>>(ticks: &[Tick], windows: impl Fn(i64) -> I) -> Digest {
    let step = 10 * SECOND;
    let first = ticks[0].ts.div_euclid(step);
    let steps = ticks[ticks.len() - 1].ts.div_euclid(step) - first + 31;
    let none = Group {
        n: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        last: 0.0,
    };
    let mut groups = vec![none; (steps + 1) as usize * CONTRACTS];
    for tick in ticks {
        for window in windows(tick.ts.div_euclid(step)) {
            let group = &mut groups[(window - first) as usize * CONTRACTS + tick.key];
            group.n += 1;
            group.sum += tick.price;
            group.min = group.min.min(tick.price);
            group.max = group.max.max(tick.price);
            group.last = tick.price;
        }
    }
    let mut out = Digest::default();
    for (i, group) in groups.iter().enumerate().filter(|(_, g)| g.n > 0) {
        let end = (first + (i / CONTRACTS) as i64) * step;
        let prices = [group.sum, group.min, group.max, group.last].map(|p| p.to_bits() as i64);
        out.row(
            Tick::head(end, i % CONTRACTS),
            &[group.n, prices[0], prices[1], prices[2], prices[3]],
        );
    }
    out
}

pub(crate) fn hop(ticks: &[Tick]) -> Digest {
    windowed(ticks, |step| step + 1..=step + 30)
}

pub(crate) fn cumulate(ticks: &[Tick]) -> Digest {
    // A key that came once is emitted by each step to the period's end.
    windowed(ticks, |step| step + 1..=step.div_euclid(30) * 30 + 30)
}

pub(crate) fn session(ticks: &[Tick]) -> Digest {
    let gap = 2 * SECOND;
    let mut out = Digest::default();
    let mut open: Vec<Option<(i64, i64, i64, f64)>> = vec![None; CONTRACTS];
    let mut close = |key: usize, (start, last, n, sum): (i64, i64, i64, f64)| {
        let [end, strike, side] = Tick::head(last + gap, key);
        out.row([start, end, strike], &[side, n, sum.to_bits() as i64]);
    };
    for tick in ticks {
        let held = &mut open[tick.key];
        match held {
            Some((_, last, n, sum)) if tick.ts - *last < gap => {
                (*last, *n, *sum) = (tick.ts, *n + 1, *sum + tick.price);
            }
            _ => {
                if let Some(session) = held.replace((tick.ts, tick.ts, 1, tick.price)) {
                    close(tick.key, session);
                }
            }
        }
    }
    for (key, session) in open.into_iter().enumerate() {
        if let Some(session) = session {
            close(key, session);
        }
    }
    out
}

pub(crate) fn as_of(ticks: &[Tick], quotes: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut newest = vec![None; CONTRACTS];
    let mut quotes = quotes.iter().peekable();
    for tick in ticks {
        while let Some(quote) = quotes.next_if(|q| q.ts <= tick.ts) {
            newest[quote.key] = Some(quote.price);
        }
        let price = tick.price.to_bits() as i64;
        out.row(
            Tick::head(tick.ts, tick.key),
            &[price, bits(newest[tick.key])],
        );
    }
    out
}

pub(crate) fn interval(ticks: &[Tick], others: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut by_key: Vec<Vec<&Tick>> = (0..CONTRACTS).map(|_| Vec::new()).collect();
    for other in others {
        by_key[other.key].push(other);
    }
    let mut from = vec![0; CONTRACTS];
    for tick in ticks {
        let (rows, from) = (&by_key[tick.key], &mut from[tick.key]);
        while *from < rows.len() && rows[*from].ts < tick.ts - SECOND / 2 {
            *from += 1;
        }
        let near = rows[*from..].iter();
        for other in near.take_while(|o| o.ts <= tick.ts + SECOND / 2) {
            let prices = [tick.price, other.price].map(|p| p.to_bits() as i64);
            out.row(Tick::head(tick.ts, tick.key), &prices);
        }
    }
    out
}

pub(crate) fn lag(ticks: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut before = vec![None; CONTRACTS];
    for tick in ticks {
        let lag = before[tick.key].replace(tick.price);
        let price = tick.price.to_bits() as i64;
        out.row(Tick::head(tick.ts, tick.key), &[price, bits(lag)]);
    }
    out
}

pub(crate) fn counter_delta(ticks: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut before = vec![None; CONTRACTS];
    for tick in ticks {
        let delta = match before[tick.key].replace(tick.oi) {
            None => NULL,
            Some(before) if tick.oi < before => tick.oi,
            Some(before) => tick.oi - before,
        };
        out.row(Tick::head(tick.ts, tick.key), &[tick.oi, delta]);
    }
    out
}

pub(crate) fn minute(ticks: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut frames: Vec<(VecDeque<&Tick>, f64)> = vec![(VecDeque::new(), 0.0); CONTRACTS];
    for tick in ticks {
        let (frame, sum) = &mut frames[tick.key];
        while let Some(old) = frame.pop_front_if(|old| old.ts < tick.ts - 60 * SECOND) {
            *sum -= old.price;
        }
        frame.push_back(tick);
        *sum += tick.price;
        let price = tick.price.to_bits() as i64;
        out.row(
            Tick::head(tick.ts, tick.key),
            &[price, sum.to_bits() as i64],
        );
    }
    out
}

pub(crate) fn in_windows(ticks: &[Tick], others: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut by_window: HashMap<(i64, usize), Vec<f64>> = HashMap::new();
    for other in others {
        let window = (other.ts.div_euclid(SECOND), other.key);
        by_window.entry(window).or_default().push(other.price);
    }
    for tick in ticks {
        let second = tick.ts.div_euclid(SECOND);
        for price in by_window.get(&(second, tick.key)).into_iter().flatten() {
            let prices = [tick.price, *price].map(|p| p.to_bits() as i64);
            out.row(Tick::head((second + 1) * SECOND, tick.key), &prices);
        }
    }
    out
}

pub(crate) fn best(ticks: &[Tick]) -> Digest {
    let mut out = Digest::default();
    let mut groups: HashMap<(i64, usize), Vec<f64>> = HashMap::new();
    for tick in ticks {
        let minute = tick.ts.div_euclid(60 * SECOND);
        groups
            .entry((minute, tick.key))
            .or_default()
            .push(tick.price);
    }
    for ((minute, key), mut prices) in groups {
        prices.sort_by(|a, b| b.total_cmp(a));
        let end = (minute + 1) * 60 * SECOND;
        for (place, price) in (1..=3).zip(prices) {
            out.row(Tick::head(end, key), &[price.to_bits() as i64, place]);
        }
    }
    out
}
