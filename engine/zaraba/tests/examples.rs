//! The examples run, and say what they say.

#[path = "../examples/five_lines.rs"]
mod five_lines;

#[test]
fn five_lines() {
    five_lines::main().unwrap();
}
