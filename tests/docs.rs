//! The pages of `docs/reference/sql` are true: each names a case of `cases/sql`, and its blocks are
//! that case's files, which the case's own test runs.

use std::fs;
use std::path::Path;

use crate::cases::folders;

/// A page of functions, which shows a case too.
const INDICATORS: &str = "../docs/reference/indicators.md";

/// What stands between a fence of a kind and the next fence.
fn block<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n```{kind}\n"))?;
    rest.split_once("\n```\n").map(|(block, _)| block)
}

/// What is wrong with a page.
fn complaints(name: &str, page: &str) -> Vec<String> {
    let case = page.split_once("/tests/cases/sql/");
    let case = case.and_then(|(_, rest)| rest.split_once("/pipeline.toml)"));
    let Some((case, _)) = case else {
        return vec![format!("{name}: names no case of tests/cases/sql")];
    };
    let folder = folders("sql").into_iter().find(|f| f.ends_with(case));
    let folder = folder.unwrap_or_else(|| panic!("{name}: no case {case}"));
    let files = [
        ("toml", "pipeline.toml"),
        ("csv", "ticks.csv"),
        ("text", "expected.txt"),
        ("sql", "q.sql"),
    ];
    let differs = |(kind, file): &(&str, &str)| {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        let shown = block(page, kind);
        // Not every page shows every file; the pipeline it must.
        (shown != Some(text.trim_end()) && (shown.is_some() || *kind == "toml"))
            .then(|| format!("{name}: the block {kind} is not {case}/{file}"))
    };
    files.iter().filter_map(differs).collect()
}

#[test]
fn pages_of_sql_show_cases_that_run() {
    let pages = Path::new("../docs/reference/sql");
    let mut found = complaints(INDICATORS, &fs::read_to_string(INDICATORS).expect("a page"));
    for entry in fs::read_dir(pages).expect("the pages are there") {
        let path = entry.expect("an entry").path();
        let page = fs::read_to_string(&path).expect("a page can be read");
        found.extend(complaints(&path.display().to_string(), &page));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
