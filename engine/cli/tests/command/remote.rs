//! `tap`, `top` and `set`: a pipeline that runs, asked by another process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::harness::{Came, Folder, signal, wait_for};

const PIPELINE: &str = r#"
name = "asked"
[params]
least = 3
place = "here"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
out_of_order = "10s"
[source.ticks.schema]
ts = "timestamp"
n = "int64"
text = "text"
[query.many]
sql = "SELECT ts, n, 12 / (n - 5) AS twelfth FROM ticks WHERE n >= $least"
[query.counts]
every = "1s"
key = ["text"]
sql = "SELECT text, count(*) AS n FROM newest GROUP BY text"
[table.newest]
from = "ticks"
key = ["n"]
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["counts"]
"#;

/// A pipeline that runs.
pub(crate) struct Served {
    pub(crate) folder: Folder,
    child: Child,
    /// Where its desk is.
    pub(crate) url: String,
    /// Where rows are taken.
    post: String,
}

impl Served {
    fn new(pipeline: &str, token: Option<&str>) -> Self {
        Self::with(pipeline, token, &[])
    }

    /// With files beside it.
    pub(crate) fn with(pipeline: &str, token: Option<&str>, files: &[(&str, &[u8])]) -> Self {
        let folder = Folder::with(pipeline);
        for (name, bytes) in files {
            std::fs::write(folder.path(name), bytes).unwrap();
        }
        let mut command = folder.command(&["run", "pipeline.toml"]);
        command.env("DESK_TOKEN", token.unwrap_or_default());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut place = |before: &str| {
            let mut line = String::new();
            while said.read_line(&mut line).unwrap() > 0 {
                if let Some((_, place)) = line.split_once(before) {
                    return place.split(' ').next().unwrap().trim().to_owned();
                }
                line.clear();
            }
            panic!("it ended without `{before}`");
        };
        let url = place("desk: open ").trim_end_matches('/').to_owned();
        let post = place("ticks: POST rows to ");
        child.stderr = Some(said.into_inner());
        Self {
            folder,
            child,
            url,
            post,
        }
    }

    /// A command that asks it.
    fn zaraba(&self, words: &[&str]) -> Came {
        self.folder.zaraba(&[words, &["--url", &self.url]].concat())
    }

    /// Rows `n` at second `n`.
    pub(crate) fn post(&self, rows: impl Iterator<Item = i64>) {
        let row = |n| {
            let word = if n % 2 == 0 {
                "even, \\\"板\\\""
            } else {
                "odd"
            };
            format!("{{\"ts\":\"2025-11-14T09:00:{n:02}Z\",\"n\":{n},\"text\":\"{word}\"}}\n")
        };
        let answer = send(&self.post, "POST", "", &rows.map(row).collect::<String>());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    fn stats(&self) -> Value {
        let answer = send(&format!("{}/api/stats", self.url), "GET", "", "");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// What a tap prints of rows that are posted once it looks.
    fn tapped(&self, words: &[&str], rows: impl Iterator<Item = i64>) -> Came {
        let words = [&["tap"], words, &["--url", &self.url]].concat();
        let tap = self.folder.command(&words).spawn().unwrap();
        wait_for("the tap", || self.stats()["clients"]["taps"] == 1);
        self.post(rows);
        let came = Came::of(tap);
        wait_for("its end", || self.stats()["clients"]["taps"] == 0);
        came
    }

    /// Stops it; what it said.
    pub(crate) fn stop(self) -> String {
        signal(&self.child, "TERM");
        Came::of(self.child).code(0).err
    }
}

/// Sends a request; the whole answer.
pub(crate) fn send(url: &str, method: &str, headers: &str, body: &str) -> String {
    let place = url.strip_prefix("http://").unwrap();
    let (address, path) = place.split_once('/').unwrap_or((place, ""));
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-ndjson\r\n\
         Content-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn rows_of_a_node_that_no_sink_offers() {
    let served = Served::new(PIPELINE, None);
    let json = served.tapped(&["ticks", "-n", "2"], 1..4).code(0);
    let expected = "\
{\"ts\":\"2025-11-14T09:00:01+00:00\",\"n\":1,\"text\":\"odd\"}
{\"ts\":\"2025-11-14T09:00:02+00:00\",\"n\":2,\"text\":\"even, \\\"板\\\"\"}
";
    assert_eq!((json.out.as_str(), json.err.as_str()), (expected, ""));
    let filtered = [
        "ticks",
        "--where",
        "n % 2 = 0 AND n > $least",
        "--format",
        "csv",
        "-n",
        "1",
    ];
    let csv = served.tapped(&filtered, 3..6).code(0);
    let expected = "ts,n,text\n2025-11-14T09:00:04+00:00,4,\"even, \"\"板\"\"\"\n";
    assert_eq!(csv.out, expected);
    let select = "SELECT n * 2 AS twice, upper(text) AS loud FROM ticks";
    let table = ["ticks", "--sql", select, "--format", "table", "-n", "2"];
    let table = served.tapped(&table, 6..8).code(0);
    let expected = "twice  loud\n   12  EVEN, \"板\"\n   14  ODD\n";
    assert_eq!(table.out, expected);
    let failed = served.tapped(&["many__errors", "-n", "1"], 5..6).code(0);
    assert!(failed.out.contains("by zero"), "{}", failed.out);
    // The row of second 9 is more than ten seconds older than that of second 30.
    let late = ["ticks__late", "-n", "1"];
    let late = served.tapped(&late, [30, 9].into_iter()).code(0);
    let has = |text: &str| late.out.contains(text);
    assert!(has("\"n\":9,") && has("\"late_at\":"), "{}", late.out);
    served.stop();
}

#[test]
fn rows_on_which_an_expression_fails_are_told_and_changes_say_what_they_are() {
    let served = Served::new(PIPELINE, None);
    let select = "SELECT 12 / (n - 2) AS x FROM ticks";
    let came = served
        .tapped(&["ticks", "--sql", select, "-n", "2"], 1..4)
        .code(0);
    assert_eq!(came.out, "{\"x\":-12}\n{\"x\":12}\n");
    assert!(
        came.err
            .contains("rows on which the SQL failed: {\"rows\":1,"),
        "{}",
        came.err
    );
    let changed = ["counts", "--where", "n > 0", "--format", "csv", "-n", "3"];
    let changes = served.tapped(&changed, [20, 40].into_iter()).code(0);
    let expected = "__op,text,n\nupsert,odd,1\nupsert,\"even, \"\"板\"\"\",1\nupsert,odd,2\n";
    assert_eq!(changes.out, expected);
    served.stop();
}

#[test]
fn a_tap_ends_with_its_pipeline() {
    let served = Served::new(PIPELINE, None);
    let words = ["tap", "ticks", "--url", &served.url];
    let tap = served.folder.command(&words).spawn().unwrap();
    wait_for("the tap", || served.stats()["clients"]["taps"] == 1);
    served.post(1..2);
    served.stop();
    let came = Came::of(tap).code(0);
    assert_eq!(came.out.lines().count(), 1);
}

#[test]
fn mistakes_of_a_tap() {
    let served = Served::new(PIPELINE, None);
    for (words, expected) in [
        (
            &["tap", "tikcs"][..],
            "error: no stream `tikcs`; did you mean `ticks`?: there are counts, many, newest, \
             ticks, each with its `__errors`, and sources with `__late`\n",
        ),
        (
            &["tap", "ticks", "--where", "m > 1"],
            "error: no column `m` in `ticks`; did you mean `n`?\n --> query:1:1\n  |\n\
             1 | m > 1\n  | ^\n\n1 mistake found\n",
        ),
        (
            &["tap", "ticks", "--sql", "SELECT * FROM newest"],
            "error: a tap of `ticks` reads `ticks` alone, not `newest`\n --> query:1:15\n  |\n\
             1 | SELECT * FROM newest\n  |               ^^^^^^\n\n1 mistake found\n",
        ),
        (
            &[
                "tap",
                "ticks",
                "--sql",
                "SELECT lag(n) OVER (ORDER BY ts) FROM ticks",
            ],
            "a tap picks, filters and computes row by row",
        ),
        (
            &["tap", "ticks", "--where", "n > $most"],
            "no parameter `most`",
        ),
    ] {
        let came = served.zaraba(words).code(2);
        assert!(came.err.contains(expected), "{words:?}: {}", came.err);
        assert_eq!(came.out, "");
    }
    served.stop();
}

#[test]
fn alerts_stand_below_the_table() {
    let alert =
        "[alert.much]\nfrom = \"ticks\"\nwhen = \"n >= 3\"\ntitle = \"{{ n }}: {{ text }}\"\n";
    let pipeline = PIPELINE.replace("[\"counts\"]", "[\"counts\", \"alerts\"]") + alert;
    let served = Served::new(&pipeline, None);
    served.post([1, 3, 30].into_iter());
    wait_for("the alert", || {
        let came = served.zaraba(&["top", "--once"]).code(0);
        let last = came.out.lines().last().unwrap_or_default().to_owned();
        last.starts_with("2025-11-14T09:00:03") && last.ends_with("much  3: odd")
    });
    served.stop();
}

#[test]
fn figures_of_a_run() {
    let served = Served::new(PIPELINE, None);
    served.post(1..10);
    wait_for("the rows", || {
        let stats = served.stats();
        let nodes = stats["nodes"].as_array().unwrap();
        nodes
            .iter()
            .any(|n| n["name"] == "many" && n["rows_out"] == 6)
    });
    let came = served.zaraba(&["top", "--once"]).code(0);
    let lines: Vec<Vec<&str>> = came
        .out
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert!(came.out.starts_with("asked: up "), "{}", came.out);
    assert_eq!(
        lines[1][..6],
        ["NODE", "KIND", "IN/s", "OUT/s", "IN", "OUT"]
    );
    let node = |name: &str| lines.iter().find(|l| l[0] == name).unwrap();
    assert_eq!(node("ticks")[4..8], ["9", "9", "0", "0"]);
    // Of 3 to 9 one is divided by zero.
    assert_eq!(node("many")[4..8], ["9", "6", "0", "1"]);
    let stats = served.stats();
    let many = stats["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|n| n["name"] == "many")
        .unwrap();
    assert_eq!(
        (&many["live"], &many["queue"]["bound"]),
        (&true.into(), &16.into())
    );
    assert!(
        many["first_reason"].as_str().unwrap().contains("zero"),
        "{many}"
    );
    assert!(many["lag_seconds"].as_f64().unwrap() > 0.0);
    let sorted = served.zaraba(&["top", "--once", "--sort", "bad"]).code(0);
    assert!(
        sorted.out.lines().nth(2).unwrap().starts_with("many "),
        "{}",
        sorted.out
    );
    served.stop();
}

/// On a terminal it takes the screen, sorts by keys, and gives the screen back.
#[test]
fn a_screen_of_figures() {
    let served = Served::new(PIPELINE, None);
    let line = format!(
        "stty rows 24 cols 120; '{}' top --url {}",
        env!("CARGO_BIN_EXE_zaraba"),
        served.url
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm");
    let piped = script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let mut screen = child.stdout.take().unwrap();
    let all = Arc::clone(&shown);
    let reader = thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = screen.read(&mut bytes) {
            all.lock().unwrap().extend_from_slice(&bytes[..n]);
        }
    });
    let has = |text: &str| String::from_utf8_lossy(&shown.lock().unwrap()).contains(text);
    wait_for("the table", || has("newest") && has("quit"));
    // The name of the column by which it sorts is underlined.
    keys.write_all(b"l").unwrap();
    wait_for("another order", || has("\x1b[4m"));
    keys.write_all(b"q").unwrap();
    let ended = child.wait().unwrap();
    reader.join().unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(
        has("\x1b[?1049h") && has("\x1b[?1049l"),
        "the screen is given back"
    );
    served.stop();
}

#[test]
fn parameters_that_cannot_change_say_why() {
    let token = "correct-horse-battery";
    let closed = PIPELINE.replace(
        "from = [\"counts\"]",
        "from = [\"counts\"]\nauth = { token_env = \"DESK_TOKEN\" }",
    );
    let served = Served::new(&closed, Some(token));
    let set = |words: &[&str], variable: &str| {
        let words = [&["set"], words, &["--url", &served.url]].concat();
        let mut command = served.folder.command(&words);
        Came::from(command.env(variable, token).output().unwrap())
    };
    let listed = set(&[], "ZARABA_TOKEN").code(0);
    assert_eq!(
        listed.out,
        "least = 3: least is read by `many`, whose answer must be what a batch gives\n\
         place = here: place is read by no query; what else may read it, a path or an address, \
         is opened at the start\n"
    );
    let refused = set(&["least=4", "--token-env", "MINE"], "MINE").code(2);
    assert_eq!(
        refused.err,
        "error: nothing was changed\nleast is read by `many`, whose answer must be what a batch \
         gives: restart with --set least=4\n"
    );
    let unknown = set(&["leats=4"], "ZARABA_TOKEN").code(2);
    assert!(
        unknown.err.contains("did you mean `least`?"),
        "{}",
        unknown.err
    );
    for (variable, expected) in [
        ("OTHER", "asks for a token: say by --token-env"),
        ("ZARABA_TOKEN", "least = 3"),
    ] {
        let came = set(&[], variable);
        assert!((came.out + &came.err).contains(expected), "{variable}");
    }
    let mut wrong = served
        .folder
        .command(&["top", "--once", "--url", &served.url]);
    let wrong = Came::from(wrong.env("ZARABA_TOKEN", "correct").output().unwrap()).code(2);
    assert!(
        wrong.err.contains("the token is not that of this listener"),
        "{}",
        wrong.err
    );
    // Both attempts, and none of the lists.
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let metrics = send(&format!("{}/metrics", served.url), "GET", &bearer, "");
    let counted = "zaraba_parameter_changes_total{outcome=\"refused\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
    let said = served.stop();
    let audited = said
        .lines()
        .filter(|l| l.contains("zaraba::audit: refused"));
    let audited: Vec<&str> = audited.collect();
    assert!(
        audited.len() == 2 && audited[0].contains("parameter=\"least\" value=\"4\""),
        "{said}"
    );
    assert!(!said.contains(token), "{said}");
}

#[test]
fn without_a_token_nothing_is_changed_also_on_this_machine() {
    let served = Served::new(PIPELINE, None);
    let came = served.zaraba(&["set", "least=4"]).code(2);
    assert!(
        came.err
            .contains("changes always need a token: give this listener"),
        "{}",
        came.err
    );
    served.stop();
}

/// Answers every request so.
fn stranger(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            socket.write_all((head + answer).as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn nobody_a_stranger_and_a_file_that_does_not_listen() {
    let folder = Folder::with("name = \"empty\"\n");
    let other = stranger("<html>a router</html>");
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for command in [&["tap", "ticks"][..], &["top", "--once"], &["set"]] {
        for (place, code, expected) in [
            (
                ["--url", &other],
                1,
                "answers, but is no zaraba, or one of another version: <html>",
            ),
            (["--url", &gone], 1, "nothing listens on http://127.0.0.1:"),
            (["--url", "ftp://x"], 2, "expected http://HOST:PORT"),
            (
                ["--file", "pipeline.toml"],
                2,
                "has no websocket sink, by which a run can be asked",
            ),
            (["--file", "no.toml"], 2, "cannot read `no.toml`"),
        ] {
            let came = folder.zaraba(&[command, &place].concat()).code(code);
            assert!(
                came.err.contains(expected),
                "{command:?} {place:?}: {}",
                came.err
            );
        }
    }
    folder.write("free.toml", PIPELINE);
    let free = folder.zaraba(&["top", "--file", "free.toml"]).code(2);
    assert!(
        free.err.contains("`desk` takes a free port when it runs"),
        "{}",
        free.err
    );
}
