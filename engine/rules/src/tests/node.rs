//! A rule as a node: however rows arrive and watermarks trail, and across a checkpoint, the alerts are
//! those of all rows in order; and several streams are one in the order of their times.

use arrow::array::UInt32Array;
use proptest::prelude::*;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::time::Epoch;

use super::*;
use crate::node::Node;
use crate::stretches::stretches;

const ROWS: i64 = 200;

fn node() -> Node {
    Node::new(hostile(json!({})).0, &[numbers_schema()])
}

/// Finishes a call, and what it sent to the node's stream.
fn settle(node: &mut Node, mut progress: Progress, out: &mut Output, sent: &mut Vec<Batch>) {
    loop {
        for (port, message) in out.take() {
            if let (OutPort::Main, Message::Rows(rows)) = (port, message) {
                sent.push(rows);
            }
        }
        if progress == Progress::Done {
            return;
        }
        progress = node.resume(out).unwrap();
    }
}

/// All rows at once, in order.
fn expected() -> Vec<String> {
    let (mut rule, _) = hostile(json!({}));
    let mut out = Vec::new();
    rule.process(0, &numbers(0, ROWS), &mut out).unwrap();
    rule.end(at(ROWS - 1), &mut out).unwrap();
    lines(&out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn arrival_and_checkpoints_do_not_matter(
        disorder in prop::collection::vec(0..30u32, ROWS as usize),
        sizes in prop::collection::vec(1..40usize, 1..20),
        restored in 0..10usize,
    ) {
        // Rows move back by at most 30 places; the watermark trails by as much.
        let mut order: Vec<u32> = (0..ROWS as u32).collect();
        order.sort_by_key(|i| i + disorder[*i as usize]);
        let all = numbers(0, ROWS).take(&UInt32Array::from(order)).unwrap();
        let (mut node, mut sent, mut out) = (node(), Vec::new(), Output::default());
        let mut from = 0;
        for (call, size) in sizes.iter().cycle().enumerate() {
            let part = all.slice(from, (*size).min(all.len() - from));
            from += part.len();
            let progress = node.process(Port(0), part, &mut out).unwrap();
            settle(&mut node, progress, &mut out, &mut sent);
            let newest = all.time[..from].iter().max().unwrap();
            let progress = node.advance(EventTime(newest - 30_000_000), &mut out).unwrap();
            settle(&mut node, progress, &mut out, &mut sent);
            if call == restored {
                let snapshot = node.snapshot(Epoch(1)).unwrap();
                node = super::node::node();
                node.restore(&snapshot).unwrap();
            }
            if from == all.len() {
                break;
            }
        }
        let progress = node.end(&mut out).unwrap();
        settle(&mut node, progress, &mut out, &mut sent);
        prop_assert_eq!(lines(&sent), expected());
    }

    #[test]
    fn several_streams_are_one_in_order(times in prop::collection::vec((0..3usize, 0..20i64), 0..60)) {
        let mut rows: Vec<(i64, u64, usize)> = Vec::new();
        for (seq, (stream, time)) in times.iter().enumerate() {
            rows.push((*time, seq as u64 % 4, *stream));
        }
        rows.sort_unstable();
        rows.dedup();
        let of = |stream: usize| {
            let of: Vec<_> = rows.iter().filter(|row| row.2 == stream).collect();
            let column = Arc::new(Int64Array::from_iter_values(of.iter().map(|row| row.0)));
            let columns = RecordBatch::try_new(numbers_schema(), vec![column]).unwrap();
            let (time, seq) = (of.iter().map(|row| row.0), of.iter().map(|row| row.1));
            Batch::new(columns, time.collect(), seq.collect()).unwrap()
        };
        let found: Vec<(i64, u64, usize)> = stretches(&[of(0), of(1), of(2)])
            .iter()
            .flat_map(|(stream, part)| (0..part.len()).map(|i| (part.time[i], part.seq[i], *stream)))
            .collect();
        prop_assert_eq!(found, rows);
    }
}
