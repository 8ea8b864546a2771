//! What a join must know of each of its inputs, and which rows it gives.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::join::key::{Key, Keys};
use crate::rows::{FailedRow, Step, run, sift};

/// Which rows come out. The first side is the one whose rows wait and are answered one by one;
/// RIGHT joins are LEFT joins with the sides exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A row for each pair.
    Inner,
    /// A row for each pair, and the rows of the first side without a match.
    Left,
    /// As `Left`, and the rows of the second side without a match.
    Full,
    /// The rows of the first side with a match, once.
    Semi,
    /// Those without one.
    Anti,
}

impl Gives {
    /// Whether only the first side's columns come out.
    #[must_use]
    pub const fn first_only(self) -> bool {
        matches!(self, Self::Semi | Self::Anti)
    }

    /// Whether a row of the first side that matches nothing leaves no trace.
    pub(crate) const fn needs_match(self) -> bool {
        matches!(self, Self::Inner | Self::Semi)
    }
}

/// One input.
#[derive(Clone)]
pub struct Side {
    /// What happens to a row before.
    pub steps: Vec<Step>,
    /// The columns behind that.
    pub schema: SchemaRef,
    /// What must equal the other side's.
    pub keys: Vec<Arc<dyn PhysicalExpr>>,
}

impl Side {
    /// Encodes its keys.
    pub(crate) fn encoder(&self, nulls_equal: bool) -> Result<Keys> {
        let types = self.keys.iter().map(|k| k.data_type(&self.schema));
        let types: datafusion::common::Result<Vec<DataType>> = types.collect();
        Keys::new(
            &types.map_err(|e| Error::internal(e.to_string()))?,
            nulls_equal,
        )
    }

    /// Runs the steps and encodes the keys; rows that fail are put to `failed`.
    pub(crate) fn prepare(
        &self,
        rows: &Batch,
        keys: &Keys,
        failed: &mut Vec<FailedRow>,
    ) -> Vec<(Batch, Vec<Option<Key>>)> {
        sift(rows, failed, &mut |rows| {
            let rows = run(&self.steps, rows)?;
            let encoded = keys.encode(&self.keys, &rows)?;
            Ok((rows, encoded))
        })
    }
}
