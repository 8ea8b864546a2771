//! What a listener may ask the pipeline behind it about itself. Who knows the pipeline is not
//! imported but injected, as with queries.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value};
use tokio::sync::mpsc::Receiver;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;

/// How a graph is drawn or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Nodes and edges as JSON.
    Json,
    /// A picture for browsers.
    Svg,
    /// A Mermaid flow chart.
    Mermaid,
    /// A Graphviz graph.
    Dot,
}

/// Which rows of a stream are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    All,
    /// Those for which an SQL condition holds.
    Where(String),
    /// What a SELECT makes of each.
    Select(String),
}

/// Why a stream cannot be looked at so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongTap {
    /// There is no such stream.
    Stream(String),
    /// The SQL is wrong: the mistakes, as shown to users.
    Sql(String),
}

/// A look at a stream.
pub struct Tapped {
    /// Its name.
    pub stream: String,
    /// Whether rows replace and delete rows; then each says so in the column `__op`.
    pub upsert: bool,
    /// The columns that `pick` makes.
    pub columns: SchemaRef,
    /// The stream's rows from now on; closed when it has ended.
    pub rows: Receiver<Batch>,
    /// Rows that did not fit into the queue: counted up.
    pub left_out: Arc<AtomicU64>,
    /// Makes of the rows those that are wanted.
    pub pick: Box<dyn Pick>,
    /// Values that no output may show.
    pub secrets: Vec<String>,
}

/// Makes of a stream's rows those that are wanted.
pub trait Pick: Send {
    /// Of some rows.
    ///
    /// # Errors
    /// When an invariant is broken.
    fn pick(&mut self, rows: &Batch) -> Result<Picked>;
}

/// Rows that are wanted.
#[derive(Debug, Default)]
pub struct Picked {
    /// The rows.
    pub rows: Vec<RecordBatch>,
    /// Rows on which the SQL failed.
    pub failed: usize,
    /// Why, for the first.
    pub reason: Option<String>,
}

/// A parameter of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// The nodes whose SQL reads it.
    pub readers: Vec<String>,
    /// Why it cannot change while the pipeline runs; none: it can.
    pub fixed: Option<String>,
}

/// A parameter that has another value now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// The value before.
    pub from: String,
    /// The value now.
    pub to: String,
}

/// A parameter that has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSet {
    /// Its name.
    pub name: String,
    /// Whether what was asked makes no sense; else it does, and cannot be while the pipeline runs.
    pub unknown: bool,
    /// Why.
    pub reason: String,
}

/// Knows the pipeline.
pub trait Inside: Send + Sync {
    /// The text of `/metrics`.
    fn metrics(&self) -> String;

    /// What each node has counted: a JSON object, to which a listener adds what is its own.
    fn stats(&self) -> Map<String, Value>;

    /// What each node keeps, its columns and its plan, in words.
    fn explain(&self) -> String;

    /// The nodes and edges.
    fn graph(&self, picture: Picture) -> String;

    /// A look at the rows of a stream, from now on. Whoever looks slows nobody.
    ///
    /// # Errors
    /// When there is no such stream, or the SQL is wrong.
    fn tap(&self, stream: &str, wanted: &Wanted) -> std::result::Result<Tapped, WrongTap>;

    /// The parameters.
    fn settings(&self) -> Vec<Setting>;

    /// Gives parameters (by name) the values of these texts: all of them, or none.
    ///
    /// # Errors
    /// Why not, for each that is the reason.
    fn set(&self, changes: &[(String, String)]) -> std::result::Result<Vec<Changed>, Vec<NotSet>>;
}

impl Picture {
    /// All of them, by their word and content type; the first is what is given unasked.
    pub const ALL: [(&str, &str, Self); 4] = [
        ("json", "application/json", Self::Json),
        ("svg", "image/svg+xml", Self::Svg),
        ("mermaid", "text/vnd.mermaid", Self::Mermaid),
        ("dot", "text/vnd.graphviz", Self::Dot),
    ];

    /// Its content type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        let known = Self::ALL.iter().find(|(.., picture)| *picture == self);
        known.map_or("text/plain", |(_, kind, _)| kind)
    }
}
