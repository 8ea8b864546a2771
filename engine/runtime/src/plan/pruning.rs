//! Which columns of a source somebody reads.

use std::collections::{BTreeMap, BTreeSet};

use zaraba_sql::plan::stage::Input;

use crate::plan::Planning;

/// Per source the columns wanted, in the source's order; none: all.
pub(crate) fn needed(planning: &Planning<'_>) -> BTreeMap<String, Option<Vec<String>>> {
    planning
        .sources
        .iter()
        .map(|source| {
            let name = &source.doc.name.value;
            (name.clone(), wanted(planning, name, &source.doc.time.value))
        })
        .collect()
}

fn wanted(planning: &Planning<'_>, source: &str, time: &str) -> Option<Vec<String>> {
    let columns = &planning.streams.get(source)?.columns;
    let mut wanted: BTreeSet<usize> = columns.index_of(time).ok().into_iter().collect();
    let late = format!("{source}__late");
    let whole = planning
        .document
        .sinks
        .iter()
        .flat_map(|s| &s.from)
        .any(|from| from.value == source || from.value == late);
    let tested = planning.document.tests.iter().any(|test| {
        let mut streams = test
            .input
            .iter()
            .chain(&test.expect)
            .map(|(stream, _)| &stream.value);
        streams.any(|stream| *stream == source || *stream == late)
    });
    if whole || tested {
        return None;
    }
    for input in planning
        .nodes
        .iter()
        .flat_map(|n| &n.stages)
        .flat_map(|s| &s.inputs)
    {
        match input {
            Input::Stream(name, Some(read)) if name == source => wanted.extend(read),
            Input::Stream(name, None) if name == source => return None,
            Input::Stream(name, _) if *name == late => return None,
            Input::Stream(..) | Input::Stage(_) => {}
        }
    }
    Some(
        wanted
            .into_iter()
            .map(|i| columns.field(i).name().clone())
            .collect(),
    )
}
