//! `connect`, driven in a pseudo-terminal, against the stand-in of the vendors' tests.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::Folder;

fn python() -> Command {
    Command::new(std::env::var("ZARABA_PYTHON").expect("ZARABA_PYTHON names the tests' Python"))
}

/// The stand-in, which ends with the test.
struct StandIn(Child, String);

impl StandIn {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vendors/stand_in.py");
        let mut child = python()
            .arg(script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut port).unwrap();
        Self(child, format!("http://127.0.0.1:{}", port.trim()))
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
            "put/call ratio of volume       there",
            "missing: needs open_interest.oi",
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
