//! A file a trading day: the night before belongs to it, and what an earlier run wrote stays.

use crate::cases::folder::Folder;

const PIPELINE: &str = r#"
name = "days"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "file"
path = "ticks.csv"
time = "ts"
schema = { ts = "timestamp", n = "int64" }
[sink.archive]
connector = "file"
from = ["ticks"]
path = "out/{stream}/{trading_day}.csv"
"#;

#[test]
fn nights_belong_to_the_next_trading_day() {
    let folder = Folder::new();
    let ticks = [
        ("2025-11-13T15:45:30", 1), // the closing auction
        ("2025-11-13T17:00:00", 2),
        ("2025-11-14T05:59:00", 3),
        ("2025-11-14T15:00:00", 4),
        ("2025-11-14T23:00:00", 5), // Friday's night is Monday's
        ("2025-11-17T09:00:00", 6),
    ];
    let rows: String = ticks.iter().map(|(ts, n)| format!("{ts},{n}\n")).collect();
    folder.write("ticks.csv", format!("ts,n\n{rows}"));
    for _ in 0..2 {
        let built = folder.pipeline(PIPELINE).build().unwrap();
        built.start().unwrap().join().unwrap();
    }
    let read = |name: &str| {
        let path = folder.path(&format!("out/ticks/{name}.csv"));
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().skip(1).filter_map(|l| l.rsplit(',').next());
        rows.map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    for (day, rows) in [
        ("2025-11-13", "1"),
        ("2025-11-14", "2 3 4"),
        ("2025-11-17", "5 6"),
    ] {
        assert_eq!(read(day), rows, "{day}");
        assert_eq!(read(&format!("{day}.2")), rows, "{day} of the second run");
    }
}
