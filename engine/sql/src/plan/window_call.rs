//! `TUMBLE(input, time, size [, offset])`, `HOP(input, time, slide, size [, offset])` and
//! `CUMULATE(input, time, step, size [, offset])` in FROM: read from the SQL, checked, and planned as
//! a node that adds `window_start` and `window_end`. SESSION goes on in [`super::session_call`], TRADING_SESSION in [`super::trading_call`].

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode,
    UserDefinedLogicalNodeCore,
};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, ObjectName, Spanned, TableFactor,
};
use zaraba_core::stream::event_time_type;
use zaraba_core::suggest;
use zaraba_core::time::{DAY, parse_duration};
use zaraba_finance::calendar::Calendar;

use crate::plan::event_time::{TimeOf, event_time};
use crate::plan::lengths::{few_enough, length};
use crate::plan::mistake::SqlMistake;
use crate::plan::parse::{WINDOW_FUNCTIONS, WINDOWS_BUILT};
use crate::window::spec::WindowSpec;
use crate::window::windows::Windows;

/// Puts each row of its input into windows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WindowAssign {
    /// The input.
    pub(crate) input: LogicalPlan,
    /// The windows.
    pub(crate) windows: Windows,
    schema: DFSchemaRef,
}

impl PartialOrd for WindowAssign {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.windows.partial_cmp(&other.windows)
    }
}

impl WindowAssign {
    pub(super) fn new(input: LogicalPlan, windows: Windows) -> Result<Self> {
        let schema = with_bounds(&input)?;
        Ok(Self {
            input,
            windows,
            schema,
        })
    }
}

/// An input without bounds of its own: in a window over windows the outer one's stand for them.
fn without_bounds(input: LogicalPlan) -> Result<LogicalPlan> {
    let bound = |name: &str| matches!(name, "window_start" | "window_end");
    let columns = input.schema().columns();
    if !columns.iter().any(|c| bound(c.name())) {
        return Ok(input);
    }
    let rest = columns.into_iter().filter(|c| !bound(c.name()));
    LogicalPlanBuilder::from(input)
        .project(rest.map(Expr::Column).collect::<Vec<_>>())?
        .build()
}

/// An input's columns, `window_start` and `window_end`.
pub(crate) fn with_bounds(input: &LogicalPlan) -> Result<DFSchemaRef> {
    let mut fields: Vec<_> = input
        .schema()
        .iter()
        .map(|(q, f)| (q.cloned(), Arc::clone(f)))
        .collect();
    for name in ["window_start", "window_end"] {
        fields.push((None, Arc::new(Field::new(name, event_time_type(), true))));
    }
    let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
    Ok(Arc::new(schema))
}

impl UserDefinedLogicalNodeCore for WindowAssign {
    fn name(&self) -> &str {
        "WindowAssign"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        if let Windows::Trading(_) = self.windows {
            // What is outside the sessions does not depend on what is selected of the rest.
            return self
                .schema
                .fields()
                .iter()
                .map(|f| f.name().clone())
                .collect();
        }
        HashSet::from(["window_start".to_owned(), "window_end".to_owned()])
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowAssign: {}", self.windows)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        match <[LogicalPlan; 1]>::try_from(inputs) {
            Ok([input]) => Self::new(input, self.windows.clone()),
            Err(_) => Err(DataFusionError::Internal("a window has one input".into())),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inputs = self.input.schema().fields().len();
        if let Windows::Trading(_) = self.windows {
            return Some(vec![(0..inputs).collect()]); // what is outside shows all its columns
        }
        Some(vec![
            output_columns
                .iter()
                .copied()
                .filter(|c| *c < inputs)
                .collect(),
        ])
    }
}

/// The relation planner.
#[derive(Debug)]
pub(crate) struct WindowCalls {
    /// Offset of windows of whole days; none where the pipeline's zone has summer time.
    pub(crate) day_offset: Option<i64>,
    /// Whose sessions TRADING_SESSION follows.
    pub(crate) calendar: Calendar,
}

impl RelationPlanner for WindowCalls {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let TableFactor::Table {
            name,
            args: Some(args),
            alias,
            ..
        } = &relation
        else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let function = name.to_string().to_lowercase();
        if !WINDOW_FUNCTIONS.contains(&function.as_str()) {
            let hint = suggest::hint(&function, WINDOW_FUNCTIONS);
            let mistake = SqlMistake::new(format!("no table function `{function}`{hint}"));
            return Err(spanned(mistake.help(there_are()), name).into_datafusion());
        }
        let call = Call {
            name,
            function: &function,
            day_offset: self.day_offset,
            calendar: &self.calendar,
        };
        let plan = call
            .plan(&args.args, context)
            .map_err(Failed::into_datafusion)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan,
            alias.clone(),
        ))))
    }
}

fn there_are() -> String {
    format!("{WINDOWS_BUILT} are")
}

/// What went wrong, with the SQL's own span kept aside: spans become bytes where the text is.
pub(super) enum Failed {
    Mistake(SqlMistake),
    DataFusion(DataFusionError),
}

impl Failed {
    fn into_datafusion(self) -> DataFusionError {
        match self {
            Self::Mistake(mistake) => mistake.into_datafusion(),
            Self::DataFusion(error) => error,
        }
    }
}

impl From<DataFusionError> for Failed {
    fn from(error: DataFusionError) -> Self {
        Self::DataFusion(error)
    }
}

/// One call of a window function.
pub(super) struct Call<'a> {
    pub(super) name: &'a ObjectName,
    function: &'a str,
    day_offset: Option<i64>,
    pub(super) calendar: &'a Calendar,
}

/// Wraps a mistake with its span, for whoever has the text.
pub(super) fn spanned(mistake: SqlMistake, at: &impl Spanned) -> Failed {
    let span = at.span();
    let location =
        |l: datafusion::sql::sqlparser::tokenizer::Location| datafusion::common::Location {
            line: l.line,
            column: l.column,
        };
    let place = datafusion::common::Span::new(location(span.start), location(span.end));
    let diagnostic =
        datafusion::common::Diagnostic::new_error(mistake.message.clone(), Some(place));
    Failed::DataFusion(mistake.into_datafusion().with_diagnostic(diagnostic))
}

impl Call<'_> {
    pub(super) fn usage(&self) -> &'static str {
        match self.function {
            "tumble" => "TUMBLE(input, time, size [, offset])",
            "cumulate" => "CUMULATE(input, time, step, size [, offset])",
            "session" => "SESSION(input, time, gap, key…)",
            "trading_session" => "TRADING_SESSION(input, time, venue [, step])",
            _ => "HOP(input, time, slide, size [, offset])",
        }
    }

    /// How many arguments it takes.
    fn arguments(&self) -> std::ops::RangeInclusive<usize> {
        match self.function {
            "tumble" | "trading_session" => 3..=4,
            "session" => 3..=usize::MAX,
            _ => 4..=5,
        }
    }

    /// How many of the intervals are lengths (the offset is not).
    fn lengths(&self) -> usize {
        if self.function == "tumble" { 1 } else { 2 }
    }

    fn plan(
        &self,
        args: &[FunctionArg],
        context: &mut dyn RelationPlannerContext,
    ) -> std::result::Result<LogicalPlan, Failed> {
        let mut exprs = Vec::with_capacity(args.len());
        for arg in args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => exprs.push(expr),
                other => {
                    let mistake = SqlMistake::new(format!("expected {}", self.usage()));
                    return Err(spanned(mistake, other));
                }
            }
        }
        if !self.arguments().contains(&exprs.len()) {
            return Err(spanned(
                SqlMistake::new(format!(
                    "expected {}, found {} arguments",
                    self.usage(),
                    exprs.len()
                )),
                self.name,
            ));
        }
        let input = context.plan(input_factor(exprs[0])?)?;
        self.check_time(exprs[1], &input)?;
        let input = without_bounds(input)?;
        if self.function == "session" {
            return self.session(input, exprs[2], &exprs[3..], context);
        }
        let windows = match self.function {
            "trading_session" => Windows::Trading(self.sessions(&exprs[2..], context)?),
            _ => Windows::Fixed(self.spec(&exprs[2..], context)?),
        };
        let node: Arc<dyn UserDefinedLogicalNode> = Arc::new(WindowAssign::new(input, windows)?);
        Ok(LogicalPlan::Extension(Extension { node }))
    }

    /// The time argument must be the column that shows the input's event time.
    fn check_time(&self, arg: &SqlExpr, input: &LogicalPlan) -> std::result::Result<(), Failed> {
        let name = match arg {
            SqlExpr::Identifier(ident) => ident.value.clone(),
            SqlExpr::CompoundIdentifier(parts) => {
                parts.last().map(|p| p.value.clone()).unwrap_or_default()
            }
            other => {
                let mistake = SqlMistake::new(format!(
                    "expected the event-time column of the input, found the expression `{other}`"
                ));
                return Err(spanned(mistake, other));
            }
        };
        match event_time(input) {
            TimeOf::Column(column) if input.schema().field(column).name() == &name => Ok(()),
            TimeOf::Column(column) => {
                let time = input.schema().field(column).name();
                let mistake = SqlMistake::new(format!(
                    "windows are made over event time, which is `{time}` here; found `{name}`"
                ));
                Err(spanned(mistake, arg))
            }
            TimeOf::Dropped => {
                let mistake = SqlMistake::new(format!(
                    "the input has lost its event-time column; found `{name}`"
                ));
                let help = "select the event-time column (after a window: `window_end`) as it is";
                Err(spanned(mistake.help(help), arg))
            }
        }
    }

    fn spec(
        &self,
        args: &[&SqlExpr],
        context: &mut dyn RelationPlannerContext,
    ) -> std::result::Result<WindowSpec, Failed> {
        let mut lengths = Vec::with_capacity(args.len());
        for arg in args {
            lengths.push(micros(arg, context)?);
        }
        let (slide, size, offset) = match (self.function, lengths.as_slice()) {
            ("tumble", [size, rest @ ..]) => (*size, *size, rest.first().copied()),
            (_, [slide, size, rest @ ..]) => (*slide, *size, rest.first().copied()),
            _ => return Err(Failed::Mistake(SqlMistake::new(self.usage()))),
        };
        for (length, arg) in lengths.iter().zip(args).take(self.lengths()) {
            above_zero(*length, arg)?;
        }
        let grows = self.function == "cumulate";
        if grows && size % slide != 0 {
            let mistake = SqlMistake::new(format!(
                "expected a size that is a multiple of the step, found `{}` with steps of `{}`",
                args[1], args[0]
            ));
            return Err(spanned(
                mistake.help(format!("write {}", self.usage())),
                args[1],
            ));
        }
        // From one start to the next.
        let period = if grows { size } else { slide };
        let offset = match offset {
            Some(offset) => offset,
            None if size % DAY != 0 || period % DAY != 0 => 0,
            None => self.day_offset.ok_or_else(|| {
                let mistake = SqlMistake::new(
                    "windows of whole days in a time zone with summer time need an offset",
                );
                spanned(mistake.help(format!("write {}", self.usage())), self.name)
            })?,
        };
        let offset = offset.rem_euclid(period);
        let spec = if grows {
            WindowSpec::cumulate(slide, size, offset)
        } else {
            WindowSpec::hop(slide, size, offset)
        };
        few_enough(&spec, args[0])?;
        Ok(spec)
    }
}

/// Refuses a length that is none.
pub(super) fn above_zero(length: i64, arg: &SqlExpr) -> std::result::Result<(), Failed> {
    if length > 0 {
        return Ok(());
    }
    let mistake = SqlMistake::new(format!("expected an interval above zero, found `{arg}`"));
    Err(spanned(mistake, arg))
}

/// The first argument as a relation: a name or a subquery.
fn input_factor(arg: &SqlExpr) -> std::result::Result<TableFactor, Failed> {
    match arg {
        SqlExpr::Identifier(ident) => Ok(TableFactor::Table {
            name: ObjectName::from(vec![ident.clone()]),
            alias: None,
            args: None,
            with_hints: Vec::new(),
            version: None,
            with_ordinality: false,
            partitions: Vec::new(),
            json_path: None,
            sample: None,
            index_hints: Vec::new(),
        }),
        SqlExpr::Subquery(query) => Ok(TableFactor::Derived {
            lateral: false,
            subquery: query.clone(),
            alias: None,
            sample: None,
        }),
        other => {
            let mistake =
                SqlMistake::new(format!("expected a stream or a subquery, found `{other}`"));
            Err(spanned(mistake, other))
        }
    }
}

/// An interval argument as microseconds.
pub(super) fn micros(
    arg: &SqlExpr,
    context: &mut dyn RelationPlannerContext,
) -> std::result::Result<i64, Failed> {
    let value = match context.sql_to_expr(arg.clone(), &DFSchema::empty()) {
        Ok(Expr::Literal(value, _)) => value,
        // A column, or an interval that cannot be read.
        _ => ScalarValue::Null,
    };
    match value {
        ScalarValue::IntervalMonthDayNano(Some(i)) if i.months != 0 => {
            let mistake = SqlMistake::new(format!("months have no fixed length, found `{arg}`"));
            Err(spanned(
                mistake.help("windows are fixed lengths of time"),
                arg,
            ))
        }
        ScalarValue::IntervalMonthDayNano(Some(i)) => {
            length(i64::from(i.days), i.nanoseconds / 1000, arg)
        }
        ScalarValue::Utf8(Some(text)) if parse_duration(&text).is_some() => {
            length(0, parse_duration(&text).unwrap_or_default(), arg)
        }
        _ => {
            let mistake = SqlMistake::new(format!(
                "expected an interval such as INTERVAL '1 minute', found `{arg}`"
            ));
            Err(spanned(mistake, arg))
        }
    }
}
