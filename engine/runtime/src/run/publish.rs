//! What nodes count, as metrics, whenever somebody asks for them.

use std::sync::Arc;

use zaraba_core::meter::Meter;
use zaraba_core::time::SECOND;

use crate::run::figures::Figures;

/// Sets the process's metrics to what the nodes have counted.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
pub fn publish(meters: &[(Arc<str>, Arc<Meter>)]) {
    for figures in Figures::of_all(meters) {
        let node = || vec![metrics::Label::new("node", figures.name.to_string())];
        for (metric, value) in [
            ("zaraba_rows_in_total", figures.rows_in),
            ("zaraba_rows_out_total", figures.rows_out),
            ("zaraba_rows_late_total", figures.late),
            ("zaraba_rows_unassigned_total", figures.unassigned),
            ("zaraba_rows_bad_total", figures.bad),
            ("zaraba_source_failures_total", figures.failures),
            ("zaraba_source_pauses_total", figures.pauses),
            ("zaraba_alerts_suppressed_total", figures.suppressed),
        ] {
            metrics::counter!(metric, node()).absolute(value);
        }
        for (metric, value) in [
            ("zaraba_queued_messages", figures.queued as f64),
            (
                "zaraba_source_paused",
                f64::from(u8::from(figures.waits_for.is_some())),
            ),
            ("zaraba_state_bytes", figures.state_bytes as f64),
            ("zaraba_busy_seconds", figures.busy_ns as f64 / 1e9),
        ] {
            metrics::gauge!(metric, node()).set(value);
        }
        if let Some(reached) = figures.reached {
            let seconds = reached.0 as f64 / SECOND as f64;
            metrics::gauge!("zaraba_watermark_seconds", node()).set(seconds);
        }
    }
}
