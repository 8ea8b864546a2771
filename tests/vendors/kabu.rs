//! kabu STATION: a token, registering, the push socket; then each trap of the documentation.

use std::sync::Arc;

use super::{Run, StandIn, clock, feed};

const STREAMS: [&str; 7] = [
    "options",
    "futures",
    "indices",
    "options__errors",
    "futures__errors",
    "kabu_push__errors",
    "kabu_push__late",
];

/// The feed with these symbols of the stand-in.
fn start(stand_in: &StandIn, symbols: &[&str]) -> Run {
    let clock = clock("2026-09-01T10:00:00+09:00");
    let listed: Vec<String> = symbols
        .iter()
        .map(|symbol| format!("{{\"Symbol\":\"{symbol}\",\"Exchange\":2}}"))
        .collect();
    let port = stand_in.port;
    let pipeline = feed("kabu", &STREAMS)
        .set("kabu_url", format!("http://127.0.0.1:{port}/kabusapi"))
        .set(
            "kabu_push_url",
            format!("ws://127.0.0.1:{port}/kabusapi/websocket"),
        )
        .set("kabu_symbols", format!("[{}]", listed.join(",")))
        .clock(Arc::new(clock.clone()));
    let built = pipeline.build().unwrap_or_else(|e| panic!("{e}"));
    Run::start(built, &clock)
}

/// A row without its time, which is that of the clock when it came.
fn timeless(rows: &[String]) -> Vec<String> {
    let cut = |row: &String| {
        let (stream, rest) = row.split_once(": ").unwrap();
        let (ts, rest) = rest.split_once('|').unwrap();
        assert!(ts.starts_with("2026-09-01T01:0"), "{row}");
        format!("{stream}: {rest}")
    };
    let mut rows: Vec<String> = rows.iter().map(cut).collect();
    rows.sort();
    rows
}

#[test]
fn boards_are_pushed_with_their_traps() {
    let stand_in = StandIn::start();
    let symbols = [
        "131090018",
        "141090018",
        "131090118",
        "169090019",
        "141090118",
        "101",
    ];
    let found = start(&stand_in, &symbols).rows(symbols.len());
    let of = |rest: &str| format!("2026-09-01|NK225.option|2026-09-11|{rest}|null|null|null|kabu");
    assert_eq!(
        timeless(&found),
        [
            // The date was a day behind.
            "futures: 2026-09-01|NK225.mini|2026-09-11|65000.0|2026-09-01T00:59:59Z|64995.0|4|65000.0|2|143|null|null|null|kabu".to_owned(),
            "indices: 2026-09-01|N225|65020.5|90.0|kabu".to_owned(),
            // Nothing was traded, and nobody bids.
            format!("options: {}", of("30000.0|P|null|null|null|null|1.0|2|null|null|null|0")),
            // Before the opening.
            format!("options: {}", of("60000.0|P|null|null|null|null|null|null|null|null|null|0")),
            // Crossed.
            format!("options: {}", of("69000.0|C|100.0|2026-09-01T00:59:58Z|null|null|null|null|25.0|null|null|143")),
            format!("options: {}", of("70000.0|C|55.0|2026-09-01T00:59:58Z|53.0|4|56.0|2|26.1|null|null|143")),
        ]
    );
    assert_eq!(
        stand_in.asked(),
        [
            "POST /kabusapi/token",
            "PUT /kabusapi/unregister/all",
            "PUT /kabusapi/register",
            "GET /kabusapi/websocket",
        ]
    );
}

#[test]
fn too_many_symbols_are_refused_and_asked_for_again() {
    let stand_in = StandIn::start();
    let many: Vec<String> = (200..251).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let run = start(&stand_in, &many);
    run.until(|| {
        stand_in
            .asked()
            .iter()
            .filter(|a| a.starts_with("PUT /kabusapi/register"))
            .count()
            >= 2
    });
    // A new token each time: another program may have made the one before invalid.
    let asked = stand_in.asked();
    let tokens = asked
        .iter()
        .filter(|a| a.as_str() == "POST /kabusapi/token")
        .count();
    assert!(tokens >= 2, "{asked:?}");
    assert!(!asked.iter().any(|a| a.contains("websocket")), "{asked:?}");
}
