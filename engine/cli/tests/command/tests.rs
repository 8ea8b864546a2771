//! `zaraba test`: pipelines that carry their own tests.

use crate::harness::{Folder, case, matches};

#[test]
fn passing() {
    // The source's file is not there: rows of the test stand in for it.
    let folder = Folder::with(&case("bars.toml"));
    let came = folder.zaraba(&["test", "pipeline.toml"]).code(0);
    let expected = "test the highest price of a minute ... ok\n\n1 passed, 0 failed\n";
    assert_eq!((came.out.as_str(), came.err.as_str()), (expected, ""));
}

#[test]
fn every_kind_of_stream_and_value() {
    let folder = Folder::with(&case("kinds.toml"));
    let came = folder.zaraba(&["test", "pipeline.toml"]).code(0);
    assert!(came.out.ends_with("\n0 failed\n") || came.out.contains(" passed, 0 failed\n"));
    assert!(
        came.out.lines().filter(|l| l.ends_with(" ... ok")).count() >= 6,
        "{}",
        came.out
    );
}

#[test]
fn failing() {
    let folder = Folder::with(&case("failing.toml"));
    let came = folder.zaraba(&["test", "pipeline.toml"]).code(1);
    assert_eq!(came.err, "");
    matches("failing.txt", &came.out);
}

#[test]
fn mistakes_in_tests_are_found_by_check() {
    let folder = Folder::with(&case("wrong.toml"));
    for command in ["check", "test"] {
        let came = folder.zaraba(&[command, "pipeline.toml"]).code(2);
        assert_eq!(came.out, "");
        matches("wrong.txt", &came.err);
    }
}

#[test]
fn no_tests_are_no_failure() {
    let folder = Folder::with("name = \"none\"\n");
    let came = folder.zaraba(&["test", "pipeline.toml"]).code(0);
    assert_eq!(came.out, "\n0 passed, 0 failed\n");
}
