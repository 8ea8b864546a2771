//! The inspector in Chromium: programs under `browser/` open the page of pipelines that run here,
//! look at it and use it. A program says `start NAME` or `stop NAME` in a line of its own, and is
//! answered with the address; a pipeline that is started again has the address that it had.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use zaraba::pipeline::Pipeline;
use zaraba::running::Running;

/// A hundred rows a second, among them what would be HTML in a page that reads texts as such.
const PIPELINE: &str = r#"
name = "板 <b>"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00+09:00"
interval = "10ms"
rows = 1000000
replay = { speed = 1.0 }
[source.ticks.schema]
ts = "timestamp"
key = { type = "int64", range = [1, 40] }
large = { type = "int64", range = [9007199254740993, 9007199254749999] }
price = { type = "float64", range = [-52000, 52000] }
note = { type = "text", one_of = ["<img src=x onerror=\"window.hurt = 1\">", "</td><script>window.hurt = 1</script>", "買い, \"指値\"", "javascript:alert(1)"] }
[table.newest]
from = "ticks"
key = ["key"]
[query.bars]
sql = """
SELECT window_start, window_end, count(*) AS n, sum(price) AS total
FROM TUMBLE(ticks, ts, INTERVAL '1 second') GROUP BY window_start, window_end"""
[query.totals]
every = "1s"
key = ["note"]
sql = "SELECT note, count(*) AS n FROM newest GROUP BY note"
[sink.archive]
connector = "file"
path = "{stream}.jsonl"
from = ["ticks", "bars"]
[sink.desk]
connector = "websocket"
from = ["ticks", "newest", "bars", "totals", "ticks__late"]
"#;

/// Pipelines by name: what is added to the sink.
const PIPELINES: [(&str, &str); 3] = [
    ("plain", ""),
    ("public", "auth = \"public-read\"\n"),
    // A variable that is always there when these tests run serves as the token.
    ("token", "auth = { token_env = \"ZARABA_PYTHON\" }\n"),
];

/// The pipelines that a program has started.
struct House<'a> {
    folder: &'a Path,
    running: BTreeMap<String, Running>,
    addresses: BTreeMap<String, SocketAddr>,
}

impl House<'_> {
    /// Does what a program says; the answer.
    fn obey(&mut self, order: &str) -> String {
        let (verb, name) = order.split_once(' ').expect("a verb and a name");
        match verb {
            "start" => self.start(name),
            "stop" => {
                let running = self.running.remove(name).expect("one that runs");
                running.stopper().stop();
                running.join().expect("it ends well");
                "stopped".to_owned()
            }
            _ => panic!("no verb `{verb}`"),
        }
    }

    fn start(&mut self, name: &str) -> String {
        let (_, auth) = PIPELINES
            .iter()
            .find(|(known, _)| *known == name)
            .expect("a pipeline of the list");
        let listen = self.addresses.get(name).map_or_else(
            || "listen = \"127.0.0.1:0\"\n".to_owned(),
            |address| format!("listen = \"{address}\"\n"),
        );
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the rows");
        let built = Pipeline::from_text(
            folder.join("pipeline.toml"),
            format!("{PIPELINE}{listen}{auth}"),
        )
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
        let (_, address) = built.listening()[0].clone();
        self.addresses.insert(name.to_owned(), address);
        let running = built.start().expect("it starts");
        self.running.insert(name.to_owned(), running);
        format!("http://{address} {}", folder.display())
    }
}

/// Runs a program of the folder `browser/` to its end.
async fn drive(script: &'static str) {
    let driven = tokio::task::spawn_blocking(move || {
        let of_setup = "`make test` sets it up";
        let node = std::env::var("ZARABA_NODE").expect(of_setup);
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(node)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect(of_setup);
        let mut stdin = child.stdin.take().expect("a pipe");
        let stderr = child.stderr.take().expect("a pipe");
        let errors = std::thread::spawn(move || std::io::read_to_string(stderr));
        let mut house = House {
            folder: folder.path(),
            running: BTreeMap::new(),
            addresses: BTreeMap::new(),
        };
        let mut printed = String::new();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        for line in stdout.lines().map_while(Result::ok) {
            if let Some(order) = line.strip_prefix("> ") {
                writeln!(stdin, "{}", house.obey(order)).expect("it listens");
            } else {
                printed = format!("{printed}{line}\n");
            }
        }
        for (_, running) in house.running {
            running.stopper().stop();
            running.join().expect("it ends well");
        }
        let errors = errors.join().expect("read to its end").expect("text");
        let status = child.wait().expect("it ends");
        assert!(status.success(), "{status}\n{printed}{errors}");
        assert!(printed.ends_with("done\n"), "{printed}{errors}");
    });
    driven.await.expect("the page does as it should");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_has_figures_that_grow() {
    drive("browser/graph.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_those_that_the_pipeline_emitted() {
    drive("browser/rows.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_goes_on_where_it_was() {
    drive("browser/reconnect.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_stand_in_the_language_of_the_page() {
    drive("browser/alerts.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_answered_or_said_to_be_closed() {
    drive("browser/query.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_opens_with_the_token_alone() {
    drive("browser/access.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn languages_and_themes_can_be_read() {
    drive("browser/look.mjs").await;
}
