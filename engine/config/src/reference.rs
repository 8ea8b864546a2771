//! The reference page, `docs/reference/pipeline.md`: written from the same specs that the
//! validator reads, so that it cannot say what is not so.

use std::fmt::Write as _;

use crate::calendar::CALENDAR;
use crate::leaf::expected;
use crate::root::{LIMITS, NODES, ROOT};
use crate::spec::{Kind, NodeSpec, Opt, Presence, Section};
use crate::test_case::TEST;

/// What holds for every section.
const INTRODUCTION: &str = r#"# The pipeline file

This page is written by the program (`reference.rs`): it says what `zaraba check` accepts.

A pipeline is one TOML file, with the files that it includes. Unknown keys are mistakes, and every
mistake is shown with its line.

**Names** of sources, tables, queries, alerts, rules and sinks are small letters, digits and `_`, beginning
with a letter, without `__`. They are unique in a pipeline. SQL reads a stream by its node's name;
`NAME__late` holds the late rows of a source, `NAME__errors` its bad ones, `NAME__unassigned` the
rows that a query's `TRADING_SESSION` found outside any session.

**Durations** are texts: `"250ms"`, `"5s"`, `"1m30s"`, `"2h"`, `"1d"`; units are `us`, `ms`, `s`, `m`
(or `min`), `h` and `d`. **Sizes** are texts: `"64KiB"`, `"512MiB"`, `"1GB"`. **Times** are ISO 8601;
one without an offset is of the pipeline's `timezone`.

**Paths** are relative to the file that says them. `$name` in a path or in `listen` is the value of
the parameter `name`; a `$` before any other word stands for itself.

**Environment variables**: `${NAME}` in any string is the variable's value, `${NAME:-default}` has a
default, `$${` is a literal `${`. They are put in after the TOML is parsed and only in what is used:
not in a profile that is not chosen. A value read so is a secret and is shown as `***` in every
message, unless it is shorter than four bytes.

**`--set name=value`** gives a parameter another value, read as the type of the one in the file.

**`--profile NAME`** lays `[profile.NAME.…]` over the rest: tables merge, all else is replaced. When
it changes a `connector`, options that only the old one knows are dropped.
"#;

/// The whole page, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    whole(&mut page, &ROOT, "##");
    for node in NODES {
        self::node(&mut page, node);
    }
    whole(&mut page, &CALENDAR, "##");
    whole(&mut page, &LIMITS, "##");
    whole(&mut page, &TEST, "##");
    page
}

/// All sections of a kind of node.
fn node(page: &mut String, node: &NodeSpec) {
    let sections = node.sections();
    let [(Some(_), first), ..] = sections.as_slice() else {
        sections
            .iter()
            .for_each(|(_, section)| whole(page, section, "##"));
        return;
    };
    let shared = shared(&sections);
    let common = || shared.iter().flat_map(|group| group.iter());
    let kind = node.kind;
    let _ = writeln!(page, "\n## [{kind}.NAME]\n\nWhat every {kind} may say:\n");
    options(page, common());
    later(page, first);
    nested(page, common(), "###");
    for (connector, section) in &sections {
        let connector = connector.unwrap_or_default();
        let of_all = |group: &Group| shared.iter().any(|s| same(s, group));
        let own = || {
            section
                .groups
                .iter()
                .filter(|g| !of_all(g))
                .flat_map(|g| g.iter())
        };
        let which = section.kind();
        let which = which.map_or_else(String::new, |k| format!(", kind = \"{k}\""));
        let _ = writeln!(
            page,
            "\n### {kind}: connector = \"{connector}\"{which}\n\n{}",
            section.about
        );
        let has: Vec<&Opt> = common()
            .filter(|o| section.option(o.name).is_some())
            .collect();
        if has.len() < common().count() {
            let names: Vec<String> = has.iter().map(|o| format!("`{}`", o.name)).collect();
            let names = names.join(" and ");
            let _ = writeln!(page, "\nOf what every {kind} may say it has {names} only.");
        }
        if own().next().is_some() {
            page.push('\n');
            options(page, own());
        }
        if section.later != first.later {
            later(page, section);
        }
        example(page, section);
        nested(page, own(), "####");
    }
}

/// A group of options.
type Group = &'static [Opt];

/// The groups that nearly all sections of a kind of node have.
fn shared(sections: &[(Option<&'static str>, &'static Section)]) -> Vec<Group> {
    let first = sections.first().map(|(_, first)| first.groups);
    let has = |section: &Section, group: &Group| section.groups.iter().any(|g| same(g, group));
    let shared = |group: &Group| {
        let having = sections.iter().filter(|(_, s)| has(s, group)).count();
        having + 1 >= sections.len()
    };
    first
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(shared)
        .collect()
}

/// Whether two groups are the same: constants may lie in several places.
fn same(a: &Group, b: &Group) -> bool {
    a.iter().map(|o| o.name).eq(b.iter().map(|o| o.name))
}

/// A section with all its options.
fn whole(page: &mut String, section: &Section, heading: &str) {
    let _ = writeln!(page, "\n{heading} {}\n\n{}\n", section.title, section.about);
    options(page, section.options());
    later(page, section);
    example(page, section);
    if !std::ptr::eq(section, &raw const ROOT) {
        nested(page, section.options(), &format!("{heading}#"));
    }
}

/// The sections of options that are tables.
fn nested<'a>(page: &mut String, options: impl Iterator<Item = &'a Opt>, heading: &str) {
    for option in options {
        if let Some(section) = inner(&option.kind) {
            whole(page, section, heading);
        }
    }
}

fn inner(kind: &Kind) -> Option<&'static Section> {
    match kind {
        Kind::Table(section) | Kind::Either(_, section) => Some(section),
        Kind::Map(item) | Kind::List(item, _) => inner(item),
        _ => None,
    }
}

fn options<'a>(page: &mut String, options: impl Iterator<Item = &'a Opt>) {
    page.push_str("| option | value | left out | what it is |\n|---|---|---|---|\n");
    for option in options {
        let left_out = match option.presence {
            Presence::Required => "**required**",
            Presence::Default(default) => default,
        };
        let mut about = option.about.to_owned();
        if !option.example.is_empty() {
            let _ = write!(about, "<br>`{} = {}`", option.name, option.example);
        }
        let cells = [
            &format!("`{}`", option.name),
            &shown(&option.kind),
            left_out,
            &about,
        ];
        let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
}

/// What an option wants, for a table's cell.
fn shown(kind: &Kind) -> String {
    match kind {
        Kind::Nodes(node) => format!("sections `[{}.NAME]`", node.kind),
        Kind::Map(item) => format!("a table: names, each with {}", expected(item)),
        _ => expected(kind),
    }
}

fn later(page: &mut String, section: &Section) {
    if !section.later.is_empty() {
        let names: Vec<String> = section.later.iter().map(|n| format!("`{n}`")).collect();
        let _ = writeln!(page, "\nNot built yet: {}.", names.join(", "));
    }
}

fn example(page: &mut String, section: &Section) {
    if !section.example.is_empty() {
        let _ = writeln!(page, "\n```toml\n{}```", section.example);
    }
}
