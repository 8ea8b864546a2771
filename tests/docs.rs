//! The pages of `docs/reference/sql`, and those of functions, are true: each names a case of
//! `cases/sql`, and its blocks are that case's files, which the case's own test runs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cases::folders;

/// Pages of functions, each of which shows a case too.
const FUNCTIONS: [&str; 3] = ["calendar.md", "indicators.md", "pricing.md"];

/// What stands between a fence of a kind and the next fence.
fn block<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n```{kind}\n"))?;
    rest.split_once("\n```\n").map(|(block, _)| block)
}

/// The name of a case's batch SQL, which is its query's.
fn batch_sql(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("a case is a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    };
    let mut sql = entries.map(name).filter(|name| name.ends_with(".sql"));
    sql.next().unwrap_or_default()
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
    let batch = batch_sql(&folder);
    let files = [
        ("toml", "pipeline.toml"),
        ("csv", "ticks.csv"),
        ("text", "expected.txt"),
        ("sql", batch.as_str()),
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
    let pages = fs::read_dir("../docs/reference/sql").expect("the pages are there");
    let mut pages: Vec<PathBuf> = pages.map(|entry| entry.expect("an entry").path()).collect();
    pages.extend(FUNCTIONS.map(|page| PathBuf::from("../docs/reference").join(page)));
    let mut found = Vec::new();
    for path in pages {
        let page = fs::read_to_string(&path).expect("a page can be read");
        found.extend(complaints(&path.display().to_string(), &page));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
