//! Files as the exchange and its vendors write them: CP932, without a header, thousands separated.

use crate::cases::folder::Folder;

const PIPELINE: &str = r#"
name = "encodings"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "file"
path = "PATH"
format = "FORMAT"
time = "ts"
encoding = "ENCODING"
on_error = "dead_letter"
CSV
[source.ticks.schema]
ts = { type = "timestamp", format = "%Y/%m/%d %H:%M", FROM0 }
name = { type = "text", FROM1 }
oi = { type = "int64", thousands = ",", nulls = ["－"], FROM2 }
[sink.out]
connector = "channel"
from = ["ticks", "ticks__errors"]
"#;

fn pipeline(path: &str, format: &str, encoding: &str, header: bool) -> String {
    let from = |i: usize, name: &str| {
        if header || format == "json" {
            format!("from = \"{name}\"")
        } else {
            format!("from = {i}")
        }
    };
    let csv = format!("csv = {{ header = {header} }}");
    let text = PIPELINE
        .replace("PATH", path)
        .replace("FORMAT", format)
        .replace("ENCODING", encoding)
        .replace("CSV", if format == "csv" { &csv } else { "" });
    [("FROM0", "時刻"), ("FROM1", "銘柄"), ("FROM2", "建玉")]
        .iter()
        .enumerate()
        .fold(text, |text, (i, (word, name))| {
            text.replace(word, &from(i, name))
        })
}

/// 日経225ミニ① and ﾐﾆ in CP932, and bytes that are no character of it.
const ROWS: &[u8] = b"2026/08/31 16:41,\x93\xfa\x8co225\x83~\x83j\x87@,\"1,234\"\n\
2026/08/31 16:42,\xd0\xc6,\x81|\n\
2026/08/31 16:43,\x81\x20\xfd,5\n\
2026/08/31 16:44,\x95\\,6\n";

const READ: [&str; 3] = [
    "2026-08-31T07:41:00Z|日経225ミニ①|1234",
    "2026-08-31T07:42:00Z|ﾐﾆ|null",
    // Its second byte is a backslash.
    "2026-08-31T07:44:00Z|表|6",
];

#[test]
fn cp932_with_a_header_and_without() {
    let folder = Folder::new();
    folder.write("plain.csv", ROWS);
    // 時刻,銘柄,建玉
    let header = b"\x8e\x9e\x8d\x8f,\x96\xc1\x95\xbf,\x8c\x9a\x8b\xca\n";
    folder.write("named.csv", [&header[..], ROWS].concat());
    for (path, header, line) in [("plain.csv", false, 3), ("named.csv", true, 4)] {
        let ran = folder.run(&pipeline(path, "csv", "cp932", header));
        assert_eq!(ran.failure, None);
        assert_eq!(ran.rows("ticks"), READ, "{path}");
        let [bad] = ran.rows("ticks__errors") else {
            panic!("{path}: {:?}", ran.rows("ticks__errors"));
        };
        let reason = "which is not CP932";
        assert!(
            bad.contains(reason) && bad.contains(&format!("{path}:{line}")),
            "{bad}"
        );
    }
}

#[test]
fn json_in_euc_jp() {
    let folder = Folder::new();
    // {"時刻":"2026/08/31 16:41","銘柄":"日経","建玉":7}
    let line = b"{\"\xbb\xfe\xb9\xef\":\"2026/08/31 16:41\",\"\xcc\xc3\xca\xc1\":\"\xc6\xfc\xb7\xd0\",\"\xb7\xfa\xb6\xcc\":7}\n";
    folder.write("rows.json", line);
    let ran = folder.run(&pipeline("rows.json", "json", "euc-jp", true));
    assert_eq!(ran.failure, None);
    assert_eq!(ran.rows("ticks"), ["2026-08-31T07:41:00Z|日経|7"]);
}
