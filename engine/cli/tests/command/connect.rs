//! `connect`, driven in a pseudo-terminal, against the stand-in of the vendors' tests.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::Folder;

fn python() -> Command {
    Command::new(std::env::var("ZARABA_PYTHON").expect("ZARABA_PYTHON names the tests' Python"))
}

/// A server, which ends with the test, and where it is.
struct StandIn(Child, String);

impl StandIn {
    /// The stand-in of the vendors.
    fn start() -> Self {
        let (child, port) = Self::script("../../tests/vendors/stand_in.py");
        Self(child, format!("http://127.0.0.1:{port}"))
    }

    /// One that pushes.
    fn pushing() -> Self {
        let (child, port) = Self::script("tests/command/push.py");
        Self(child, format!("ws://127.0.0.1:{port}/feed"))
    }

    fn script(path: &str) -> (Child, String) {
        let mut child = python()
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut port).unwrap();
        (child, port.trim().to_owned())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a terminal showed, and the exit code.
fn talk(folder: &Folder, words: &[&str], env: &Value, talk: &[(&str, &str)]) -> (String, i64) {
    let mut command = vec![env!("CARGO_BIN_EXE_zaraba"), "connect"];
    command.extend(words);
    let told = json!({
        "command": command, "folder": folder.path(""), "env": env, "talk": talk,
    });
    let output = python()
        .args(["-c", include_str!("connect.py"), &told.to_string()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let came: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown = came["shown"].as_str().unwrap().to_owned();
    (shown, came["code"].as_i64().unwrap())
}

#[track_caller]
fn contains(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "no {part:?} in:\n{shown}");
    }
}

const TICKS: &str = "日時,strike,price,bid,ask,volume\n\
2026/09/01 09:00:00,70000,55,53,56,\"1,143\"\n2026/09/01 09:00:01,70000,-,53,57,\"1,144\"\n\
2026/09/01 09:00:02,70000,56,,57,\"1,150\"\n2026/09/01 09:00:03,70000,57,53,57,\"1,151\"\n\
2026/09/01 09:00:04,70000,57,53,57,\"1,152\"\n2026/09/01 09:00:05,70000,58,53,57,\"1,152\"\n";

#[test]
fn a_csv_file() {
    let folder = Folder::with("# mine\ntimezone = \"Asia/Tokyo\"   # of course\n");
    folder.write("ticks.csv", TICKS);
    let (shown, code) = talk(
        &folder,
        &["csv", "--lang", "en"],
        &json!({}),
        &[
            ("the CSV file: ", "ticks.csv"),
            ("[column_1]: ", ""),
            ("[ticks]: ", ""),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    contains(
        &shown,
        &[
            "wrote pipeline.toml",
            "ticks: 6 rows were read",
            "2026-09-01T00:00:00Z  70000   55",
            "price 17%",
            "bid 17%",
            "missing: needs open_interest.oi",
            "put/call ratio of volume       missing: needs options.volume",
            "a query must make the streams of docs/reference/canonical.md from `ticks`",
            "options.volume",
        ],
    );
    // Five rows of six.
    assert!(!shown.contains("2026-09-01T00:00:05Z"), "{shown}");
    let written = folder.read("pipeline.toml");
    contains(
        &written,
        &[
            "# mine\ntimezone = \"Asia/Tokyo\"   # of course\n",
            "[source.ticks]",
            "column_1 = { type = \"timestamp\", from = \"日時\", format = \"%Y/%m/%d %H:%M:%S\" }",
            "price = { type = \"int64\", nulls = [\"-\"] }",
            "volume = { type = \"int64\", thousands = \",\" }",
        ],
    );
    folder.zaraba(&["check", "pipeline.toml"]).code(0);
    // It is not written over unasked.
    let (shown, code) = talk(
        &folder,
        &[
            "csv",
            "--lang",
            "ja",
            "--answer",
            "path=ticks.csv",
            "--answer",
            "time=column_1",
        ],
        &json!({}),
        &[
            ("ソースの名前 [ticks]: ", ""),
            ("書き換えますか (y/n) [n]: ", ""),
        ],
    );
    assert_eq!(code, 2, "{shown}");
    assert_eq!(folder.read("pipeline.toml"), written);
}

#[test]
fn an_address_with_a_secret() {
    let stand_in = StandIn::start();
    let folder = Folder::with("timezone = \"Asia/Tokyo\"\n");
    let url = format!("{}/quotes", stand_in.1);
    let secret = "token-of-the-stand-in";
    let (shown, code) = talk(
        &folder,
        &["http", "--lang", "en"],
        &json!({ "QUOTES_TOKEN": secret }),
        &[
            ("the URL: ", &url),
            ("[none]: ", "Authorization"),
            ("[Bearer]: ", ""),
            ("[API_KEY]: ", "QUOTES_TOKEN"),
            ("[5s]: ", ""),
            ("[time]: ", ""),
            ("[quotes]: ", ""),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    contains(&shown, &["quotes: 7 rows were read", "50.5", "size 14%"]);
    let written = folder.read("pipeline.toml");
    contains(
        &written,
        &[
            "headers = { Authorization = \"Bearer ${QUOTES_TOKEN}\" }",
            "rows = \"$.data.quotes\"",
            "price = { type = \"float64\", from = \"$.last.price\" }",
        ],
    );
    assert!(
        !written.contains(secret) && !shown.contains(secret),
        "{shown}{written}"
    );
    // A wrong one is refused before anything is written.
    let other = Folder::with("timezone = \"Asia/Tokyo\"\n");
    let (shown, code) = talk(
        &other,
        &[
            "http",
            "--lang",
            "en",
            "--yes",
            "--answer",
            &format!("url={url}"),
            "--answer",
            "header=Authorization",
            "--answer",
            "variable=QUOTES_TOKEN",
        ],
        &json!({ "QUOTES_TOKEN": "wrong" }),
        &[],
    );
    assert_eq!(code, 1, "{shown}");
    contains(&shown, &["answered 401 Unauthorized"]);
    assert_eq!(other.read("pipeline.toml"), "timezone = \"Asia/Tokyo\"\n");
}

#[test]
fn kabu_station() {
    let stand_in = StandIn::start();
    let folder = Folder::with("# the desk\ntimezone = \"Asia/Tokyo\"\n");
    let url = format!("{}/kabusapi", stand_in.1);
    let password = "pass-of-the-stand-in";
    let (shown, code) = talk(
        &folder,
        &["kabu", "--lang", "ja"],
        &json!({ "KABU": password }),
        &[
            ("[http://localhost:18080/kabusapi]: ", &url),
            ("[KABU_PASSWORD]: ", "KABU"),
            ("[0]: ", "202609"),
            ("[none]: ", "none"),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    contains(
        &shown,
        &[
            "futures: 1 行を読みました",
            "NK225.mini",
            "indices: 1 行",
            "oi 100%",
            "open_interest.oi が必要",
        ],
    );
    contains(
        &folder.read("pipeline.toml"),
        &["# the desk", "include = [\"kabu.toml\"]"],
    );
    let feed = folder.read("kabu.toml");
    contains(
        &feed,
        &[
            "${KABU:-none}",
            "\"169090019\"",
            "# Traps that are seen to here:",
        ],
    );
    assert!(
        !feed.contains(password) && !shown.contains(password),
        "{shown}"
    );
    // A wrong password is the vendor's word, and a secret in the place of a name is not said back.
    for (env, answer, part) in [
        (
            json!({ "KABU": "wrong" }),
            "variable=KABU",
            "トークン取得失敗",
        ),
        (
            json!({}),
            "variable=my secret!",
            "expected the name of an environment variable",
        ),
    ] {
        let url = format!("url={url}");
        let words = [
            "kabu", "--lang", "en", "--yes", "--answer", &url, "--answer", answer,
        ];
        let (shown, code) = talk(&folder, &words, &env, &[]);
        assert!(
            code != 0 && shown.contains(part) && !shown.contains("my secret"),
            "{shown}"
        );
    }
}

#[test]
fn more_symbols_than_kabu_station_pushes() {
    let stand_in = StandIn::start();
    let folder = Folder::with("timezone = \"Asia/Tokyo\"\n");
    // Twenty-five strikes, two symbols each, about a future at 65000.
    let strikes: Vec<String> = (0..25).map(|n| (61_000 + n * 250).to_string()).collect();
    let (shown, code) = talk(
        &folder,
        &["kabu", "--lang", "en"],
        &json!({ "KABU": "pass-of-the-stand-in" }),
        &[
            (
                "[http://localhost:18080/kabusapi]: ",
                &format!("{}/kabusapi", stand_in.1),
            ),
            ("[KABU_PASSWORD]: ", "KABU"),
            ("[0]: ", "202610"),
            // A wrong answer is asked for again.
            ("[none]: ", "64000,atm"),
            ("[none]: ", "12345"),
            ("[none]: ", &strikes.join(",")),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    contains(
        &shown,
        &[
            "expected strikes like 64000,65000, found `atm`",
            "kabu STATION knows no call at 12345 of the month 202610: ",
        ],
    );
    contains(
        &shown,
        &["49 symbols are pushed, the other 3 are asked for by turns"],
    );
    // Those that are farthest from the money: a put of 61250, the call and the put of 61000.
    let feed = folder.read("kabu.toml");
    contains(&feed, &["kabu_polled = '[\"203\",\"200\",\"201\"]'"]);
    let pushed = feed.lines().find(|line| line.starts_with("kabu_symbols"));
    let pushed = pushed.unwrap();
    assert_eq!(pushed.matches("Symbol").count(), 49, "{pushed}");
    assert!(
        pushed.contains("\"202\"") && !pushed.contains("\"203\""),
        "{pushed}"
    );
    folder.zaraba(&["check", "pipeline.toml"]).code(0);
    let (shown, code) = talk(
        &folder,
        &[
            "kabu",
            "--lang",
            "en",
            "--yes",
            "--answer",
            &format!("url={}/kabusapi", stand_in.1),
            "--answer",
            "strikes=64000,atm",
        ],
        &json!({ "KABU_PASSWORD": "pass-of-the-stand-in" }),
        &[],
    );
    assert_eq!(code, 2, "{shown}");
    contains(&shown, &["expected strikes like 64000,65000, found `atm`"]);
}

#[test]
fn a_server_that_pushes() {
    let server = StandIn::pushing();
    let folder = Folder::with("timezone = \"Asia/Tokyo\"\n");
    let secret = "token-of-the-stand-in";
    let (shown, code) = talk(
        &folder,
        &["websocket", "--lang", "en"],
        &json!({ "FEED_TOKEN": secret }),
        &[
            ("the WebSocket's URL: ", &server.1),
            ("[none]: ", "Authorization"),
            ("[Bearer]: ", ""),
            ("[API_KEY]: ", "FEED_TOKEN"),
            ("[none]: ", "{\"op\": \"take\"}"),
            ("[time]: ", ""),
            ("[pushed]: ", ""),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    contains(&shown, &["pushed: 7 rows were read", "50.5", "size 14%"]);
    let written = folder.read("pipeline.toml");
    contains(
        &written,
        &[
            "connector = \"websocket\"",
            "headers = { Authorization = \"Bearer ${FEED_TOKEN}\" }",
            "rows = \"$.data\"",
            "price = { type = \"float64\", from = \"$.last.price\" }",
        ],
    );
    assert!(
        !written.contains(secret) && !shown.contains(secret),
        "{shown}{written}"
    );
    folder.zaraba(&["check", "pipeline.toml"]).code(2); // the variable is not set here
    let url = format!("url={}?key=hidden", server.1);
    let (shown, code) = talk(
        &folder,
        &["websocket", "--lang", "en", "--yes", "--answer", &url],
        &json!({}),
        &[],
    );
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("401") && !shown.contains("hidden"),
        "{shown}"
    );
    assert_eq!(folder.read("pipeline.toml"), written);
}

#[test]
fn j_quants() {
    let stand_in = StandIn::start();
    let folder = Folder::with("timezone = \"Asia/Tokyo\"\n");
    let url = format!("{}/v2", stand_in.1);
    let talks = [
        ("[https://api.jquants.com/v2]: ", url.as_str()),
        ("[JQUANTS_API_KEY]: ", "JQ"),
        ("the trading day (as 2026-09-01): ", "2026-09-01"),
    ];
    // The key is tried before anything is written.
    let words = ["jquants", "--lang", "en"];
    let (shown, code) = talk(&folder, &words, &json!({ "JQ": "wrong key" }), &talks);
    assert_eq!(code, 1, "{shown}");
    contains(&shown, &["The incoming api key is invalid or expired."]);
    assert_eq!(folder.names(), ["pipeline.toml"]);
    let key = "key-of-the-stand-in";
    let (shown, code) = talk(&folder, &words, &json!({ "JQ": key }), &talks);
    assert_eq!(code, 0, "{shown}");
    contains(
        &shown,
        &[
            "wrote jquants.toml",
            "open_interest: ",
            // Whichever came first: one of the two is told to wait.
            "NK225.",
            "2026-09-11",
        ],
    );
    let feed = folder.read("jquants.toml");
    contains(
        &feed,
        &["${JQ:-none}", "jquants_date = \"2026-09-01\"", &url],
    );
    assert!(!feed.contains(key) && !shown.contains(key), "{shown}");
    contains(
        &folder.read("pipeline.toml"),
        &["include = [\"jquants.toml\"]"],
    );
    folder.zaraba(&["check", "pipeline.toml"]).code(0);
}

#[test]
fn a_workbook_that_a_script_sends() {
    let folder = Folder::with("timezone = \"Asia/Tokyo\"\n");
    let words = ["excel", "--lang", "en"];
    let told = [("[127.0.0.1:8227]: ", "127.0.0.1:8228")];
    let (shown, code) = talk(&folder, &words, &json!({}), &told);
    assert_eq!(code, 0, "{shown}");
    contains(
        &shown,
        &[
            "wrote excel-rss.toml",
            "wrote excel-rss.ps1",
            "start excel-rss.ps1 on Windows: -Url http://127.0.0.1:8228/excel-rss",
        ],
    );
    contains(
        &folder.read("excel-rss.toml"),
        &["excel_listen = \"127.0.0.1:8228\""],
    );
    let script = include_str!("../../../../pipelines/feeds/excel-rss.ps1");
    assert_eq!(folder.read("excel-rss.ps1"), script);
    folder.zaraba(&["check", "pipeline.toml"]).code(0);
}
