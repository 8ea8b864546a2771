//! A rule of a pipeline that runs: parameters set and plugins changed, and what the log says of it.

use crate::harness::{Came, wait_for};
use crate::remote::{Served, send};

/// `hostile` does as its parameter says.
const PIPELINE: &str = r#"
name = "ruled"
[params]
misdeed = "none"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
schema = { ts = "timestamp", n = "int64", text = "text" }
[rule.count]
plugin = "./rule.wasm"
from = ["ticks"]
params = { what = "$misdeed" }
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["alerts"]
auth = { token_env = "DESK_TOKEN" }
"#;

const TOKEN: &str = "correct-horse-battery";

#[test]
fn parameters_and_plugins_change_while_it_runs() {
    let folder = std::env::var_os("ZARABA_PLUGINS");
    let folder = folder.expect("ZARABA_PLUGINS: where `make plugins` put the rules");
    let plugin = std::fs::read(std::path::Path::new(&folder).join("hostile.wasm")).unwrap();
    let served = Served::with(PIPELINE, Some(TOKEN), &[("rule.wasm", &plugin)]);
    let set = |words: &[&str]| {
        let words = [&["set"], words, &["--url", &served.url]].concat();
        let mut command = served.folder.command(&words);
        Came::from(command.env("ZARABA_TOKEN", TOKEN).output().unwrap())
    };
    let counted = |metric: &str, n: u64| {
        let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
        let metrics = send(&format!("{}/metrics", served.url), "GET", &bearer, "");
        metrics.contains(&format!("{metric}{{node=\"count\"}} {n}\n"))
    };
    let listed = set(&[]).code(0).out;
    assert_eq!(listed, "misdeed = none: can change while it runs\n");
    set(&["misdeed=log control"]).code(0);
    served.post(1..4);
    wait_for("the new parameter", || {
        counted("zaraba_rule_changes_total", 1)
    });
    // Not a file that would be half written: it takes its name as a whole.
    std::fs::write(served.folder.path("new"), "no plugin").unwrap();
    std::fs::rename(served.folder.path("new"), served.folder.path("rule.wasm")).unwrap();
    wait_for("the refusal", || {
        counted("zaraba_rule_changes_refused_total", 1)
    });
    std::fs::write(served.folder.path("new"), &plugin).unwrap();
    std::fs::rename(served.folder.path("new"), served.folder.path("rule.wasm")).unwrap();
    // It is taken before the next rows.
    let mut seconds = 4..60;
    wait_for("the version", || {
        served.post(seconds.next().into_iter());
        counted("zaraba_rule_changes_total", 2)
    });
    let said = served.stop();
    for expected in [
        "zaraba::audit: changed",
        // The plugin's own words, one line, under the rule's name.
        "zaraba::rule: one\\nline \\u{1b}[2J only rule=\"count\"",
        "its plugin changed and is refused, version 0.1.0 goes on: ./rule.wasm: not a WebAssembly file",
        "version 0.1.0 takes the place of 0.1.0 rule=\"count\"",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!said.contains(TOKEN), "{said}");
}
