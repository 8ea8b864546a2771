//! What nodes count, as metrics, whenever somebody asks for them.

use std::sync::Arc;

use zaraba_core::meter::Meter;
use zaraba_core::time::{EventTime, SECOND};

/// Sets the process's metrics to what the nodes have counted. A node of several stages has several
/// meters, one behind the other: rows go in at the first and out at the last, the rest adds up.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
pub fn publish(meters: &[(Arc<str>, Arc<Meter>)]) {
    for stages in meters.chunk_by(|a, b| a.0 == b.0) {
        let [(name, first), ..] = stages else {
            continue;
        };
        let last = stages.last().map_or(first, |(_, meter)| meter);
        let node = || vec![metrics::Label::new("node", name.to_string())];
        let sum = |of: fn(&Meter) -> u64| stages.iter().map(|(_, m)| of(m)).sum::<u64>();
        for (metric, value) in [
            ("zaraba_rows_in_total", Meter::get(&first.rows_in)),
            ("zaraba_rows_out_total", Meter::get(&last.rows_out)),
            ("zaraba_rows_late_total", sum(|m| Meter::get(&m.late))),
            (
                "zaraba_rows_unassigned_total",
                sum(|m| Meter::get(&m.unassigned)),
            ),
            ("zaraba_rows_bad_total", sum(|m| Meter::get(&m.errors))),
            (
                "zaraba_source_failures_total",
                sum(|m| Meter::get(&m.failures)),
            ),
        ] {
            metrics::counter!(metric, node()).absolute(value);
        }
        for (metric, value) in [
            (
                "zaraba_queued_messages",
                sum(|m| Meter::get(&m.queued)) as f64,
            ),
            (
                "zaraba_state_bytes",
                sum(|m| Meter::get(&m.state_bytes)) as f64,
            ),
            (
                "zaraba_busy_seconds",
                sum(|m| Meter::get(&m.busy_ns)) as f64 / 1e9,
            ),
        ] {
            metrics::gauge!(metric, node()).set(value);
        }
        let EventTime(watermark) = last.watermark();
        if watermark != EventTime::MIN.0 && watermark != EventTime::MAX.0 {
            let seconds = watermark as f64 / SECOND as f64;
            metrics::gauge!("zaraba_watermark_seconds", node()).set(seconds);
        }
    }
}
