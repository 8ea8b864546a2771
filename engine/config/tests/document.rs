//! What a right pipeline file becomes, and what is left of a wrong one.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use zaraba_config::document::{
    ColumnType, Document, Emit, ErrorPolicy, Format, Generate, RollDoc, SinkConnector,
    SourceConnector, Trigger, TtlDoc, Value,
};
use zaraba_config::load::{LoadOptions, Loaded, load, load_text};

fn no_env(_: &str) -> Option<String> {
    None
}

fn options() -> LoadOptions<'static> {
    LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &no_env,
    }
}

fn shown(loaded: &Loaded) -> String {
    loaded.sources.render_all(&loaded.diagnostics)
}

/// The document of a text without mistakes, said to stand in `conf/p.toml`.
fn right(text: &str, options: &LoadOptions<'_>) -> Document {
    let loaded = load_text(Path::new("conf/p.toml"), text, options);
    assert!(loaded.diagnostics.is_empty(), "{}", shown(&loaded));
    loaded.document.expect("document")
}

const PIPELINE: &str = r#"
timezone = "Asia/Tokyo"

[params]
day = "2025-11-14"
band_high = 1.3
levels = 3
live = false

[source.ticks]
connector = "file"
path = "data/$day/*.csv.gz"
time = "ts"
out_of_order = "5s"
idle_timeout = "30s"
stale_after = "2m"
replay = { speed = 60 }
on_error = "dead_letter"
csv = { delimiter = "\t", header = false }
merge = "time"
[source.ticks.schema]
ts = { type = "timestamp", format = "%Y%m%d%H%M", zone = "America/New_York", from = 3 }
product = { type = "text", from = 0 }
price = { type = "float64", from = 2, nulls = ["", "-"], thousands = ",", default = 0 }
volume = { type = "decimal(18, 4)", from = 1, optional = true }

[source.made]
connector = "simulate"
time = "at"
seed = 7
start = 2025-11-14T09:00:00
interval = "10ms"
rows = 100
disorder = "2s"
[source.made.schema]
at = "timestamp"
side = { type = "text", one_of = ["C", "P"] }
price = { type = "float64", walk = { start = 250, step = 5.0, min = 1 } }
volume = { type = "int64", counter = { start = 1, step_max = 9 } }
iv = { type = "float64", range = [0.1, 0.2] }

[table.chain]
from = "ticks"
key = ["product"]
ttl = "1d"
drop_when = "price = 0"

[query.stream]
sql = "SELECT 1"

[query.tick]
sql = "SELECT $levels"
every = "1s"
key = []

[query.change]
sql = "SELECT 1"
on_change = true
min_interval = "500ms"
emit = "all"

[sink.files]
connector = "file"
from = ["tick", "stream"]
path = "../out/{stream}.parquet"

[sink.desk]
connector = "websocket"
from = ["tick"]
listen = "127.0.0.1:0"
assets = "dist"

[sink.screen]
connector = "stdout"
from = ["tick"]

[limits]
memory = "64KiB"
queue = 4

[[test]]
name = "t"
input.ticks = [{ ts = 2025-11-14T09:00:00, price = 1, product = "a", live = true }]
expect.stream = []
"#;

#[test]
fn sources() {
    let document = right(PIPELINE, &options());
    let [ticks, made] = document.sources.as_slice() else {
        panic!("{:?}", document.sources)
    };
    let SourceConnector::File(file) = &ticks.connector else {
        panic!("{ticks:?}")
    };
    assert_eq!(
        file.path.value,
        PathBuf::from("conf/data/2025-11-14/*.csv.gz")
    );
    assert_eq!((file.format, file.merge_by_time), (Format::Csv, true));
    assert_eq!((file.delimiter, file.header), (b'\t', false));
    assert_eq!(
        (ticks.out_of_order, ticks.idle_timeout),
        (5_000_000, Some(30_000_000))
    );
    assert_eq!(
        (ticks.stale_after, ticks.ahead),
        (Some(120_000_000), 60_000_000)
    );
    assert_eq!(
        (ticks.speed, ticks.on_error),
        (Some(60.0), Some(ErrorPolicy::DeadLetter))
    );
    let [ts, _, price, volume] = ticks.schema.as_slice() else {
        panic!("{:?}", ticks.schema)
    };
    assert_eq!(ts.format.as_deref(), Some("%Y%m%d%H%M"));
    assert_eq!(ts.zone.map(|z| z.name()), Some("America/New_York"));
    assert_eq!(ts.from.as_ref().map(|f| f.value.as_str()), Some("3"));
    assert_eq!(
        (price.nulls.as_slice(), price.thousands),
        (&["".to_owned(), "-".into()][..], Some(','))
    );
    assert_eq!(price.default, Some(Value::Int(0)));
    assert_eq!(
        (volume.kind, volume.optional),
        (ColumnType::Decimal(18, 4), true)
    );

    let SourceConnector::Simulate(simulate) = &made.connector else {
        panic!("{made:?}")
    };
    assert_eq!(simulate.start, 1_763_078_400_000_000); // 09:00 in Tokyo
    assert_eq!((simulate.seed, simulate.interval), (7, 10_000));
    assert_eq!((simulate.rows, simulate.disorder), (Some(100), 2_000_000));
    let made: Vec<_> = made.schema.iter().map(|c| c.generate.clone()).collect();
    assert!(made[0].is_none());
    assert!(matches!(&made[1], Some(Generate::OneOf(v)) if v.len() == 2));
    assert!(matches!(
        made[2],
        Some(Generate::Walk {
            start: 250.0,
            step: 5.0,
            min: 1.0
        })
    ));
    assert!(matches!(
        made[3],
        Some(Generate::Counter {
            start: 1,
            step_max: 9
        })
    ));
    assert!(matches!(made[4], Some(Generate::Range(0.1, 0.2))));
}

#[test]
fn params_tables_and_queries() {
    let document = right(PIPELINE, &options());
    assert_eq!(
        (document.name.as_str(), document.dir.as_path()),
        ("p", Path::new("conf"))
    );
    assert_eq!(document.timezone.value.name(), "Asia/Tokyo");
    let names: Vec<&str> = document.params.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["day", "band_high", "levels", "live"]);

    let chain = &document.tables[0];
    assert_eq!(
        (chain.from.value.as_str(), chain.ttl),
        ("ticks", Some(TtlDoc::Span(86_400_000_000)))
    );
    assert_eq!(chain.key[0].value, "product");
    let triggers: Vec<_> = document
        .queries
        .iter()
        .map(|q| (q.trigger.as_ref().map(|t| t.value), q.emit))
        .collect();
    assert_eq!(
        triggers,
        [
            (None, Emit::Changes),
            (Some(Trigger::Every(1_000_000)), Emit::Changes),
            (Some(Trigger::OnChange(500_000)), Emit::All),
        ]
    );
    assert_eq!(document.queries[1].key.as_ref().map(Vec::len), Some(0));
    assert_eq!(document.queries[1].sql.value, "SELECT $levels"); // the planner puts it in
}

#[test]
fn sinks_limits_and_tests() {
    let document = right(PIPELINE, &options());
    let [files, desk, screen] = document.sinks.as_slice() else {
        panic!("{:?}", document.sinks)
    };
    let SinkConnector::File(file) = &files.connector else {
        panic!("{files:?}")
    };
    assert_eq!(
        file.path.value,
        PathBuf::from("conf/../out/{stream}.parquet")
    );
    assert_eq!((file.format, file.open_files), (Format::Parquet, 100));
    assert_eq!((file.roll, file.columns.len()), (RollDoc::default(), 0));
    let SinkConnector::Websocket(door) = &desk.connector else {
        panic!()
    };
    let (listener, query, assets) = (&door.listener, &door.query, &door.assets);
    assert_eq!(listener.listen.value, "127.0.0.1:0");
    assert_eq!(
        (door.history, door.history_time, door.history_size),
        (1_000, None, 67_108_864)
    );
    assert_eq!(
        (&listener.auth, listener.origins.as_slice()),
        (&None, &[][..])
    );
    assert_eq!(
        (query.time, query.memory, query.rows),
        (5_000_000, 256 << 20, 100_000)
    );
    assert_eq!(
        assets.as_ref().map(|a| a.value.as_path()),
        Some(Path::new("conf/dist"))
    );
    assert!(matches!(
        screen.connector,
        SinkConnector::Stdout {
            format: Format::Json
        }
    ));

    let limits = &document.limits;
    assert_eq!(
        (limits.memory, limits.queue, limits.batch_rows),
        (Some(65_536), 4, 8_192)
    );
    let test = &document.tests[0];
    let values: Vec<_> = test.input[0].1[0]
        .columns
        .iter()
        .map(|(n, v)| (n.value.as_str(), v.value.clone()))
        .collect();
    assert_eq!(
        values,
        [
            ("ts", Value::Text("2025-11-14T09:00:00".to_owned())),
            ("price", Value::Int(1)),
            ("product", Value::Text("a".to_owned())),
            ("live", Value::Bool(true)),
        ]
    );
    assert_eq!(
        (test.expect[0].0.value.as_str(), test.expect[0].1.len()),
        ("stream", 0)
    );
}

#[test]
fn params_are_set_by_type_and_stand_in_paths() {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let set = vec![
        set("day", "2020-01-01"),
        set("band_high", "2"),
        set("levels", "-4"),
        set("live", "true"),
    ];
    let document = right(PIPELINE, &LoadOptions { set, ..options() });
    let values: Vec<Value> = document
        .params
        .iter()
        .map(|(_, v)| v.value.clone())
        .collect();
    let expected = [
        Value::Text("2020-01-01".to_owned()),
        Value::Float(2.0),
        Value::Int(-4),
        Value::Bool(true),
    ];
    assert_eq!(values, expected);
    let SourceConnector::File(file) = &document.sources[0].connector else {
        panic!()
    };
    assert_eq!(
        file.path.value,
        PathBuf::from("conf/data/2020-01-01/*.csv.gz")
    );
}

#[test]
fn a_profile_is_laid_over_and_may_change_the_connector() {
    let text = r#"
name = "base"
[source.ticks]
connector = "file"
path = "data/*.csv"
csv = { delimiter = ";" }
time = "ts"
out_of_order = "5s"
schema = { ts = "timestamp", price = "float64" }
[limits]
queue = 4
[profile.sim]
name = "sim"
[profile.sim.source.ticks]
connector = "simulate"
start = "2025-11-14T00:00:00"
interval = "1s"
schema.price.range = [1, 2]
[profile.sim.limits]
batch_rows = 10
[profile.other.source.ticks]
path = "${NOT_SET}"
"#;
    let sim = LoadOptions {
        profile: Some("sim".to_owned()),
        ..options()
    };
    let document = right(text, &sim);
    assert_eq!(document.name, "sim");
    assert_eq!((document.limits.queue, document.limits.batch_rows), (4, 10));
    let ticks = &document.sources[0];
    assert!(matches!(ticks.connector, SourceConnector::Simulate(_)));
    assert_eq!(ticks.out_of_order, 5_000_000);
    assert_eq!(ticks.schema[1].kind, ColumnType::Float64);
    assert!(matches!(
        ticks.schema[1].generate,
        Some(Generate::Range(1.0, 2.0))
    ));
    assert_eq!(right(text, &options()).name, "base");
}

#[test]
fn environment_values_are_secrets_and_never_shown() {
    let env = |name: &str| match name {
        "DIR" => Some("s3cr3t-dir".to_owned()),
        "N" => Some("a".to_owned()),
        _ => None,
    };
    let text = r#"
[source.ticks]
connector = "file"
path = "$${x}/${DIR}/${N}/${MISSING:-default}.parquet"
time = "ts"
[source.wrong]
connector = "${DIR}"
"#;
    let options = LoadOptions {
        env: &env,
        ..options()
    };
    let loaded = load_text(Path::new("p.toml"), text, &options);
    let text = shown(&loaded);
    assert!(!text.contains("s3cr3t") && text.contains("***"), "{text}");
    let document = loaded.document.expect("document");
    let SourceConnector::File(file) = &document.sources[0].connector else {
        panic!()
    };
    assert_eq!(
        file.path.value,
        PathBuf::from("${x}/s3cr3t-dir/a/default.parquet")
    );
    assert_eq!(document.secrets, ["s3cr3t-dir"]);
}

#[test]
fn includes_are_merged_and_keep_their_folders() {
    let dir = tempfile::tempdir().expect("dir");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, text).expect("write");
    };
    write(
        "main.toml",
        "include = [\"${SUB:-sub}/a.toml\", \"c.toml\"]\n[sink.out]\nconnector = \"stdout\"\nfrom = [\"ticks\"]\n[params]\nmain = 1\n",
    );
    write(
        "sub/a.toml",
        "include = [\"../c.toml\"]\n[source.ticks]\nconnector = \"file\"\npath = \"x.parquet\"\ntime = \"ts\"\n[params]\na = 1\n",
    );
    write(
        "c.toml",
        "timezone = \"Asia/Tokyo\"\n[params]\nc = 1\n[[test]]\nname = \"t\"\nexpect = {}\n",
    );
    let loaded = load(&dir.path().join("main.toml"), &options());
    assert!(loaded.diagnostics.is_empty(), "{}", shown(&loaded));
    let document = loaded.document.expect("document");
    let SourceConnector::File(file) = &document.sources[0].connector else {
        panic!()
    };
    assert_eq!(file.path.value, dir.path().join("sub/x.parquet"));
    let names: Vec<&str> = document.params.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["c", "a", "main"]);
    assert_eq!(
        (document.timezone.value.name(), document.tests.len()),
        ("Asia/Tokyo", 1)
    );
    assert_eq!(document.dir, dir.path());
}
