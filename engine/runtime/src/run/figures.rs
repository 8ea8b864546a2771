//! What a node has counted, its stages taken together: for metrics, and for whoever watches a run.

use std::sync::Arc;

use zaraba_core::meter::Meter;
use zaraba_core::time::EventTime;

/// Nodes' meters by name, in the order of the pipeline; a node of several stages has several, one
/// behind the other.
pub type Meters = Vec<(Arc<str>, Arc<Meter>)>;

/// What a node has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The node.
    pub name: Arc<str>,
    /// Rows that it took in.
    pub rows_in: u64,
    /// Rows of its stream.
    pub rows_out: u64,
    /// Late rows.
    pub late: u64,
    /// Rows outside any session of the exchange.
    pub unassigned: u64,
    /// Rows that could not be read or computed.
    pub bad: u64,
    /// Times that a live source failed and was tried again.
    pub failures: u64,
    /// Times that a source was held because it was too far ahead of another.
    pub pauses: u64,
    /// The source that it is held for.
    pub waits_for: Option<Arc<str>>,
    /// Alerts left out: repeats and members of storms.
    pub suppressed: u64,
    /// Messages that wait before any of its stages.
    pub queued: u64,
    /// Messages that wait before the fullest of them.
    pub fullest: u64,
    /// Bytes of state.
    pub state_bytes: u64,
    /// Nanoseconds spent working.
    pub busy_ns: u64,
    /// The event time reached, once there is one and before all has ended.
    pub reached: Option<EventTime>,
    /// Why the first row was put aside.
    pub first_reason: Option<String>,
}

impl Figures {
    /// Those of each node. Rows go in at a node's first stage and out at its last, the rest adds
    /// up.
    pub fn of_all(meters: &[(Arc<str>, Arc<Meter>)]) -> impl Iterator<Item = Self> + '_ {
        let nodes = meters.chunk_by(|a, b| a.0 == b.0);
        nodes.filter_map(Self::of)
    }

    fn of(stages: &[(Arc<str>, Arc<Meter>)]) -> Option<Self> {
        let ((name, first), (_, last)) = (stages.first()?, stages.last()?);
        let each = |of: fn(&Meter) -> u64| stages.iter().map(move |(_, m)| of(m));
        let sum = |of: fn(&Meter) -> u64| each(of).sum::<u64>();
        let reached = last.watermark();
        let known = reached != EventTime::MIN && reached != EventTime::MAX;
        let mut reasons = stages.iter().filter_map(|(_, m)| m.first_reason.get());
        Some(Self {
            name: Arc::clone(name),
            rows_in: Meter::get(&first.rows_in),
            rows_out: Meter::get(&last.rows_out),
            late: sum(|m| Meter::get(&m.late)),
            unassigned: sum(|m| Meter::get(&m.unassigned)),
            bad: sum(|m| Meter::get(&m.errors)),
            failures: sum(|m| Meter::get(&m.failures)),
            pauses: sum(|m| Meter::get(&m.pauses)),
            waits_for: first.waited_for(),
            suppressed: sum(|m| Meter::get(&m.suppressed)),
            queued: sum(|m| Meter::get(&m.queued)),
            fullest: each(|m| Meter::get(&m.queued)).max().unwrap_or(0),
            state_bytes: sum(|m| Meter::get(&m.state_bytes)),
            busy_ns: sum(|m| Meter::get(&m.busy_ns)),
            reached: known.then_some(reached),
            first_reason: reasons.next().cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_a_node_are_one() {
        let meters: Meters = ["a", "b", "b"]
            .map(|name| (name.into(), Arc::new(Meter::default())))
            .into();
        for (i, (_, meter)) in meters.iter().enumerate() {
            let n = 10_usize.pow(u32::try_from(i).unwrap());
            for counter in [&meter.rows_in, &meter.rows_out, &meter.errors] {
                Meter::add(counter, n);
            }
            Meter::add(&meter.queued, 3 - i);
        }
        meters[2].1.reached(EventTime(7));
        let figures: Vec<Figures> = Figures::of_all(&meters).collect();
        let [a, b] = figures.as_slice() else {
            panic!("{figures:?}");
        };
        assert_eq!((a.rows_in, a.rows_out, a.bad, a.reached), (1, 1, 1, None));
        assert_eq!((b.rows_in, b.rows_out, b.bad), (10, 100, 110));
        assert_eq!((b.queued, b.fullest), (3, 2));
        assert_eq!(b.reached, Some(EventTime(7)));
    }
}
