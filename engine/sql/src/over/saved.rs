//! The keys of an OVER in a snapshot: their rows, and what each call knows beside them. What
//! follows from the rows alone is made again from them, by the same steps.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int64Array, ListArray, RecordBatch, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::{Field, Float64Type, Int64Type, Schema, UInt32Type, UInt64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};
use zaraba_core::snapshot::{Part, Segment, Snapshot};

use crate::over::call::{Of, What};
use crate::over::kept::Kept;
use crate::over::partition::{Framed, Made, Partition, Rank, State};
use crate::over::partitions::Partitions;
use crate::over::plan::OverPlan;
use crate::over::slide::{Candidates, TwoStacks, merge};

/// Columns as a segment.
fn segment(columns: Vec<ArrayRef>) -> Result<Arc<Segment>> {
    let field =
        |(i, c): (usize, &ArrayRef)| Field::new(format!("c{i}"), c.data_type().clone(), true);
    let fields: Vec<Field> = columns.iter().enumerate().map(field).collect();
    Ok(Segment::new(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?))
}

/// Puts all partitions into a snapshot.
pub(crate) fn save(plan: &OverPlan, all: &mut Partitions, snapshot: &mut Snapshot) -> Result<()> {
    let keys: BinaryArray = all.all().map(|p| Some(p.key.as_ref())).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let numbers = |of: fn(&Partition) -> u64| -> ArrayRef {
        Arc::new(
            all.all()
                .map(of)
                .collect::<Vec<u64>>()
                .into_iter()
                .collect::<UInt64Array>(),
        )
    };
    let ends: Int64Array = all.all().map(|p| p.end).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(keys),
        numbers(|p| p.rows.base),
        numbers(|p| p.next),
        numbers(|p| p.rows.held.len() as u64),
        Arc::new(ends),
    ];
    snapshot.push("keys", Vec::new(), vec![segment(columns)?]);
    if all.all().any(|p| !p.rows.held.is_empty()) {
        let rows = || all.all().flat_map(|p| &p.rows.held);
        let times: Int64Array = rows().map(|r| Some(r.time)).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(times)];
        for i in 0..plan.kept.len() {
            columns.push(ScalarValue::iter_to_array(
                rows().map(|r| r.values[i].clone()),
            )?);
        }
        snapshot.push("rows", Vec::new(), vec![segment(columns)?]);
    }
    for i in 0..plan.calls.len() {
        let (mut owners, mut lines) = (Vec::new(), Vec::new());
        for (owner, partition) in (0u32..).zip(all.all_mut()) {
            for line in lines_of(&mut partition.states[i])? {
                owners.push(owner);
                lines.push(line);
            }
        }
        let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(owners))];
        for c in 0..lines.first().map_or(0, Vec::len) {
            columns.push(column(lines.iter().map(|l| &l[c]))?);
        }
        snapshot.push("call", Vec::new(), vec![segment(columns)?]);
    }
    Ok(())
}

/// Values as a column; those of no type are nulls of the others' type.
fn column<'a>(values: impl Iterator<Item = &'a ScalarValue> + Clone) -> Result<ArrayRef> {
    let typed = values.clone().find(|v| !matches!(v, ScalarValue::Null));
    let null = match typed {
        Some(value) => ScalarValue::try_from(&value.data_type())?,
        None => ScalarValue::Null,
    };
    let one = |v: &ScalarValue| match v {
        ScalarValue::Null => null.clone(),
        value => value.clone(),
    };
    ScalarValue::iter_to_array(values.map(one))
}

/// What a call knows beside the rows; every line has the same columns.
fn lines_of(state: &mut State) -> Result<Vec<Vec<ScalarValue>>> {
    let number = |n: u64| ScalarValue::UInt64(Some(n));
    let framed = match state {
        State::Number => return Ok(Vec::new()),
        State::Rank(Rank { time, rank, dense }) => {
            let time = ScalarValue::Int64(Some(*time));
            return Ok(vec![vec![time, number(*rank), number(*dense)]]);
        }
        State::Recent(recent) => return Ok(recent.iter().map(|v| vec![v.clone()]).collect()),
        State::Indicator(machine) => return Ok(vec![vec![numbers(machine.save())]]),
        State::Frame(framed) => framed,
    };
    let mut line = vec![number(framed.low), number(framed.high)];
    match &mut framed.made {
        Made::Rows => {}
        Made::Stacks(stacks) => line.push(number(stacks.turned)),
        Made::Running(accumulator) => line.extend(accumulator.state()?),
        Made::Candidates(Candidates(candidates)) => {
            let one = |(n, v): &(u64, ScalarValue)| [&line[..], &[number(*n), v.clone()]].concat();
            let mut lines: Vec<_> = candidates.iter().map(one).collect();
            if lines.is_empty() {
                line.extend([ScalarValue::UInt64(None), ScalarValue::Null]);
                lines.push(line);
            }
            return Ok(lines);
        }
    }
    Ok(vec![line])
}

/// Numbers as one value: nothing is lost, not even of a NaN.
fn numbers(numbers: Vec<f64>) -> ScalarValue {
    let numbers = [Some(numbers.into_iter().map(Some))];
    ScalarValue::List(Arc::new(
        ListArray::from_iter_primitive::<Float64Type, _, _>(numbers),
    ))
}

fn not_ours() -> DataFusionError {
    DataFusionError::Internal("a snapshot of another OVER".into())
}

/// Takes all partitions back.
pub(crate) fn restore(plan: &OverPlan, all: &mut Partitions, snapshot: &Snapshot) -> Result<()> {
    let Some(part) = snapshot.parts("keys").next() else {
        return Ok(());
    };
    let keys = &part.segments[0].rows;
    let number =
        |column: usize, row: usize| keys.column(column).as_primitive::<UInt64Type>().value(row);
    let ends = keys.column(4).as_primitive::<Int64Type>();
    let mut partitions = Vec::with_capacity(keys.num_rows());
    let rows = snapshot.parts("rows").next().map(|p| &p.segments[0].rows);
    let mut at = 0;
    for i in 0..keys.num_rows() {
        let key = keys.column(0).as_binary::<i32>().value(i);
        let end = ends.is_valid(i).then(|| ends.value(i));
        let mut partition = Partition::new(&plan.calls, key.into(), end)?;
        partition.rows.base = number(1, i);
        partition.next = number(2, i);
        for _ in 0..number(3, i) {
            let rows = rows.ok_or_else(not_ours)?;
            let time = rows.column(0).as_primitive::<Int64Type>().value(at);
            let value = |c: &ArrayRef| ScalarValue::try_from_array(c, at);
            let values = rows.columns()[1..]
                .iter()
                .map(value)
                .collect::<Result<_>>()?;
            partition.rows.push(Kept { time, values });
            at += 1;
        }
        partitions.push(partition);
    }
    for (i, part) in snapshot.parts("call").enumerate() {
        restore_call(plan, i, part, &mut partitions)?;
    }
    for partition in partitions {
        all.put(partition)?;
    }
    all.note_answered(plan);
    Ok(())
}

fn restore_call(plan: &OverPlan, i: usize, part: &Part, all: &mut [Partition]) -> Result<()> {
    let rows = &part.segments[0].rows;
    let owners = rows.column(0).as_primitive::<UInt32Type>();
    let mut from = 0;
    while from < rows.num_rows() {
        let owner = owners.value(from);
        let to = (from..rows.num_rows())
            .find(|r| owners.value(*r) != owner)
            .unwrap_or(rows.num_rows());
        let line = |row: usize| {
            let columns = rows.columns()[1..].iter();
            columns
                .map(|c| ScalarValue::try_from_array(c, row))
                .collect::<Result<Vec<_>>>()
        };
        let lines = (from..to).map(line).collect::<Result<Vec<_>>>()?;
        let partition = all.get_mut(owner as usize).ok_or_else(not_ours)?;
        partition.states[i] = state_of(&plan.calls[i].what, &lines, partition)?;
        from = to;
    }
    Ok(())
}

fn state_of(what: &What, lines: &[Vec<ScalarValue>], partition: &Partition) -> Result<State> {
    let number = |v: &ScalarValue| match v {
        ScalarValue::UInt64(Some(n)) => Ok(*n),
        _ => Err(not_ours()),
    };
    let first = lines.first().ok_or_else(not_ours)?;
    Ok(match what {
        What::RowNumber => State::Number,
        What::Rank { .. } => match &first[..] {
            [ScalarValue::Int64(Some(time)), rank, dense] => State::Rank(Rank {
                time: *time,
                rank: number(rank)?,
                dense: number(dense)?,
            }),
            _ => return internal_err!("a snapshot of another OVER"),
        },
        What::Lag { .. } | What::CounterDelta { .. } => {
            State::Recent(lines.iter().map(|l| l[0].clone()).collect())
        }
        What::Indicator(of) => {
            let mut machine = of.make();
            let numbers = match &first[0] {
                ScalarValue::List(list) => list.values().as_primitive::<Float64Type>(),
                _ => return Err(not_ours()),
            };
            if !machine.restore(numbers.values()) {
                return Err(not_ours());
            }
            State::Indicator(machine)
        }
        What::Framed(_, of) => {
            let (low, high) = (number(&first[0])?, number(&first[1])?);
            let mut made = Made::new(of, low)?;
            match (&mut made, of) {
                (Made::Stacks(stacks), Of::Aggregate(call)) => {
                    let turned = number(&first[2])?;
                    *stacks = TwoStacks::restored(call, &partition.rows, (low, high), turned)?;
                }
                (Made::Running(accumulator), _) => merge(accumulator.as_mut(), &first[2..])?,
                (Made::Candidates(Candidates(candidates)), _) => {
                    for line in lines.iter().filter(|l| !l[2].is_null()) {
                        candidates.push_back((number(&line[2])?, line[3].clone()));
                    }
                }
                _ => {}
            }
            State::Frame(Framed::new(made, low, high))
        }
    })
}
