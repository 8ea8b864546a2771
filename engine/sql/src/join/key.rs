//! What the two sides of a join are equal in, as bytes.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;

use crate::one_form::one_form;

/// A key.
pub(crate) type Key = Arc<[u8]>;

/// Encodes keys, the same on both sides. As in a join of batches, NaN equals NaN and 0 equals −0.
pub(crate) struct Keys {
    converter: RowConverter,
    nulls_equal: bool,
}

impl Keys {
    /// For keys of these types.
    ///
    /// # Errors
    /// When a type has no order.
    pub(crate) fn new(types: &[DataType], nulls_equal: bool) -> Result<Self> {
        let fields = types.iter().cloned().map(SortField::new).collect();
        Ok(Self {
            converter: RowConverter::new(fields)?,
            nulls_equal,
        })
    }

    /// The keys of a batch's rows; none where a part is null, since null equals nothing.
    pub(crate) fn encode(
        &self,
        expressions: &[Arc<dyn PhysicalExpr>],
        batch: &Batch,
    ) -> datafusion::common::Result<Vec<Option<Key>>> {
        if expressions.is_empty() {
            return Ok(vec![Some(Key::from([])); batch.len()]);
        }
        let mut columns = Vec::with_capacity(expressions.len());
        for expression in expressions {
            let column = expression.evaluate(&batch.rows)?.into_array(batch.len())?;
            columns.push(one_form(&column));
        }
        let rows = self.converter.convert_columns(&columns)?;
        let known = |i| self.nulls_equal || columns.iter().all(|c| !c.is_null(i));
        let key = |i| known(i).then(|| Key::from(rows.row(i).as_ref()));
        Ok((0..batch.len()).map(key).collect())
    }
}
