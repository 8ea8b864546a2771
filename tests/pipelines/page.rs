//! The tables of `docs/reference/canonical.md` are those of `pipelines/common/canonical.toml`: a
//! comment over a section is what its stream is, one behind a column what that is. `ZARABA_BLESS=1`
//! writes them anew.

use std::fmt::Write as _;
use std::fs;

use super::here;

const BEGIN: &str = "<!-- from pipelines/common/canonical.toml -->\n";
const END: &str = "<!-- to here -->\n";

/// The streams of the file, as the page shows them.
fn tables(toml: &str) -> String {
    let mut text = String::new();
    let mut about: Vec<&str> = Vec::new();
    for line in toml.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            about.push(comment);
        } else if let Some(stream) = line.strip_prefix("[source.")
            && !line.contains(".schema")
        {
            let stream = stream.trim_end_matches(']');
            let about = std::mem::take(&mut about).join("\n");
            let _ = writeln!(text, "### `{stream}`\n\n{about}\n");
            text.push_str("| column | type | null | what it is |\n|---|---|---|---|\n");
        } else if let Some((name, rest)) = line.split_once(" = \"")
            && let Some((kind, comment)) = rest.split_once("\" ")
        {
            let comment = comment.trim().trim_start_matches("# ");
            let full = comment.strip_suffix(", or null");
            let null = full.map_or("", |_| "yes");
            let what = full.unwrap_or(comment);
            let _ = writeln!(text, "| `{name}` | {kind} | {null} | {what} |");
        } else if line.is_empty() {
            about.clear();
            if text.ends_with("|\n") {
                text.push('\n');
            }
        }
    }
    text
}

#[test]
fn the_page_shows_the_canonical_columns() {
    let toml = fs::read_to_string(here("../pipelines/common/canonical.toml")).unwrap();
    let path = here("../docs/reference/canonical.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = format!("{before}{BEGIN}\n{}\n{END}{after}", tables(&toml));
    // Every column has a comment, or it would be missing.
    let columns = toml.matches(" = \"").count() - 2 * toml.matches("connector = ").count();
    let shown = tables(&toml).matches("\n| `").count();
    assert_eq!(shown, columns);
    if std::env::var_os("ZARABA_BLESS").is_some() {
        fs::write(&path, &written).unwrap();
        return;
    }
    assert!(
        page == written,
        "the page is not what the file says; bless it"
    );
}
