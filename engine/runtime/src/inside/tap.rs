//! Rows of any node for somebody who looks: all of them, or those that some SQL picks and
//! computes. The SQL is planned as that of a streaming query, and refused where it needs more than
//! the row at hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use zaraba_config::document::Value;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::suggest::hint;
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::inside::{Pick, Picked, Tapped, Wanted, WrongTap};
use zaraba_sql::plan::mistake::SqlMistake;
use zaraba_sql::plan::parse::{parse, parse_condition};
use zaraba_sql::plan::stage::{Input, Work};
use zaraba_sql::plan::streaming;

use crate::plan::PipelinePlan;
use crate::plan::mistakes::shown;
use crate::run::graph::reason;
use crate::run::tap::Tap;

/// Where each stream passes.
pub(crate) type Taps = BTreeMap<String, Arc<Tap>>;

/// A look at a stream, from now on.
pub(super) fn tap(
    plan: &PipelinePlan,
    params: &[(String, Value)],
    taps: &Taps,
    stream: &str,
    wanted: &Wanted,
) -> std::result::Result<Tapped, WrongTap> {
    let (Some(tap), Some(schema)) = (taps.get(stream), plan.streams.get(stream)) else {
        let names = || taps.keys().map(String::as_str);
        let own: Vec<&str> = names().filter(|n| !n.contains("__")).collect();
        let hint = hint(stream, names());
        let message = format!(
            "no stream `{stream}`{hint}: there are {}, each with its `__errors`, and sources with \
             `__late`",
            own.join(", ")
        );
        return Err(WrongTap::Stream(message));
    };
    let input = SinkInput {
        name: stream.to_owned(),
        schema: schema.clone(),
    };
    let (columns, pick) = match wanted {
        Wanted::All => (input.written_schema(), None),
        Wanted::Where(sql) | Wanted::Select(sql) => {
            let (columns, picker) = picker(plan, params, &input, wanted)
                .map_err(|mistakes| WrongTap::Sql(shown(sql, &mistakes)))?;
            (columns, Some(picker))
        }
    };
    let upsert = schema.changelog != Changelog::Append;
    let watched = tap.watch();
    Ok(Tapped {
        stream: stream.to_owned(),
        upsert,
        columns,
        rows: watched.rows,
        left_out: watched.left_out,
        pick: Box::new(Looking { input, pick }),
        secrets: plan.secrets.clone(),
    })
}

/// What makes of a stream's rows those that are wanted, and their columns.
fn picker(
    plan: &PipelinePlan,
    params: &[(String, Value)],
    input: &SinkInput,
    wanted: &Wanted,
) -> std::result::Result<(arrow::datatypes::SchemaRef, Box<dyn Operator>), Vec<SqlMistake>> {
    let name = &input.name;
    let parsed = match wanted {
        Wanted::Select(sql) => parse(sql, params)?,
        Wanted::Where(condition) => parse_condition(condition, name, params)?,
        Wanted::All => return Err(Vec::new()),
    };
    if let Some(other) = parsed.reads.iter().find(|read| *read != name) {
        let message = format!("a tap of `{name}` reads `{name}` alone, not `{other}`");
        return Err(vec![SqlMistake::new(message).at_word(&parsed.sql, other)]);
    }
    // Its rows as they are shown, whatever it is: also changes are rows here.
    let schema = StreamSchema {
        columns: input.written_schema(),
        changelog: Changelog::Append,
        ..input.schema.clone()
    };
    let mut catalog = plan.catalog.clone();
    catalog.add(name, schema, false);
    let moved = |mistake: SqlMistake| match wanted {
        Wanted::Where(condition) => {
            let before = parsed.sql.len().saturating_sub(condition.len());
            zaraba_sql::plan::parse::moved(mistake, before)
        }
        _ => mistake,
    };
    let planned = streaming::plan(name, &parsed, &catalog).map_err(|m| vec![moved(m)])?;
    let more = || {
        let message = "a tap picks, filters and computes row by row";
        let help = "for windows, joins and OVER add a query to the pipeline, and tap that";
        vec![SqlMistake::new(message).help(help)]
    };
    let [stage] = planned.stages.as_slice() else {
        return Err(more());
    };
    let alone = matches!(stage.inputs.as_slice(), [Input::Stream(..)]);
    if !matches!(stage.work, Work::PassThrough(_)) || !alone {
        return Err(more());
    }
    let operator = stage.operator(name);
    let operator = operator.map_err(|e| vec![SqlMistake::new(e.to_string())])?;
    Ok((planned.output.columns, operator))
}

/// Makes of a stream's rows what is shown.
struct Looking {
    input: SinkInput,
    pick: Option<Box<dyn Operator>>,
}

impl Pick for Looking {
    fn pick(&mut self, rows: &Batch) -> Result<Picked> {
        let written = self.input.written_rows(rows)?;
        let mut picked = Picked::default();
        let Some(operator) = &mut self.pick else {
            picked.rows.push(written);
            return Ok(picked);
        };
        let rows = Batch::new(written, rows.time.clone(), rows.seq.clone())?;
        let mut out = Output::default();
        let mut progress = operator.process(Port(0), rows, &mut out)?;
        while progress == Progress::More {
            progress = operator.resume(&mut out)?;
        }
        for (port, message) in out.take() {
            match (port, message) {
                (OutPort::Main, Message::Rows(rows)) => picked.rows.push(rows.rows),
                (OutPort::Errors, Message::Rows(rows)) => {
                    picked.failed += rows.len();
                    picked.reason.get_or_insert_with(|| reason(&rows));
                }
                _ => {}
            }
        }
        Ok(picked)
    }
}
