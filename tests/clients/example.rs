//! The example beside the Python client does what its first lines say.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::clients::desk::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_says_what_comes() {
    let desk = Desk::start("");
    desk.post(0..3).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/clients/python");
    let mut child = Command::new(std::env::var("ZARABA_PYTHON").unwrap())
        .args(["-B", "-u", "example.py"])
        .arg(format!("ws://{}/ws", desk.address))
        .args(["ticks", "newest"])
        .current_dir(folder)
        .env_remove("ZARABA_TOKEN")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |wanted: [(&str, &str); 2]| {
        // The two topics come as they please.
        let mut missing = wanted.to_vec();
        while !missing.is_empty() {
            let line = lines.next().unwrap().unwrap();
            missing.retain(|(head, tail)| !(line.starts_with(head) && line.ends_with(tail)));
        }
    };
    let there = " rows are there";
    until([("ticks: ", there), ("newest: ", there)]);
    desk.post(3..6).await;
    let row = "ticks: {'ts': '2025-11-14T09:00:00.005+09:00', 'key': 'key 5', 'n': 5, ";
    until([(row, "}"), ("newest: ", " 0 gone, 5 there")]);
    child.kill().unwrap();
    child.wait().unwrap();
    desk.stop().await;
}
