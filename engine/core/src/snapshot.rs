//! State at a barrier, as Arrow batches. Segments never change once made, so a snapshot shares
//! them with the operator, and a checkpoint writes only those whose id it has not written yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;

use crate::error::{Error, Result};

/// An immutable piece of state.
#[derive(Debug)]
pub struct Segment {
    /// Unique in this process.
    pub id: u64,
    /// What it holds, in the operator's own layout.
    pub rows: RecordBatch,
}

impl Segment {
    /// A new segment with an id of its own.
    #[must_use]
    pub fn new(rows: RecordBatch) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            rows,
        })
    }
}

/// One named part of a snapshot: a few numbers and segments.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// What the part is, in the operator's own words (`pane`, `watermark`).
    pub name: String,
    /// Numbers that go with it (bounds, positions).
    pub numbers: Vec<i64>,
    /// Its rows.
    pub segments: Vec<Arc<Segment>>,
}

/// The state of one node at a barrier.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Its parts, in the operator's own order.
    pub parts: Vec<Part>,
}

impl Snapshot {
    /// Adds a part.
    pub fn push(&mut self, name: &str, numbers: Vec<i64>, segments: Vec<Arc<Segment>>) {
        self.parts.push(Part {
            name: name.to_owned(),
            numbers,
            segments,
        });
    }

    /// The parts of a name.
    pub fn parts(&self, name: &str) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |p| p.name == name)
    }

    /// The only part of a name.
    ///
    /// # Errors
    /// When there is none: the snapshot is another operator's.
    pub fn part(&self, name: &str) -> Result<&Part> {
        self.parts(name)
            .next()
            .ok_or_else(|| Error::internal(format!("a snapshot without the part `{name}`")))
    }
}
