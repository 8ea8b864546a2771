//! What the PowerShell script sends: the rows of a range, with what cells hold while an add-in loads.

use std::sync::Arc;

use super::{Run, clock, feed, send};

/// As `ConvertTo-Json` writes a range: numbers, texts, nulls for empty cells, errors as texts.
const RANGE: &str = r##"[
{"ts":"2026-09-01T10:00:00.123+09:00","name":"日経225オプション 2026年9月 C70000","price":55,"bid":53.0,"bid_qty":4,"ask":56,"ask_qty":2,"iv":26.1,"volume":"1,143","oi":4655,"settlement":91},
{"ts":"2026-09-01T10:00:00.123+09:00","name":"日経225オプション 2026年9月 P30000","price":"","bid":null,"bid_qty":null,"ask":"#N/A","ask_qty":"-","iv":null,"volume":0,"oi":null,"settlement":null},
{"ts":"2026-09-01T10:00:00.123+09:00","name":"日経225mini 26/09","price":65000,"bid":64995,"bid_qty":20,"ask":65000,"ask_qty":31,"volume":120000},
{"ts":"2026-09-01T10:00:00.123+09:00","name":"7203","price":3000}
]"##;

#[test]
fn a_range_each_second() {
    let clock = clock("2026-09-01T10:00:01+09:00");
    let streams = [
        "options",
        "futures",
        "options__errors",
        "futures__errors",
        "excel_rss__errors",
        "excel_rss__late",
    ];
    let pipeline = feed("excel-rss", &streams)
        .set("excel_listen", "127.0.0.1:0")
        .clock(Arc::new(clock.clone()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let built = runtime.block_on(async { pipeline.build() });
    let built = built.unwrap_or_else(|e| panic!("{e}"));
    let (_, url) = &built.posting()[0];
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
    let port: u16 = port.parse().unwrap();
    let run = Run::start(built, &clock);
    let answer = send(
        port,
        &format!(
            "POST /excel-rss HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{RANGE}",
            RANGE.len()
        ),
    );
    assert!(answer.contains("{\"rows\":4}"), "{answer}");
    let found = run.rows(4);
    assert_eq!(
        found[..3],
        [
            "futures: 2026-09-01T01:00:00.123Z|2026-09-01|NK225.mini|2026-09-11|65000.0|null|64995.0|20|65000.0|31|120000|null|null|null|excel-rss",
            "options: 2026-09-01T01:00:00.123Z|2026-09-01|NK225.option|2026-09-11|30000.0|P|null|null|null|null|null|null|null|null|null|0|null|null|null|excel-rss",
            "options: 2026-09-01T01:00:00.123Z|2026-09-01|NK225.option|2026-09-11|70000.0|C|55.0|null|53.0|4|56.0|2|26.1|null|null|1143|4655|2026-08-31|91.0|excel-rss",
        ]
    );
    let [.., error] = &found[..] else { panic!() };
    assert!(
        found.len() == 4 && error.contains("expected the name of a contract, found none"),
        "{found:#?}"
    );
}
