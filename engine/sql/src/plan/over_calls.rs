//! The calls of an OVER in event time: which can be answered row by row, with which frame, and how
//! each follows it.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{NullTreatment, WindowFunction};
use datafusion::logical_expr::{
    AggregateUDF, Expr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use zaraba_core::time::{DAY, duration_text, parse_duration};

use crate::over::call::{Aggregate, Call, How, Of, What};
use crate::over::counter_delta;
use crate::over::frame::{Frame, Unit};
use crate::plan::over::{Columns, literal};
use crate::plan::over_indicator as indicator;
use crate::plan::streaming::physical;

/// Why a call cannot be answered row by row, and a way out.
pub(super) struct Unfit {
    pub(super) message: String,
    pub(super) help: String,
}

impl Unfit {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { message, help }
    }
}

/// Functions that need all rows of their partition.
const WHOLE: [&str; 3] = ["ntile", "percent_rank", "cume_dist"];

/// Functions whose frame does not matter.
const FRAMELESS: [&str; 5] = [
    "row_number",
    "rank",
    "dense_rank",
    "lag",
    counter_delta::NAME,
];

/// Aggregates whose state can be saved and put back to the bit.
const EXACT: [&str; 8] = [
    "count", "sum", "avg", "bool_and", "bool_or", "bit_and", "bit_or", "bit_xor",
];

/// Aggregates of a small state that can be merged, beside those of [`EXACT`].
const MERGED: [&str; 16] = [
    "var",
    "var_pop",
    "stddev",
    "stddev_pop",
    "covar_samp",
    "covar_pop",
    "corr",
    "regr_slope",
    "regr_intercept",
    "regr_count",
    "regr_r2",
    "regr_avgx",
    "regr_avgy",
    "regr_sxx",
    "regr_syy",
    "regr_sxy",
];

const NO_WINDOW: &str = "PARTITION BY the window_end of a TUMBLE or HOP in FROM";

/// Whether a call can be answered row by row. `of_window`: its partitions are parts of a window.
pub(super) fn fit(call: &WindowFunction, of_window: bool) -> Result<(), Unfit> {
    let name = call.fun.name();
    if WHOLE.contains(&name) {
        let message = format!("{name}() needs all rows of its partition, and a stream has no end");
        return Err(Unfit::new(message, NO_WINDOW));
    }
    if name == "lead" {
        return Err(Unfit::new(
            "lead() waits for a later row of its key, which may never come",
            format!("lag() looks back; or {NO_WINDOW}"),
        ));
    }
    if indicator::of(call).is_some() {
        return Ok(());
    }
    if FRAMELESS.contains(&name) {
        return shift(call);
    }
    let udwf = matches!(call.fun, WindowFunctionDefinition::WindowUDF(_));
    if udwf && nth(call).is_none() {
        let message = format!("{name}() row by row is not built yet");
        return Err(Unfit::new(message, NO_WINDOW));
    }
    let frame = frame_of(call)?;
    let kept = frame.start.is_none() && !matches!(of(call), Some(How::Running));
    if kept && !of_window {
        let message = format!("{name}(…) OVER all rows before would keep them for ever");
        return Err(Unfit::new(
            message,
            format!(
                "bound the frame (RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND CURRENT ROW), or {NO_WINDOW}"
            ),
        ));
    }
    Ok(())
}

/// Whether the offset of `lag` is one that looks back.
fn shift(call: &WindowFunction) -> Result<(), Unfit> {
    if call.fun.name() != "lag" {
        return Ok(());
    }
    if offset(call).is_some() {
        return Ok(());
    }
    Err(Unfit::new(
        "the offset of lag() is a number of rows from 0 on",
        "write lag(value, 1)",
    ))
}

/// The offset of `lag`.
fn offset(call: &WindowFunction) -> Option<usize> {
    let Some(offset) = call.params.args.get(1) else {
        return Some(1);
    };
    match literal(offset)?.cast_to(&DataType::Int64).ok()? {
        ScalarValue::Int64(Some(n)) => usize::try_from(n).ok(),
        ScalarValue::Int64(None) => Some(1),
        _ => None,
    }
}

/// Which row of its frame a call takes, if it takes one.
fn nth(call: &WindowFunction) -> Option<i64> {
    match call.fun.name() {
        "first_value" => Some(1),
        "last_value" => Some(-1),
        "nth_value" => match literal(call.params.args.get(1)?)?
            .cast_to(&DataType::Int64)
            .ok()?
        {
            ScalarValue::Int64(Some(n)) if n != 0 => Some(n),
            _ => None,
        },
        _ => None,
    }
}

/// How an aggregate without bound at the start goes on.
fn of(call: &WindowFunction) -> Option<How> {
    let name = call.fun.name();
    let distinct = call.params.distinct;
    let extreme = matches!(name, "min" | "max");
    let exact = EXACT.contains(&name) && !distinct;
    matches!(call.fun, WindowFunctionDefinition::AggregateUDF(_)).then_some(if extreme || exact {
        How::Running
    } else if MERGED.contains(&name) && !distinct {
        How::Stacks
    } else {
        How::Anew
    })
}

/// A call's frame; the last value up to this row needs no row before.
fn frame_of(call: &WindowFunction) -> Result<Frame, Unfit> {
    let mut frame = frame(&call.params.window_frame)?;
    let last = call.fun.name() == "last_value" && !ignores_nulls(call);
    if last && frame.start.is_none() && frame.end == 0 {
        frame.start = Some(0);
    }
    Ok(frame)
}

fn ignores_nulls(call: &WindowFunction) -> bool {
    call.params.null_treatment == Some(NullTreatment::IgnoreNulls)
}

/// A frame that ends at a time that comes.
fn frame(written: &WindowFrame) -> Result<Frame, Unfit> {
    let frame = whole_frame(written)?;
    if frame.end == i64::MAX {
        return Err(Unfit::new(
            "a frame up to UNBOUNDED FOLLOWING waits for the end of the stream",
            format!("end it at CURRENT ROW, or {NO_WINDOW}"),
        ));
    }
    if frame.end > 0 && frame.unit == Unit::Rows {
        let end = frame.end;
        return Err(Unfit::new(
            format!("a row waits for {end} later rows of its key, which may never come"),
            format!(
                "bound the wait in time (RANGE BETWEEN … AND INTERVAL '1 minute' FOLLOWING), or \
                 {NO_WINDOW}"
            ),
        ));
    }
    Ok(frame)
}

/// A frame, whatever its end.
fn whole_frame(frame: &WindowFrame) -> Result<Frame, Unfit> {
    let unit = match frame.units {
        WindowFrameUnits::Rows => Unit::Rows,
        WindowFrameUnits::Range => Unit::Range,
        WindowFrameUnits::Groups => {
            return Err(Unfit::new(
                "GROUPS in a frame over event time is not built yet",
                "RANGE takes rows of equal time together",
            ));
        }
    };
    let end = bound(&frame.end_bound, unit)?.unwrap_or(i64::MAX);
    let start = bound(&frame.start_bound, unit)?;
    if start.is_some_and(|s| s > end) {
        return Err(Unfit::new(
            "the frame ends before it begins",
            "the earlier bound comes first",
        ));
    }
    Ok(Frame { unit, start, end })
}

/// A bound relative to the row: rows or microseconds; none: unbounded.
fn bound(bound: &WindowFrameBound, unit: Unit) -> Result<Option<i64>, Unfit> {
    let (value, sign) = match bound {
        WindowFrameBound::CurrentRow => return Ok(Some(0)),
        WindowFrameBound::Preceding(value) => (value, -1),
        WindowFrameBound::Following(value) => (value, 1),
    };
    if value.is_null() {
        return Ok(None);
    }
    let length = match (unit, value) {
        (Unit::Rows, value) => match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(n))) if n <= i64::from(u32::MAX) => Some(n),
            _ => None,
        },
        (Unit::Range, ScalarValue::IntervalMonthDayNano(Some(i))) if i.months != 0 => {
            return Err(Unfit::new(
                "RANGE over event time is bound by an interval of days or less, not by months and \
                 not by a number",
                "write RANGE BETWEEN INTERVAL '30 days' PRECEDING AND CURRENT ROW, or with a number \
                 of rows ROWS BETWEEN 5 PRECEDING AND CURRENT ROW",
            ));
        }
        (Unit::Range, ScalarValue::IntervalMonthDayNano(Some(i))) => {
            let micros = i64::from(i.days)
                .saturating_mul(DAY)
                .saturating_add(i.nanoseconds / 1000);
            (i.nanoseconds % 1000 == 0).then_some(micros)
        }
        (Unit::Range, ScalarValue::IntervalDayTime(Some(i))) => {
            let days = i64::from(i.days).saturating_mul(DAY);
            Some(days.saturating_add(i64::from(i.milliseconds) * 1000))
        }
        (Unit::Range, ScalarValue::Utf8(Some(text))) => parse_duration(text),
        _ => None,
    };
    match length.filter(|l| *l >= 0) {
        Some(length) => Ok(Some(sign * length)),
        None => Err(Unfit::new(
            format!(
                "expected a bound such as {} in the frame, found {}",
                match unit {
                    Unit::Rows => "10 PRECEDING",
                    Unit::Range => "INTERVAL '1 minute' PRECEDING",
                },
                match (unit, length) {
                    (Unit::Range, Some(below)) => {
                        format!("one of {}", duration_text(below))
                    }
                    _ => value.to_string(),
                }
            ),
            "RANGE is bound by intervals not below zero, ROWS by numbers of rows",
        )),
    }
}

/// The calls of a node, and the columns that they keep.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) calls: Vec<Call>,
    pub(super) kept: Vec<usize>,
}

impl Calls {
    pub(super) fn add(
        &mut self,
        call: &WindowFunction,
        output: &DataType,
        of_window: bool,
        columns: &mut Columns,
    ) -> Result<()> {
        let what = match call.fun.name() {
            _ if let Some(spec) = indicator::of(call) => indicator::planned(call, spec, columns)?,
            "row_number" => What::RowNumber,
            "rank" => What::Rank { dense: false },
            "dense_rank" => What::Rank { dense: true },
            "lag" => lag(call, output, columns)?,
            counter_delta::NAME => What::CounterDelta {
                column: columns.of(&call.params.args[0])?,
            },
            _ => self.framed(call, of_window, columns)?,
        };
        let output = output.clone();
        self.calls.push(Call { output, what });
        Ok(())
    }

    fn keep(&mut self, expr: &Expr, columns: &mut Columns) -> Result<usize> {
        let column = columns.of(expr)?;
        let same = self.kept.iter().position(|k| *k == column);
        Ok(same.unwrap_or_else(|| {
            self.kept.push(column);
            self.kept.len() - 1
        }))
    }

    fn framed(
        &mut self,
        call: &WindowFunction,
        of_window: bool,
        columns: &mut Columns,
    ) -> Result<What> {
        let frame = frame_of(call).map_err(unplanned)?;
        fit(call, of_window).map_err(unplanned)?;
        Ok(What::Framed(frame, self.over(call, frame, columns)?))
    }

    /// An aggregate of a whole partition over a frame of rows that moves; none for other calls.
    pub(super) fn moving(
        &mut self,
        call: &WindowFunction,
        columns: &mut Columns,
    ) -> Result<Option<(Frame, Of)>> {
        if !matches!(call.fun, WindowFunctionDefinition::AggregateUDF(_)) {
            return Ok(None);
        }
        let Ok(mut frame) = whole_frame(&call.params.window_frame) else {
            return Ok(None);
        };
        if frame.start.is_none() && frame.end == i64::MAX {
            frame.unit = Unit::Rows;
        }
        if frame.unit == Unit::Range {
            return Ok(None);
        }
        let of = self.over(call, frame, columns)?;
        Ok(Some((frame, of)))
    }

    /// What is made of a frame's rows.
    fn over(&mut self, call: &WindowFunction, frame: Frame, columns: &mut Columns) -> Result<Of> {
        let params = &call.params;
        let filter = params.filter.as_ref();
        let filter = filter.map(|f| self.keep(f, columns)).transpose()?;
        if let Some(nth) = nth(call) {
            return Ok(Of::Pick {
                column: self.keep(&params.args[0], columns)?,
                nth,
                ignore_nulls: ignores_nulls(call),
            });
        }
        if matches!(call.fun.name(), "min" | "max") {
            return Ok(Of::Extreme {
                column: self.keep(&params.args[0], columns)?,
                filter,
                greatest: call.fun.name() == "max",
            });
        }
        let WindowFunctionDefinition::AggregateUDF(function) = &call.fun else {
            return Err(unplanned(Unfit::new(
                "a window function without a frame",
                "",
            )));
        };
        let kept = params
            .args
            .iter()
            .map(|a| self.keep(a, columns))
            .collect::<Result<_>>()?;
        let how = match of(call) {
            Some(How::Running) if frame.start.is_some() => How::Stacks,
            Some(how) => how,
            None => How::Anew,
        };
        let aggregate = Aggregate {
            function: Arc::new(aggregate(function, call, columns)?),
            columns: kept,
            filter,
            how,
        };
        Ok(Of::Aggregate(aggregate))
    }
}

fn lag(call: &WindowFunction, output: &DataType, columns: &mut Columns) -> Result<What> {
    let default = match call.params.args.get(2).and_then(literal) {
        Some(value) => value.cast_to(output)?,
        None => ScalarValue::try_from(output)?,
    };
    Ok(What::Lag {
        column: columns.of(&call.params.args[0])?,
        offset: offset(call).unwrap_or(1),
        ignore_nulls: ignores_nulls(call),
        default,
    })
}

fn aggregate(
    function: &Arc<AggregateUDF>,
    call: &WindowFunction,
    columns: &Columns,
) -> Result<AggregateFunctionExpr> {
    let input = columns.input().schema();
    let arguments = call
        .params
        .args
        .iter()
        .map(|a| physical(a, input))
        .collect::<Result<_>>()?;
    AggregateExprBuilder::new(Arc::clone(function), arguments)
        .schema(Arc::clone(input.inner()))
        .alias(function.name())
        .with_ignore_nulls(ignores_nulls(call))
        .with_distinct(call.params.distinct)
        .build()
}

/// What was refused before is not planned.
fn unplanned(why: Unfit) -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::Plan(why.message)
}
