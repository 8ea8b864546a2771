//! What nodes count, as metrics, whenever somebody asks for them.

use std::sync::Arc;

use zaraba_core::meter::Meter;
use zaraba_core::time::{EventTime, SECOND};

/// Sets the process's metrics to what the nodes have counted.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
pub fn publish(meters: &[(Arc<str>, Arc<Meter>)]) {
    for (name, meter) in meters {
        let node = || vec![metrics::Label::new("node", name.to_string())];
        for (metric, value) in [
            ("zaraba_rows_in_total", &meter.rows_in),
            ("zaraba_rows_out_total", &meter.rows_out),
            ("zaraba_rows_late_total", &meter.late),
            ("zaraba_rows_bad_total", &meter.errors),
        ] {
            metrics::counter!(metric, node()).absolute(Meter::get(value));
        }
        for (metric, value) in [
            ("zaraba_queued_messages", &meter.queued),
            ("zaraba_state_bytes", &meter.state_bytes),
        ] {
            metrics::gauge!(metric, node()).set(Meter::get(value) as f64);
        }
        let busy = Meter::get(&meter.busy_ns) as f64 / 1e9;
        metrics::gauge!("zaraba_busy_seconds", node()).set(busy);
        let EventTime(watermark) = meter.watermark();
        if watermark != EventTime::MIN.0 && watermark != EventTime::MAX.0 {
            let seconds = watermark as f64 / SECOND as f64;
            metrics::gauge!("zaraba_watermark_seconds", node()).set(seconds);
        }
    }
}
