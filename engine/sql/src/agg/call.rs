//! One aggregate call of a streaming query: its arguments, its filter, and the choice of its
//! accumulator, which DataFusion keeps to itself for its own plans.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::GroupsAccumulator;
use datafusion::logical_expr_common::groups_accumulator::EmitTo;
use datafusion::physical_expr::aggregate::{
    AggregateExprBuilder, AggregateFunctionExpr, LoweredAggregate,
};
use datafusion::physical_expr::{GroupsAccumulatorAdapter, PhysicalExpr, PhysicalSortExpr};

use zaraba_core::batch::Batch;

use crate::agg::extreme::of_floats;
use crate::agg::first_last::{ByteKeys, FirstLast, Primitives, Scalars, TimeKeys};
use crate::agg::sorted_rows::{Factory, SortedRows};
use crate::exact::exact;
use crate::one_form::{all_in_one_form, one_form};

/// Aggregates whose result depends on the order of their rows.
const ORDERED: [&str; 5] = [
    "first_value",
    "last_value",
    "array_agg",
    "string_agg",
    "nth_value",
];

/// Aggregates that keep every value until they are evaluated.
const VALUES: [&str; 2] = ["median", "percentile_cont"];

/// What the calls keep besides a row of state per key, as the end of a sentence.
#[must_use]
pub fn growth(calls: &[AggCall]) -> String {
    let mut said: Vec<String> = Vec::new();
    for grows in calls.iter().filter_map(AggCall::grows) {
        if !said.contains(&grows) {
            said.push(grows);
        }
    }
    said.into_iter().map(|grows| format!("; {grows}")).collect()
}

/// One aggregate call.
pub struct AggCall {
    /// The result's column.
    pub output: FieldRef,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    kind: Kind,
}

enum Kind {
    /// DataFusion's accumulator: the order of rows does not matter.
    Unordered(Arc<AggregateFunctionExpr>),
    /// `min` or `max` of floats.
    Extreme { greatest: bool },
    /// First or last by (time, sequence).
    ByTime {
        last: bool,
        ignore_nulls: bool,
        time: Arc<dyn PhysicalExpr>,
    },
    /// First or last by any order; ties by (time, sequence).
    ByKey {
        last: bool,
        ignore_nulls: bool,
        order: Vec<PhysicalSortExpr>,
        keys: RowConverter,
    },
    /// All rows kept and sorted.
    Sorted {
        factory: Factory,
        order: Vec<PhysicalSortExpr>,
        tie: SortOptions,
        fields: Fields,
        distinct: bool,
    },
}

/// How rows of equal order are told apart: by time, then sequence, in this direction.
fn tie_options(order: &[PhysicalSortExpr], by_time: bool) -> SortOptions {
    let descending = by_time && order.first().is_some_and(|o| o.options.descending);
    SortOptions {
        descending,
        nulls_first: false,
    }
}

impl AggCall {
    /// Chooses the accumulator. `by_time`: the first ORDER BY column is the event time; `input`:
    /// the columns that the expressions read.
    ///
    /// # Errors
    /// When the call's result would depend on the order of rows and no ORDER BY says which.
    pub fn new(call: LoweredAggregate, by_time: bool, input: &Fields) -> Result<Self> {
        let LoweredAggregate {
            aggregate,
            filter,
            mut order_bys,
        } = call;
        for order in &mut order_bys {
            order.expr = exact(Arc::clone(&order.expr))?;
        }
        let arguments = aggregate.expressions().into_iter().map(exact);
        let arguments: Vec<_> = arguments.collect::<Result<_>>()?;
        let filter = filter.map(exact).transpose()?;
        let output = aggregate.field();
        let name = aggregate.fun().name().to_owned();
        if order_bys.is_empty() && ORDERED.contains(&name.as_str()) {
            return plan_err!(
                "{name} without ORDER BY gives another answer with each order of arrival: write \
                 {name}(… ORDER BY …)"
            );
        }
        let ignore_nulls = aggregate.ignore_nulls();
        let last = name == "last_value";
        let pick = (last || name == "first_value") && !aggregate.is_distinct();
        let extreme = matches!(name.as_str(), "min" | "max") && output.data_type().is_floating();
        let kind = if extreme {
            Kind::Extreme {
                greatest: name == "max",
            }
        } else if order_bys.is_empty() || !ORDERED.contains(&name.as_str()) {
            Kind::Unordered(aggregate)
        } else if pick && by_time && order_bys.len() == 1 {
            let order = &order_bys[0];
            let last = last != order.options.descending;
            Kind::ByTime {
                last,
                ignore_nulls,
                time: Arc::clone(&order.expr),
            }
        } else {
            let schema = arrow::datatypes::Schema::new(input.clone());
            let mut sorts = Vec::with_capacity(order_bys.len() + 2);
            for order in &order_bys {
                let kind = order.expr.data_type(&schema)?;
                sorts.push(SortField::new_with_options(kind, order.options));
            }
            let tie = tie_options(&order_bys, by_time);
            sorts.push(SortField::new_with_options(DataType::Int64, tie));
            sorts.push(SortField::new_with_options(DataType::UInt64, tie));
            if pick {
                let keys = RowConverter::new(sorts)?;
                Kind::ByKey {
                    last,
                    ignore_nulls,
                    order: order_bys,
                    keys,
                }
            } else {
                Self::sorted(&aggregate, &arguments, order_bys, tie, &schema)?
            }
        };
        Ok(Self {
            output,
            arguments,
            filter,
            kind,
        })
    }

    fn sorted(
        aggregate: &AggregateFunctionExpr,
        arguments: &[Arc<dyn PhysicalExpr>],
        order: Vec<PhysicalSortExpr>,
        tie: SortOptions,
        schema: &arrow::datatypes::Schema,
    ) -> Result<Kind> {
        let plain =
            AggregateExprBuilder::new(Arc::new(aggregate.fun().clone()), arguments.to_vec())
                .schema(Arc::new(schema.clone()))
                .alias(aggregate.name())
                .with_ignore_nulls(aggregate.ignore_nulls())
                .build()?;
        let mut fields: Vec<Field> = Vec::new();
        for (i, expr) in arguments
            .iter()
            .chain(order.iter().map(|o| &o.expr))
            .enumerate()
        {
            fields.push(Field::new(format!("c{i}"), expr.data_type(schema)?, true));
        }
        fields.push(Field::new("time", DataType::Int64, true));
        fields.push(Field::new("seq", DataType::UInt64, true));
        let factory: Factory = Arc::new(move || plain.create_accumulator());
        let distinct = aggregate.is_distinct();
        Ok(Kind::Sorted {
            factory,
            order,
            tie,
            fields: fields.into(),
            distinct,
        })
    }

    /// Whether its state grows with rows instead of keys.
    #[must_use]
    pub const fn keeps_rows(&self) -> bool {
        matches!(self.kind, Kind::Sorted { .. })
    }

    /// What its state grows with besides keys, in words; none: with nothing.
    #[must_use]
    pub fn grows(&self) -> Option<String> {
        let Kind::Unordered(aggregate) = &self.kind else {
            return self
                .keeps_rows()
                .then(|| "ordered aggregates keep the rows themselves".into());
        };
        let name = aggregate.fun().name();
        if aggregate.is_distinct() {
            return Some(format!(
                "{name}(DISTINCT …) keeps the distinct values of each group"
            ));
        }
        VALUES
            .contains(&name)
            .then(|| format!("{name}() keeps all values of each group"))
    }

    /// A fresh accumulator.
    ///
    /// # Errors
    /// When DataFusion cannot make one.
    pub fn accumulator(&self) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(match &self.kind {
            Kind::Unordered(aggregate) if aggregate.groups_accumulator_supported() => {
                aggregate.create_groups_accumulator()?
            }
            Kind::Unordered(aggregate) => {
                let aggregate = Arc::clone(aggregate);
                let factory = move || aggregate.create_accumulator();
                Box::new(GroupsAccumulatorAdapter::new(factory))
            }
            Kind::Extreme { greatest } => {
                let kind = self.output.data_type();
                match of_floats(kind, *greatest) {
                    Some(accumulator) => accumulator,
                    None => return plan_err!("no least or greatest of {kind}"),
                }
            }
            Kind::ByTime {
                last, ignore_nulls, ..
            } => by_time(self.output.data_type(), *last, *ignore_nulls),
            Kind::ByKey {
                last, ignore_nulls, ..
            } => Box::new(FirstLast::new(
                Scalars::new(self.output.data_type().clone()),
                ByteKeys::default(),
                *last,
                *ignore_nulls,
            )),
            Kind::Sorted {
                factory,
                order,
                tie,
                fields,
                distinct,
            } => {
                let mut options: Vec<_> = order.iter().map(|o| o.options).collect();
                options.extend([*tie, *tie]);
                Box::new(SortedRows::new(
                    Arc::clone(factory),
                    self.arguments.len(),
                    fields.clone(),
                    options,
                    *distinct,
                ))
            }
        })
    }

    /// The types of its state columns.
    ///
    /// # Errors
    /// When DataFusion cannot say.
    pub fn state_fields(&self) -> Result<Vec<FieldRef>> {
        Ok(match &self.kind {
            Kind::Unordered(aggregate) => aggregate.state_fields()?,
            Kind::Sorted { fields, .. } => vec![Arc::new(SortedRows::state_field(fields))],
            Kind::Extreme { .. } | Kind::ByTime { .. } | Kind::ByKey { .. } => {
                // Asked of an empty state: it knows best.
                let arrays = self.accumulator()?.state(EmitTo::All)?;
                let field = |a: &ArrayRef| Arc::new(Field::new("s", a.data_type().clone(), true));
                arrays.iter().map(field).collect()
            }
        })
    }

    /// Evaluates what the accumulator is updated with.
    ///
    /// # Errors
    /// When an expression fails on a row.
    pub fn evaluate(&self, batch: &Batch) -> Result<(Vec<ArrayRef>, Option<BooleanArray>)> {
        let n = batch.len();
        let column = |e: &Arc<dyn PhysicalExpr>| e.evaluate(&batch.rows)?.into_array(n);
        let mut arrays = self
            .arguments
            .iter()
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        match &self.kind {
            Kind::Unordered(_) | Kind::Extreme { .. } => {}
            Kind::ByTime { time, .. } => {
                let times = column(time)?;
                let times = times
                    .as_primitive::<TimestampMicrosecondType>()
                    .values()
                    .clone();
                arrays.truncate(1);
                arrays.push(Arc::new(Int64Array::new(times, None)));
                arrays.push(batch.seq_array());
            }
            Kind::ByKey { order, keys, .. } => {
                let mut columns = order
                    .iter()
                    .map(|o| column(&o.expr))
                    .collect::<Result<Vec<_>>>()?;
                columns.extend([batch.time_array() as ArrayRef, batch.seq_array()]);
                arrays.truncate(1);
                arrays.push(Arc::new(
                    keys.convert_columns(&all_in_one_form(&columns))?
                        .try_into_binary()?,
                ));
            }
            Kind::Sorted { order, .. } => {
                for o in order {
                    arrays.push(one_form(&column(&o.expr)?));
                }
                arrays.extend([batch.time_array() as ArrayRef, batch.seq_array()]);
            }
        }
        let mask = self.filter.as_ref().map(column).transpose()?;
        Ok((arrays, mask.map(|m| m.as_boolean().clone())))
    }
}

/// First or last by time: the usual types without boxing. Each is code of its own, so the list is
/// short.
fn by_time(kind: &DataType, last: bool, ignore_nulls: bool) -> Box<dyn GroupsAccumulator> {
    let keys = TimeKeys::default();
    match kind {
        DataType::Float64 => {
            let values = Primitives::<Float64Type>::new(kind.clone());
            Box::new(FirstLast::new(values, keys, last, ignore_nulls))
        }
        DataType::Int64 => {
            let values = Primitives::<Int64Type>::new(kind.clone());
            Box::new(FirstLast::new(values, keys, last, ignore_nulls))
        }
        _ => Box::new(FirstLast::new(
            Scalars::new(kind.clone()),
            keys,
            last,
            ignore_nulls,
        )),
    }
}
