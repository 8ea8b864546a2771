//! What rules count, for whoever asks the pipeline: as metrics, and as JSON beside the figures that
//! every node has.

use serde_json::{Value, json};
use zaraba_rules::meter::Meter;

/// Rules' meters by the names of their nodes.
pub(crate) type RuleMeters = std::collections::BTreeMap<String, std::sync::Arc<Meter>>;

/// The counters, each with its name in JSON and in metrics.
fn counters(meter: &Meter) -> [(&'static str, &'static str, u64); 11] {
    let counters = [
        ("calls", "zaraba_rule_calls_total", &meter.calls),
        ("fuel", "zaraba_rule_fuel_total", &meter.fuel),
        ("traps", "zaraba_rule_traps_total", &meter.failures),
        ("pauses", "zaraba_rule_pauses_total", &meter.pauses),
        ("alerts", "zaraba_rule_alerts_total", &meter.alerts),
        ("skipped", "zaraba_rule_rows_skipped_total", &meter.skipped),
        (
            "without_value",
            "zaraba_rule_rows_without_value_total",
            &meter.without_value,
        ),
        (
            "log_dropped",
            "zaraba_rule_log_bytes_dropped_total",
            &meter.log_dropped,
        ),
        ("instances", "zaraba_rule_instances_total", &meter.instances),
        ("changes", "zaraba_rule_changes_total", &meter.changes),
        (
            "refused",
            "zaraba_rule_changes_refused_total",
            &meter.refused,
        ),
    ];
    counters.map(|(name, metric, counter)| (name, metric, Meter::get(counter)))
}

#[expect(clippy::cast_precision_loss, reason = "seconds for eyes")]
fn seconds(meter: &Meter) -> f64 {
    Meter::get(&meter.busy_ns) as f64 / 1e9
}

/// As JSON: calls of the guest, the seconds in them, and what came of them.
pub(crate) fn shown(meter: &Meter) -> Value {
    let mut shown = json!({
        "seconds": seconds(meter),
        "state_bytes": Meter::get(&meter.state_bytes),
    });
    for (name, _, value) in counters(meter) {
        shown[name] = value.into();
    }
    shown
}

/// Sets the process's metrics to what rules have counted.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(crate) fn publish(meters: &RuleMeters) {
    for (node, meter) in meters {
        let node = || vec![metrics::Label::new("node", node.clone())];
        for (_, metric, value) in counters(meter) {
            metrics::counter!(metric, node()).absolute(value);
        }
        metrics::gauge!("zaraba_rule_seconds", node()).set(seconds(meter));
        let state = Meter::get(&meter.state_bytes) as f64;
        metrics::gauge!("zaraba_rule_state_bytes", node()).set(state);
    }
}
