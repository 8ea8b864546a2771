//! The rule's test, as the tutorial shows it; and that the tutorial shows these files.

use zaraba_sdk::harness::{Harness, Table};

use crate::Moved;

#[test]
fn a_move_is_told_once() {
    let mut quotes = Table::new(&["symbol", "price"]);
    quotes
        .push(1_000_000, ("7203", 2800.0))
        .push(2_000_000, ("7203", 2850.0)) // +1.8 %: not yet
        .push(3_000_000, ("7203", 2870.0)) // +2.5 %
        .push(4_000_000, ("7203", 2880.0)); // +0.3 % since then
    let alerts = Harness::<Moved>::raised("{}", &[&quotes]).unwrap();
    let titles: Vec<_> = alerts.iter().map(|alert| alert.title("en")).collect();
    assert_eq!(titles, ["7203 +2.5%"]);
}

/// The blocks of a kind of a page.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("```{kind}\n");
    let parts = page.split(fence.as_str()).skip(1);
    parts.filter_map(|part| part.split("```").next()).collect()
}

#[test]
fn the_tutorial_shows_these_files() {
    let page = include_str!("../../../docs/tutorial-rule.md");
    let rust = blocks(page, "rust");
    let [rule, test] = rust.as_slice() else {
        panic!("{} blocks of Rust", rust.len())
    };
    let (shown, _) = include_str!("lib.rs").split_once("\n#[cfg(test)]").unwrap();
    let (_, shown) = shown.split_once("\n\n").unwrap();
    assert_eq!(*rule, shown);
    assert!(include_str!("tests.rs").contains(test));
    assert_eq!(blocks(page, "toml"), [include_str!("../pipeline.toml")]);
}
