//! A pipeline asked about itself while it runs: the figures of its nodes, its graph. Listeners ask
//! it through [`Inside`], and nothing that is asked here reaches a stream.

pub(crate) mod tap;

pub mod settings;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use zaraba_config::env::redact;
use zaraba_core::clock::{Clock, Stopwatch};
use zaraba_core::time::{ClockTime, SECOND, iso8601};
use zaraba_sinks::inside::{Changed, Inside, NotSet, Picture, Setting, Tapped, Wanted, WrongTap};
use zaraba_sinks::websocket::Answer;

use crate::describe::{Shown, node_of};
use crate::inside::settings::Settings;
use crate::inside::tap::Taps;
use crate::plan::PipelinePlan;
use crate::rules::figures::{self as rules, RuleMeters};
use crate::run::figures::{Figures, Meters};
use crate::run::publish::publish;

/// How long ago, at least, the rows were counted that a rate compares with.
const RATE_OVER: Duration = Duration::from_secs(1);

/// A pipeline that is being wired or runs.
pub(crate) struct Insight {
    plan: PipelinePlan,
    clock: Arc<dyn Clock>,
    /// Renders the process's metrics.
    render: Answer,
    since: Stopwatch,
    wired: OnceLock<Wired>,
    counts: Mutex<Counts>,
    pub(crate) settings: Settings,
}

/// What is known once everything is wired.
struct Wired {
    meters: Meters,
    /// Nodes whose rows come as time goes by.
    live: BTreeSet<String>,
    taps: Taps,
    rules: RuleMeters,
}

/// Rows in and out of each node.
type Rows = Vec<(u64, u64)>;

/// Rows counted before, to tell a rate from: when somebody asked last, and when somebody asked
/// before that and at least [`RATE_OVER`] earlier.
#[derive(Default)]
struct Counts {
    before: (Duration, Rows),
    last: (Duration, Rows),
}

impl Counts {
    /// Notes what was counted now. What to compare it with, and how long that is ago.
    fn note(&mut self, now: Duration, rows: Rows) -> (Rows, Duration) {
        if now.saturating_sub(self.last.0) >= RATE_OVER {
            self.before = std::mem::replace(&mut self.last, (now, rows));
        }
        (self.before.1.clone(), now.saturating_sub(self.before.0))
    }
}

impl Insight {
    pub(crate) fn new(plan: &PipelinePlan, clock: &Arc<dyn Clock>, render: Answer) -> Self {
        Self {
            plan: plan.clone(),
            clock: Arc::clone(clock),
            render,
            since: Stopwatch::start(),
            wired: OnceLock::new(),
            counts: Mutex::default(),
            settings: Settings::new(&plan.params),
        }
    }

    /// The parameters that SQL from outside may name.
    pub(crate) fn params(&self) -> Vec<(String, zaraba_config::document::Value)> {
        self.settings.values(&self.plan.secrets)
    }

    /// Everything is wired. `live`: the sources whose rows come as time goes by; so do those of
    /// the nodes that read them.
    pub(crate) fn wired(
        &self,
        meters: Meters,
        mut live: BTreeSet<String>,
        taps: Taps,
        rules: RuleMeters,
    ) {
        for shown in self.plan.shown() {
            if shown
                .reads
                .iter()
                .any(|stream| live.contains(node_of(stream)))
            {
                live.insert(shown.name);
            }
        }
        // Set once, by whoever wires.
        let _ = self.wired.set(Wired {
            meters,
            live,
            taps,
            rules,
        });
    }

    fn meters(&self) -> &[(Arc<str>, Arc<zaraba_core::meter::Meter>)] {
        self.wired.get().map_or(&[][..], |wired| &wired.meters)
    }

    fn rules(&self) -> Option<&RuleMeters> {
        self.wired.get().map(|wired| &wired.rules)
    }

    /// The figures of one node. `rates`: rows in and out per second.
    fn node(
        &self,
        shown: &[Shown],
        figures: &Figures,
        rates: Option<(f64, f64)>,
        now: ClockTime,
    ) -> Value {
        let known = shown.iter().find(|s| *s.name == *figures.name);
        let kind = known.map_or("stream", |s| s.kind);
        let live = self.wired.get().map(|wired| &wired.live);
        let live = live.is_some_and(|live| live.contains(node_of(&figures.name)));
        let behind = |reached: i64| seconds(now.0.saturating_sub(reached));
        let bound = self.plan.limits.queue as u64;
        let queue = json!({ "used": figures.fullest.min(bound), "bound": bound });
        let reason = figures.first_reason.as_deref();
        let rule = self.rules().and_then(|rules| rules.get(&*figures.name));
        json!({
            "name": &*figures.name,
            "kind": kind,
            "detail": known.map_or("failed rows", |s| s.detail),
            "live": live,
            "rows_in": figures.rows_in,
            "rows_out": figures.rows_out,
            "rows_in_per_second": rates.map(|(rows, _)| rows),
            "rows_out_per_second": rates.map(|(_, rows)| rows),
            "event_time": figures.reached.map(|t| iso8601(t.0)),
            "lag_seconds": figures.reached.filter(|_| live).map(|t| behind(t.0)),
            "queue": if kind == "source" { Value::Null } else { queue },
            "late": figures.late,
            "bad": figures.bad,
            "unassigned": figures.unassigned,
            "failures": figures.failures,
            "pauses": figures.pauses,
            "waits_for": figures.waits_for.as_deref(),
            "suppressed": figures.suppressed,
            "first_reason": reason.map(|text| redact(text, &self.plan.secrets)),
            "state_bytes": figures.state_bytes,
            "rule": rule.map(|meter| rules::shown(meter)),
            "busy_seconds": seconds(i64::try_from(figures.busy_ns / 1_000).unwrap_or(i64::MAX)),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds for eyes")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / SECOND as f64
}

/// Rows per second; none where too little time has passed to tell.
#[expect(clippy::cast_precision_loss, reason = "a rate for eyes")]
fn rate(rows: u64, before: u64, over: Duration) -> f64 {
    let rate = rows.saturating_sub(before) as f64 / over.as_secs_f64();
    (rate * 10.0).round() / 10.0
}

impl Inside for Insight {
    fn metrics(&self) -> String {
        publish(self.meters());
        if let Some(meters) = self.rules() {
            rules::publish(meters);
        }
        (self.render)()
    }

    fn stats(&self) -> Map<String, Value> {
        let (up, now) = (self.since.elapsed(), self.clock.now());
        let figures: Vec<Figures> = Figures::of_all(self.meters()).collect();
        let rows = figures.iter().map(|f| (f.rows_in, f.rows_out)).collect();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, over) = counts.note(up, rows);
        drop(counts);
        let shown = self.plan.shown();
        let nodes = figures.iter().enumerate().map(|(i, figures)| {
            let (was_in, was_out) = before.get(i).copied().unwrap_or_default();
            let rates = (!over.is_zero()).then(|| {
                let rows_in = rate(figures.rows_in, was_in, over);
                (rows_in, rate(figures.rows_out, was_out, over))
            });
            self.node(&shown, figures, rates, now)
        });
        Map::from_iter([
            ("pipeline".to_owned(), self.plan.name.as_str().into()),
            ("uptime".to_owned(), up.as_secs_f64().into()),
            ("clock".to_owned(), iso8601(now.0).into()),
            ("rate_seconds".to_owned(), over.as_secs_f64().into()),
            ("nodes".to_owned(), nodes.collect()),
        ])
    }

    fn explain(&self) -> String {
        self.plan.explain()
    }

    fn graph(&self, picture: Picture) -> String {
        self.plan.graph(picture)
    }

    fn tap(&self, stream: &str, wanted: &Wanted) -> Result<Tapped, WrongTap> {
        let none = Taps::new();
        let taps = self.wired.get().map_or(&none, |wired| &wired.taps);
        tap::tap(&self.plan, &self.params(), taps, stream, wanted)
    }

    fn settings(&self) -> Vec<Setting> {
        let hidden = |text: &str| redact(text, &self.plan.secrets);
        let all = self.settings.all().into_iter();
        all.map(|setting| Setting {
            value: hidden(&setting.value),
            ..setting
        })
        .collect()
    }

    fn set(&self, changes: &[(String, String)]) -> Result<Vec<Changed>, Vec<NotSet>> {
        let outcome = self.settings.set(changes);
        let word = if outcome.is_ok() {
            "changed"
        } else {
            "refused"
        };
        let asked = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        metrics::counter!("zaraba_parameter_changes_total", "outcome" => word).increment(asked);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_over_a_second_at_least_however_often_one_asks() {
        let mut counts = Counts::default();
        let mut at = |millis: u64, rows: u64| {
            let (before, over) = counts.note(Duration::from_millis(millis), vec![(rows, 0)]);
            (before.first().map(|r| r.0), over.as_millis())
        };
        assert_eq!(at(400, 40), (None, 400));
        assert_eq!(at(1_000, 100), (None, 1_000), "since the start");
        assert_eq!(at(1_500, 200), (None, 1_500));
        assert_eq!(at(2_100, 300), (Some(100), 1_100));
        assert_eq!(at(2_200, 320), (Some(100), 1_200));
        assert_eq!(at(9_100, 900), (Some(300), 7_000));
        assert!((rate(900, 300, Duration::from_secs(7)) - 85.7).abs() < 1e-9);
    }
}
