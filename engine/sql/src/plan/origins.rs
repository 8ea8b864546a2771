//! Whose sequences the rows of a stream carry. Streams with one in common may tie.

use std::collections::BTreeSet;

use crate::plan::catalog::Catalog;
use crate::plan::stage::{Input, PlannedNode, Stage, Work};

/// Sequences that a node has made itself: small numbers, the same as those of any other.
const NUMBERED: &str = "";

/// Of the rows of an input.
pub(super) fn origins(input: &Input, stages: &[Stage], catalog: &Catalog) -> BTreeSet<String> {
    let stage = match input {
        Input::Stream(name, _) => return of_stream(name, catalog),
        Input::Stage(i) => &stages[*i],
    };
    let inputs = stage.inputs.iter();
    let mut all: BTreeSet<String> = inputs.flat_map(|i| origins(i, stages, catalog)).collect();
    if numbers(&stage.work) {
        all.insert(NUMBERED.to_owned());
    }
    all
}

/// Of the rows of a node's stream.
pub(super) fn of_node(node: &PlannedNode, catalog: &Catalog) -> BTreeSet<String> {
    match node.stages.len().checked_sub(1) {
        Some(last) => origins(&Input::Stage(last), &node.stages, catalog),
        None => BTreeSet::new(),
    }
}

fn of_stream(name: &str, catalog: &Catalog) -> BTreeSet<String> {
    let unknown = || BTreeSet::from([NUMBERED.to_owned()]);
    catalog.origins(name).cloned().unwrap_or_else(unknown)
}

const fn numbers(work: &Work) -> bool {
    matches!(
        work,
        Work::Number | Work::Table(_) | Work::Triggered(_) | Work::SnapshotAt(_) | Work::Foreign(_)
    )
}
