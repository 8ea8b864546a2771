//! The joins of a streaming query: which kind each is, what it must know of its inputs, and the
//! refusal of those whose state would grow for ever.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, JoinType, NullEquality, Result, TableReference};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, ExprSchemable, Join, LogicalPlan, Operator};
use zaraba_core::stream::event_time_type;

use crate::functions::QueryTime;
use crate::join::as_of::AsOfPlan;
use crate::join::interval::IntervalPlan;
use crate::join::pairs::{Condition, Reads};
use crate::join::side::{Gives, Side};
use crate::plan::event_time::{TimeOf, event_time, plain, window_column};
use crate::plan::join_bounds::{Bounds, Reader};
use crate::plan::join_kind::{Kind, Of, input, kind, table_of};
use crate::plan::mistake::{SqlMistake, find_word};
use crate::plan::stage::{Input, Stage, Work};
use crate::plan::streaming::{Builder, Flow, physical, plain_schema, time_offset};
use crate::plan::triggered::{compile_condition, condition_expr, is_now, mentions_now};
use crate::table::reader::TableShape;

/// The name under which `drop_when` reads the time of the stream's row.
const NOW: &str = "__now";

/// What a join asks of a pair.
struct Terms<'a> {
    /// Pairs of expressions, of the left input and of the right one, that must be equal.
    equal: Vec<&'a (Expr, Expr)>,
    /// The other conditions.
    rest: Vec<&'a Expr>,
}

impl<'a> Terms<'a> {
    fn of(join: &'a Join) -> Self {
        Self {
            equal: join.on.iter().collect(),
            rest: join.filter.iter().flat_map(split_conjunction).collect(),
        }
    }
}

impl Builder<'_> {
    pub(super) fn join(&mut self, join: &Join) -> Result<Flow> {
        let terms = Terms::of(join);
        if join.null_aware {
            let mistake = SqlMistake::new("NOT IN with a query is not built yet");
            let help = "write NOT EXISTS, or LEFT ANTI JOIN";
            return Err(mistake
                .help(help)
                .at_word(self.sql, "NOT")
                .into_datafusion());
        }
        match kind(join, None) {
            Kind::Table(of) => self.as_of(join, &terms, of),
            Kind::Windows(ends) => self.interval(join, &terms, Bounds::ZERO, Some(ends)),
            Kind::Streams => {
                let mut terms = terms;
                let bounds = self.bounds(join, &mut terms)?;
                self.interval(join, &terms, bounds, None)
            }
        }
    }

    /// A mistake at the join's word.
    fn at_join(&self, mistake: SqlMistake) -> SqlMistake {
        let mut words = ["JOIN", "EXISTS", "IN", "FROM"].iter();
        SqlMistake {
            at: words.find_map(|word| find_word(self.sql, word)),
            ..mistake
        }
    }

    fn as_of(&mut self, join: &Join, terms: &Terms<'_>, table: Of) -> Result<Flow> {
        let exchanged = table == Of::Left;
        let (gives, of) = gives(join.join_type).ok_or_else(|| self.mark())?;
        if (gives == Gives::Full || of == table) && gives != Gives::Inner {
            return Err(self
                .at_join(table_preserved(join.join_type))
                .into_datafusion());
        }
        let plan = input(join, table);
        let source = table_of(plan).map(|s| s.name.clone()).unwrap_or_default();
        if terms.equal.is_empty() {
            return Err(self.at_join(no_equality(&source)).into_datafusion());
        }
        let shape = self.catalog.shape(&source).cloned().ok_or_else(|| {
            SqlMistake::new(format!("`{source}` is not known as a table")).into_datafusion()
        })?;
        let sides = self.sides(join, terms, exchanged)?;
        let ([stream, mut rows], [first, second]) = sides;
        // All its columns: the key must be among them.
        rows.input = Input::Stream(source, None);
        let (mut conditions, mut drop_at_once) = (Vec::new(), None);
        if let Some(condition) = &shape.drop_when {
            if mentions_now(condition) {
                let columns = second.schema.fields().len();
                conditions.push(self.drop_when(condition, &shape, columns)?);
            } else {
                let time = QueryTime::default();
                let compiled = compile_condition(condition, &shape, self.catalog, &time);
                drop_at_once = Some(compiled.map_err(SqlMistake::into_datafusion)?);
            }
        }
        let whole = !conditions.is_empty();
        conditions.extend(self.rest(join, &terms.rest, exchanged)?);
        let schema = plain_schema(&join.schema);
        let names = |c: &usize| shape.schema.field(*c).name().clone();
        let key: Vec<String> = shape.key.iter().map(names).collect();
        let several = !gives.first_only() && !whole_key(terms, table, &key);
        let work = Work::AsOf(Arc::new(AsOfPlan {
            node: self.node.into(),
            gives,
            exchanged,
            sides: [first, second],
            table: shape,
            drop_at_once,
            whole,
            nulls_equal: join.null_equality == NullEquality::NullEqualsNull,
            conditions,
            schema: Arc::clone(&schema),
        }));
        let stage = Stage {
            inputs: vec![stream.input, rows.input],
            work,
            schema,
        };
        Ok(self.joined(stage, several))
    }

    fn interval(
        &mut self,
        join: &Join,
        terms: &Terms<'_>,
        bounds: Bounds,
        ends: Option<[usize; 2]>,
    ) -> Result<Flow> {
        let (gives, of) = gives(join.join_type).ok_or_else(|| self.mark())?;
        let exchanged = of == Of::Right;
        let (Some(low), Some(high)) = (bounds.low, bounds.high) else {
            let mistake = if is_windowed(&join.left) && is_windowed(&join.right) {
                other_windows()
            } else {
                unbounded(bounds)
            };
            return Err(self.at_join(mistake).into_datafusion());
        };
        if low > high {
            let mistake =
                SqlMistake::new("the bounds on the distance of the event times exclude each other");
            return Err(self.at_join(mistake).into_datafusion());
        }
        let ([first_flow, second_flow], sides) = self.sides(join, terms, exchanged)?;
        let conditions = self
            .rest(join, &terms.rest, exchanged)?
            .into_iter()
            .collect();
        let schema = plain_schema(&join.schema);
        let (distance, window_end) = if exchanged {
            let ends = ends.map(|[left, right]| [right, left]);
            ((high.saturating_neg(), low.saturating_neg()), ends)
        } else {
            ((low, high), ends)
        };
        let work = Work::Interval(Arc::new(IntervalPlan {
            node: self.node.into(),
            gives,
            exchanged,
            sides,
            window_end,
            distance,
            nulls_equal: join.null_equality == NullEquality::NullEqualsNull,
            conditions,
            schema: Arc::clone(&schema),
        }));
        let stage = Stage {
            inputs: vec![first_flow.input, second_flow.input],
            work,
            schema,
        };
        Ok(self.joined(stage, !gives.first_only()))
    }

    fn mark(&self) -> datafusion::common::DataFusionError {
        let mistake = SqlMistake::new(
            "EXISTS and IN with a query are built only where they stand \
             alone or with AND",
        );
        self.at_join(mistake.help("write LEFT SEMI JOIN or LEFT ANTI JOIN"))
            .into_datafusion()
    }

    /// Both inputs, the first side's first, and what the join must know of them.
    fn sides(
        &mut self,
        join: &Join,
        terms: &Terms<'_>,
        exchanged: bool,
    ) -> Result<([Flow; 2], [Side; 2])> {
        let mut left = self.flow(&join.left)?;
        let mut right = self.flow(&join.right)?;
        let side = |flow: &mut Flow, plan: &LogicalPlan, of: fn(&(Expr, Expr)) -> &Expr| {
            let keys = terms.equal.iter().map(|e| physical(of(e), plan.schema()));
            Ok::<_, datafusion::common::DataFusionError>(Side {
                steps: std::mem::take(&mut flow.steps),
                schema: plain_schema(plan.schema()),
                keys: keys.collect::<Result<_>>()?,
            })
        };
        for (a, b) in &terms.equal {
            let types = [
                a.get_type(join.left.schema())?,
                b.get_type(join.right.schema())?,
            ];
            if types[0] != types[1] {
                return Err(self.at_join(other_types(a, b, &types)).into_datafusion());
            }
        }
        let first = side(&mut left, &join.left, |(a, _)| a)?;
        let second = side(&mut right, &join.right, |(_, b)| b)?;
        Ok(if exchanged {
            ([right, left], [second, first])
        } else {
            ([left, right], [first, second])
        })
    }

    /// How near rows must be; conditions that say no more than that leave the terms.
    fn bounds(&self, join: &Join, terms: &mut Terms<'_>) -> Result<Bounds> {
        let mut bounds = Bounds::default();
        let (left, right) = (event_time(&join.left), event_time(&join.right));
        let (TimeOf::Column(left), TimeOf::Column(right)) = (left, right) else {
            return Ok(bounds);
        };
        let schema = join.left.schema().join(join.right.schema())?;
        let columns = join.left.schema().fields().len();
        let reader = Reader {
            schema: &schema,
            times: [left, columns + right],
        };
        terms.rest.retain(|rest| !reader.read(rest, &mut bounds));
        for (a, b) in &terms.equal {
            reader.compare(b, Operator::Eq, a, &mut bounds);
        }
        // From the columns to the event times that they show.
        let offset = time_offset(&join.right, right) - time_offset(&join.left, left);
        let moved = |bound: Option<i64>| bound.map(|b| b.saturating_add(offset));
        Ok(Bounds {
            low: moved(bounds.low),
            high: moved(bounds.high),
        })
    }

    /// The conditions that are no equality, as one.
    fn rest(&self, join: &Join, rest: &[&Expr], exchanged: bool) -> Result<Option<Condition>> {
        let Some(all) = datafusion::logical_expr::utils::conjunction(rest.iter().copied().cloned())
        else {
            return Ok(None);
        };
        let schema = join.left.schema().join(join.right.schema())?;
        let columns = join.left.schema().fields().len();
        let reads = |i: usize| match (i.checked_sub(columns), exchanged) {
            (None, false) => Reads::First(i),
            (Some(i), true) => Reads::First(i),
            (None, true) => Reads::Second(i),
            (Some(i), false) => Reads::Second(i),
        };
        condition(&all, &schema, &reads, false).map(Some)
    }

    /// `drop_when` at the time of the stream's row; the table's columns stand behind `columns`
    /// others.
    fn drop_when(&self, text: &str, shape: &TableShape, columns: usize) -> Result<Condition> {
        let found = condition_expr(text, shape, self.catalog, &QueryTime::default());
        let (expr, schema) = found.map_err(SqlMistake::into_datafusion)?;
        let time = || Expr::Column(Column::new_unqualified(NOW));
        let expr = expr.transform_up(|e| {
            let now = matches!(e, Expr::ScalarFunction(_)) && is_now(&e);
            Ok(if now {
                Transformed::yes(time())
            } else {
                Transformed::no(e)
            })
        })?;
        let now = schema.fields().len();
        let field = Arc::new(Field::new(NOW, event_time_type(), true));
        let all = schema.iter().map(|(q, f)| (q.cloned(), Arc::clone(f)));
        let all = all.chain([(None, field)]).collect();
        let schema = DFSchema::new_with_metadata(all, HashMap::new())?;
        let reads = |i: usize| {
            if i == now {
                Reads::Time
            } else {
                Reads::Second(columns + i)
            }
        };
        condition(&expr.data, &schema, &reads, true)
    }
}

impl Bounds {
    /// At the same time.
    const ZERO: Self = Self {
        low: Some(0),
        high: Some(0),
    };
}

/// Which rows a join gives, and the input whose rows wait for the other's.
fn gives(join: JoinType) -> Option<(Gives, Of)> {
    Some(match join {
        JoinType::Inner => (Gives::Inner, Of::Left),
        JoinType::Left => (Gives::Left, Of::Left),
        JoinType::Right => (Gives::Left, Of::Right),
        JoinType::Full => (Gives::Full, Of::Left),
        JoinType::LeftSemi => (Gives::Semi, Of::Left),
        JoinType::RightSemi => (Gives::Semi, Of::Right),
        JoinType::LeftAnti => (Gives::Anti, Of::Left),
        JoinType::RightAnti => (Gives::Anti, Of::Right),
        JoinType::LeftMark | JoinType::RightMark => return None,
    })
}

/// A condition over the columns that it reads, and no others.
fn condition(
    expr: &Expr,
    schema: &DFSchema,
    reads: &dyn Fn(usize) -> Reads,
    drops: bool,
) -> Result<Condition> {
    let mut columns: Vec<usize> = Vec::new();
    expr.apply(|e| {
        if let Expr::Column(column) = e {
            let index = schema.index_of_column(column)?;
            if !columns.contains(&index) {
                columns.push(index);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let field = |i: &usize| {
        let (qualifier, field) = schema.qualified_field(*i);
        (qualifier.cloned(), Arc::clone(field))
    };
    let fields: Vec<(Option<TableReference>, Arc<Field>)> = columns.iter().map(field).collect();
    let read = DFSchema::new_with_metadata(fields, HashMap::new())?;
    Ok(Condition {
        expr: physical(expr, &read)?,
        reads: columns.into_iter().map(reads).collect(),
        schema: plain_schema(&read),
        drops,
    })
}

fn table_preserved(join: JoinType) -> SqlMistake {
    let words = match join {
        JoinType::Full => "FULL",
        JoinType::Left => "LEFT",
        JoinType::Right => "RIGHT",
        JoinType::LeftSemi | JoinType::RightSemi => "SEMI",
        _ => "ANTI",
    };
    let message = format!(
        "this {words} JOIN asks for rows of the table by what the stream will ever match, and the \
         stream has no end"
    );
    SqlMistake::new(message).help("preserve the stream: `FROM stream LEFT JOIN table ON …`")
}

fn no_equality(table: &str) -> SqlMistake {
    let message = format!(
        "a join with the table `{table}` needs an equality of the stream and the table in ON"
    );
    SqlMistake::new(message).help(format!("write `ON stream.column = {table}.column AND …`"))
}

fn unbounded(bounds: Bounds) -> SqlMistake {
    let message = match (bounds.low, bounds.high) {
        (None, None) => {
            "a join of two streams must bound the distance of their event times, or it would keep \
             both for ever"
        }
        _ => {
            "a join of two streams must bound the distance of their event times on both sides: \
             here it is bounded on one"
        }
    };
    SqlMistake::new(message).help(
        "add `AND b.ts BETWEEN a.ts - INTERVAL '1 minute' AND a.ts + INTERVAL '1 minute'`, join \
         windows by their `window_end`, or keep one of the streams as a `[table.*]`",
    )
}

/// Whether its rows are in windows, or come from such.
fn is_windowed(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Extension(_))
        || window_column(plan, "window_end").is_some()
        || plan.inputs().first().is_some_and(|i| is_windowed(i))
}

fn other_windows() -> SqlMistake {
    let message = "windows are joined where they end together: the join does not say so";
    SqlMistake::new(message).help(
        "add `AND a.window_end = b.window_end`, or bound the distance of the event-time columns",
    )
}

fn other_types(a: &Expr, b: &Expr, types: &[DataType; 2]) -> SqlMistake {
    SqlMistake::new(format!(
        "`{a}` and `{b}` are of different types: {} and {}",
        types[0], types[1]
    ))
}

/// Whether a table's rows are equal to the stream's in all columns of its key: one matches at most.
fn whole_key(terms: &Terms<'_>, table: Of, key: &[String]) -> bool {
    let column = |(left, right): &&(Expr, Expr)| {
        let of = if table == Of::Left { left } else { right };
        plain(of).map(|c| c.name.clone())
    };
    let equal: Vec<String> = terms
        .equal
        .iter()
        .copied()
        .filter_map(|e| column(&e))
        .collect();
    key.iter().all(|k| equal.contains(k))
}
