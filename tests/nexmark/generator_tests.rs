//! The streams of [`super::generator`] are what the benchmark says: proportions, references, hot
//! ids, times; and the same for a seed, whatever the batch size.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::generator::{Nexmark, Stream};

const STREAMS: [Stream; 3] = [Stream::Person, Stream::Auction, Stream::Bid];

fn all(nexmark: &Nexmark, stream: Stream) -> RecordBatch {
    nexmark.batches(stream, 1 << 30).next().expect("one batch")
}

fn numbers<'a>(batch: &'a RecordBatch, column: &str) -> &'a [i64] {
    let column = batch.column_by_name(column).expect("the column is there");
    column.as_primitive::<Int64Type>().values()
}

fn times<'a>(batch: &'a RecordBatch, column: &str) -> &'a [i64] {
    let column = batch.column_by_name(column).expect("the column is there");
    column.as_primitive::<TimestampMicrosecondType>().values()
}

#[test]
fn proportions_are_exact() {
    for events in [0, 1, 2, 4, 5, 49, 50, 51, 54, 1000, 12_345] {
        let nexmark = Nexmark::new(1, events);
        let of = |kinds: std::ops::Range<u64>| {
            (0..events)
                .filter(|event| kinds.contains(&(event % 50)))
                .count() as u64
        };
        let rows = STREAMS.map(|stream| nexmark.rows(stream));
        assert_eq!(rows, [of(0..1), of(1..4), of(4..50)], "{events} events");
        for stream in STREAMS {
            let sum: usize = nexmark
                .batches(stream, 7)
                .map(|batch| batch.num_rows())
                .sum();
            assert_eq!(
                sum as u64,
                nexmark.rows(stream),
                "{events} events, {stream:?}"
            );
        }
    }
}

#[test]
fn a_seed_and_no_batch_size_decides_the_rows() {
    let nexmark = Nexmark::new(7, 3000);
    for stream in STREAMS {
        let expected = all(&nexmark, stream);
        for size in [1, 2, 7, 64, 1000, 1_000_000] {
            let batches: Vec<RecordBatch> = nexmark.batches(stream, size).collect();
            assert!(
                batches
                    .iter()
                    .rev()
                    .skip(1)
                    .all(|batch| batch.num_rows() == size)
            );
            let found = concat_batches(&expected.schema(), &batches).expect("one schema");
            assert_eq!(found, expected, "{stream:?} by {size}");
        }
        assert_eq!(all(&Nexmark::new(7, 3000), stream), expected);
        assert_ne!(all(&Nexmark::new(8, 3000), stream), expected);
        let longer = all(&Nexmark::new(7, 4000), stream);
        assert_eq!(
            longer.slice(0, expected.num_rows()),
            expected,
            "more events go on"
        );
    }
}

#[test]
fn the_columns_are_those_of_the_benchmark() {
    let check = |stream: Stream, expected: &str| {
        let batch = all(&Nexmark::new(1, 50), stream);
        let fields = batch.schema().fields().clone();
        let names: Vec<String> = fields
            .iter()
            .map(|field| format!("{} {}", field.name(), field.data_type()))
            .collect();
        let short = names.join(", ").replace("Timestamp(µs, \"UTC\")", "time");
        assert_eq!(short, expected);
        assert!(fields.iter().all(|field| !field.is_nullable()));
    };
    check(
        Stream::Person,
        "id Int64, name Utf8, email_address Utf8, credit_card Utf8, city Utf8, state Utf8, \
         date_time time, extra Utf8",
    );
    check(
        Stream::Auction,
        "id Int64, item_name Utf8, description Utf8, initial_bid Int64, reserve Int64, \
         date_time time, expires time, seller Int64, category Int64, extra Utf8",
    );
    check(
        Stream::Bid,
        "auction Int64, bidder Int64, price Int64, channel Utf8, url Utf8, date_time time, \
         extra Utf8",
    );
}

/// Between them the streams have each step of time once.
#[test]
fn time_advances_by_the_event() {
    let nexmark = Nexmark::new(3, 2_345);
    let batches = STREAMS.map(|stream| all(&nexmark, stream));
    let mut found = Vec::new();
    for batch in &batches {
        let times = times(batch, "date_time");
        assert!(times.is_sorted(), "a stream is in the order of its times");
        found.extend_from_slice(times);
    }
    found.sort_unstable();
    let expected: Vec<i64> = (0..2_345)
        .map(|event| nexmark.start + event * nexmark.step)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn ids_are_referred_to_after_their_rows() {
    let nexmark = Nexmark::new(11, 100_000);
    let [people, auctions, bids] = STREAMS.map(|stream| all(&nexmark, stream));
    let born = |batch: &RecordBatch| -> BTreeMap<i64, i64> {
        let (ids, times) = (numbers(batch, "id"), times(batch, "date_time"));
        assert_eq!(ids.first(), Some(&1000));
        assert!(ids.is_sorted_by(|a, b| a + 1 == *b), "ids have no holes");
        ids.iter().copied().zip(times.iter().copied()).collect()
    };
    let (person, auction) = (born(&people), born(&auctions));
    for (batch, column, known) in [
        (&auctions, "seller", &person),
        (&bids, "bidder", &person),
        (&bids, "auction", &auction),
    ] {
        for (id, time) in numbers(batch, column).iter().zip(times(batch, "date_time")) {
            assert!(known[id] < *time, "{column} {id} at {time}");
        }
    }
    let span = times(&auctions, "expires")
        .iter()
        .zip(times(&auctions, "date_time"));
    assert!(
        span.clone().all(|(end, start)| end > start),
        "an auction is open for a while"
    );
    assert!(
        numbers(&auctions, "category")
            .iter()
            .all(|id| (10..15).contains(id))
    );
    let prices = numbers(&bids, "price");
    assert!(
        prices
            .iter()
            .all(|price| (100..100_000_000).contains(price))
    );
}

/// The share of the hot: that of the draws for them, and what falls on them of the other draws.
#[test]
fn the_hot_are_as_hot_as_they_should_be() {
    let nexmark = Nexmark::new(5, 300_000);
    let (auctions, bids) = (all(&nexmark, Stream::Auction), all(&nexmark, Stream::Bid));
    let check = |batch: &RecordBatch, column: &str, hot: i64, ratio: f64| {
        let ids = numbers(batch, column);
        let count = ids.iter().filter(|id| *id % 100 == hot).count();
        let share = count as f64 / ids.len() as f64;
        let expected = 1.0 - 1.0 / ratio + 1.0 / ratio / 100.0;
        assert!(
            (share - expected).abs() < 0.01,
            "{column}: {share}, expected {expected}"
        );
    };
    check(&bids, "auction", 0, 2.0);
    check(&bids, "bidder", 1, 4.0);
    check(&auctions, "seller", 0, 4.0);

    let channels = bids.column_by_name("channel").expect("bids have a channel");
    let numbered = |name: &str| name.starts_with("channel-");
    let count = channels
        .as_string::<i32>()
        .iter()
        .flatten()
        .filter(|name| numbered(name))
        .count();
    let share = count as f64 / channels.len() as f64;
    assert!((share - 0.5).abs() < 0.01, "numbered channels: {share}");
}
