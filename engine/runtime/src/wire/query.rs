//! `/api/query` of a WebSocket sink: the SQL of the pipeline over the rows of the sink's topics.
//! Mistakes are shown as `check` shows them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use zaraba_config::document::QueryLimitsDoc;
use zaraba_core::clock::Clock;
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::websocket::query::{Answered, Held, Query, QueryOptions, Refused};
use zaraba_sql::ask::{Ask, AskLimits, Refusal};

use crate::inside::Insight;
use crate::plan::PipelinePlan;
use crate::plan::mistakes::shown;

/// Answers queries over the topics of one sink.
struct TopicQuery {
    ask: Ask,
    insight: Arc<Insight>,
    clock: Arc<dyn Clock>,
}

/// Who answers the queries of a sink.
pub(super) fn options(
    plan: &PipelinePlan,
    inputs: &[SinkInput],
    limits: &QueryLimitsDoc,
    insight: &Arc<Insight>,
    clock: &Arc<dyn Clock>,
) -> QueryOptions {
    let topic = |input: &SinkInput| (input.name.clone(), Arc::clone(&input.schema.columns));
    let time = Duration::from_micros(u64::try_from(limits.time).unwrap_or(0));
    let limits = AskLimits {
        time,
        memory: usize::try_from(limits.memory).unwrap_or(usize::MAX),
        rows: limits.rows,
    };
    let topics = inputs.iter().map(topic).collect();
    let engine = Arc::new(TopicQuery {
        ask: Ask::new(&plan.catalog, topics, limits),
        insight: Arc::clone(insight),
        clock: Arc::clone(clock),
    });
    QueryOptions { engine, time }
}

impl Query for TopicQuery {
    fn run(&self, sql: &str, held: Held<'_>, stop: &Arc<AtomicBool>) -> Result<Answered, Refused> {
        let params = self.insight.params();
        match self.ask.run(sql, &params, self.clock.now().0, held, stop) {
            Ok((schema, rows)) => Ok(Answered { schema, rows }),
            Err(Refusal::Wrong(mistakes)) => Err(Refused::Wrong(shown(sql, &mistakes))),
            Err(Refusal::Failed(text)) => Err(Refused::Failed(text)),
        }
    }
}
