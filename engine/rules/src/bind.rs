//! A manifest's wishes against the streams of a pipeline: where each wanted column is.

use std::borrow::Cow;

use arrow::array::{Array, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::Schema;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::suggest;

use crate::columns::{Columns, fits};
use crate::manifest::{Field, Stream};
use crate::value::{DataType, shown, type_name};

/// Where the columns of a stream are.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    columns: Vec<(Option<usize>, DataType)>,
    /// Places of the columns without which a row is not wanted.
    needed: Vec<usize>,
}

/// A column that a stream has not, or has otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The column's name.
    pub column: String,
    /// What is wrong with it.
    pub what: String,
}

/// Finds the wanted columns in a stream of the pipeline.
pub(crate) fn bind(wanted: &Stream, name: &str, has: &Schema) -> Result<Bound, Vec<Misfit>> {
    let mut misfits = Vec::new();
    let mut bound = Bound {
        columns: Vec::new(),
        needed: Vec::new(),
    };
    for field in &wanted.fields {
        match place(field, name, has) {
            Ok(place) => {
                bound.columns.push((place, field.data_type));
                bound.needed.extend(place.filter(|_| !field.nullable));
            }
            Err(what) => misfits.push(Misfit {
                column: field.name.clone(),
                what,
            }),
        }
    }
    if misfits.is_empty() {
        Ok(bound)
    } else {
        Err(misfits)
    }
}

fn place(field: &Field, stream: &str, has: &Schema) -> Result<Option<usize>, String> {
    let Some((place, found)) = has.column_with_name(&field.name) else {
        if field.optional {
            return Ok(None);
        }
        let names = has.fields().iter().map(|field| field.name().as_str());
        let hint = suggest::hint(&field.name, names);
        let says = match field.description.as_str() {
            "" => String::new(),
            says => format!(" ({says})"),
        };
        return Err(format!(
            "no column `{}` in `{stream}`, which the rule wants as {}{says}{hint}",
            field.name,
            type_name(field.data_type)
        ));
    };
    fits(found.data_type(), field.data_type).map_err(|why| {
        format!(
            "the rule wants `{}` of `{stream}` as {}, and it is {}{why}",
            field.name,
            type_name(field.data_type),
            shown(found.data_type())
        )
    })?;
    Ok(Some(place))
}

impl Bound {
    /// Where each wanted column is (none: an optional one that is not there), and as what.
    pub(crate) fn places(&self) -> &[(Option<usize>, DataType)] {
        &self.columns
    }

    /// The rows that the rule gets: none that are deletions, none without a value that it needs. The
    /// number of the latter.
    pub(crate) fn wanted<'a>(&self, rows: &'a Batch) -> Result<(Cow<'a, Batch>, usize)> {
        let kept = match &rows.deleted {
            Some(deleted) => Cow::Owned(rows.filter(&BooleanArray::new(!deleted, None))?),
            None => Cow::Borrowed(rows),
        };
        let nulls = self.needed.iter().fold(None, |nulls, place| {
            let column = kept.rows.column(*place);
            match column.is_nullable() {
                true => NullBuffer::union(nulls.as_ref(), column.logical_nulls().as_ref()),
                false => nulls,
            }
        });
        let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
            return Ok((kept, 0));
        };
        let valid: &BooleanBuffer = nulls.inner();
        let batch = kept.filter(&BooleanArray::new(valid.clone(), None))?;
        let without = kept.len() - batch.len();
        Ok((Cow::Owned(batch), without))
    }

    /// The columns of wanted rows.
    pub(crate) fn columns<'a>(&self, rows: &'a Batch) -> Result<Columns<'a>> {
        Columns::new(&rows.rows, self.columns.iter().copied())
    }
}
