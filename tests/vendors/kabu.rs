//! kabu STATION: a token, registering, the push socket; then each trap of the documentation.

use std::sync::Arc;

use zaraba::pipeline::Pipeline;

use super::{Run, StandIn, clock, feed, send};

const STREAMS: [&str; 9] = [
    "options",
    "futures",
    "indices",
    "options__errors",
    "futures__errors",
    "kabu_push__errors",
    "kabu_push__late",
    "kabu_poll__errors",
    "kabu_poll__late",
];

/// The feed with these symbols of the stand-in pushed, those asked for.
fn built(stand_in: &StandIn, symbols: &[&str], polled: &[&str]) -> Pipeline {
    let listed: Vec<String> = symbols
        .iter()
        .map(|symbol| format!("{{\"Symbol\":\"{symbol}\",\"Exchange\":2}}"))
        .collect();
    let port = stand_in.port;
    feed("kabu", &STREAMS)
        .set("kabu_url", format!("http://127.0.0.1:{port}/kabusapi"))
        .set(
            "kabu_push_url",
            format!("ws://127.0.0.1:{port}/kabusapi/websocket"),
        )
        .set("kabu_symbols", format!("[{}]", listed.join(",")))
        .set("kabu_polled", format!("{polled:?}"))
}

fn start(stand_in: &StandIn, symbols: &[&str], polled: &[&str]) -> Run {
    let clock = clock("2026-09-01T10:00:00+09:00");
    let pipeline = built(stand_in, symbols, polled).clock(Arc::new(clock.clone()));
    Run::start(pipeline.build().unwrap_or_else(|e| panic!("{e}")), &clock)
}

/// Codes that nothing is pushed of, to fill the list of what is registered.
fn fill(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|n| n.to_string()).collect()
}

/// How often something was asked.
fn count(asked: &[String], what: &str) -> usize {
    asked.iter().filter(|a| a.starts_with(what)).count()
}

/// A row without its time, which is that of the clock when it came.
fn timeless(rows: &[String]) -> Vec<String> {
    let cut = |row: &String| {
        let (stream, rest) = row.split_once(": ").unwrap();
        let (ts, rest) = rest.split_once('|').unwrap();
        // What could not be read has no time of its own: it comes with the time reached before it.
        let timed = !stream.ends_with("__errors");
        assert!(!timed || ts.starts_with("2026-09-01T01:0"), "{row}");
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
    let found = start(&stand_in, &symbols, &[]).rows(symbols.len());
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
    let run = start(&stand_in, &many, &[]);
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

/// Options of the stand-in that are asked for, as rows without their times.
const POLLED: [(&str, &str); 4] = [
    (
        "131090018",
        "options: 2026-09-01|NK225.option|2026-09-11|70000.0|C|55.0|2026-09-01T00:59:58Z|53.0|4|56.0|2|26.1|null|null|143|null|null|null|kabu",
    ),
    (
        "200",
        "options: 2026-09-01|NK225.option|2026-10-09|61000.0|C|5.0|2026-09-01T00:59:58Z|4.0|4|6.0|2|null|null|null|143|null|null|null|kabu",
    ),
    (
        "201",
        "options: 2026-09-01|NK225.option|2026-10-09|61000.0|P|5.0|2026-09-01T00:59:58Z|4.0|4|6.0|2|null|null|null|143|null|null|null|kabu",
    ),
    (
        "203",
        "options: 2026-09-01|NK225.option|2026-10-09|61250.0|P|5.0|2026-09-01T00:59:58Z|4.0|4|6.0|2|null|null|null|143|null|null|null|kabu",
    ),
];

/// What came, once each: rounds give the same again.
fn distinct(found: &[String]) -> Vec<String> {
    let mut rows = timeless(found);
    rows.dedup();
    rows
}

#[test]
fn what_is_not_pushed_is_asked_for_by_turns_and_unregistered() {
    let stand_in = StandIn::start();
    // All that may be registered but one.
    let mut pushed = fill(211, 47);
    pushed.extend(["169090019".to_owned(), "101".to_owned()]);
    let pushed: Vec<&str> = pushed.iter().map(String::as_str).collect();
    let polled = ["131090018", "999", "200", "201", "203"];
    let run = start(&stand_in, &pushed, &polled);
    let rounds = 3;
    let found = run.rows_until(|found| {
        distinct(found).len() == 7
            && found.iter().filter(|row| row.contains("61250.0|P")).count() >= rounds
    });
    let mut expected: Vec<String> = POLLED.iter().map(|(_, row)| (*row).to_owned()).collect();
    expected.extend([
        "futures: 2026-09-01|NK225.mini|2026-09-11|65000.0|2026-09-01T00:59:59Z|64995.0|4|65000.0|2|143|null|null|null|kabu".to_owned(),
        "indices: 2026-09-01|N225|65020.5|90.0|kabu".to_owned(),
    ]);
    expected.sort();
    let (errors, rows): (Vec<_>, Vec<_>) = distinct(&found)
        .into_iter()
        .partition(|row| row.starts_with("kabu_poll__errors"));
    assert_eq!(rows, expected);
    // The code that there is not does not stop the others.
    let [error] = &errors[..] else {
        panic!("{errors:#?}");
    };
    assert!(
        error.contains("4002001") && error.contains("/board/999@2"),
        "{error}"
    );
    let refused = stand_in.told("refused");
    assert!(
        !refused.iter().any(|r| r.ends_with("4002006")),
        "{refused:#?}"
    );
    // What is asked for is registered, and then no more; one may have been under way.
    let registered = stand_in.told("registered");
    assert!(
        ["49", "50"].contains(&registered[0].as_str()),
        "{registered:?}"
    );
    assert!(count(&stand_in.asked(), "GET /kabusapi/board/") >= polled.len() * rounds);
}

#[test]
fn a_token_that_another_takes_is_taken_again() {
    let stand_in = StandIn::start();
    let run = start(&stand_in, &["169090019"], &["200", "201"]);
    let mut taken = None;
    run.until(|| {
        let asked = stand_in.asked();
        let boards = count(&asked, "GET /kabusapi/board/");
        let Some((tokens, before)) = taken else {
            // Both have begun.
            if asked.iter().any(|a| a.contains("websocket")) && boards > 4 {
                let body = "{\"APIPassword\":\"none\"}";
                let request = format!(
                    "POST /kabusapi/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                assert!(send(stand_in.port, &request).contains("Token"));
                let asked = stand_in.asked();
                taken = Some((count(&asked, "POST /kabusapi/token"), boards));
            }
            return false;
        };
        count(&asked, "POST /kabusapi/token") > tokens && boards > before + 6
    });
    let refused = stand_in.told("refused");
    let denied = refused.iter().filter(|r| r.ends_with("401 4001009"));
    assert!(denied.count() >= 1, "{refused:#?}");
}

#[test]
fn a_list_that_is_full_is_told_of_each_symbol_that_is_asked_for() {
    let stand_in = StandIn::start();
    let mut pushed = fill(211, 49);
    pushed.push("169090019".to_owned());
    let pushed: Vec<&str> = pushed.iter().map(String::as_str).collect();
    let run = start(&stand_in, &pushed, &["200", "201"]);
    let full = |row: &&String| row.starts_with("kabu_poll__errors") && row.contains("4002006");
    let of = |found: &[String], code: &str| {
        let full = found.iter().filter(full);
        full.filter(|row| row.contains(&format!("/board/{code}@2")))
            .count()
            >= 2
    };
    let pushes = |found: &[String]| found.iter().any(|row| row.starts_with("futures: "));
    let found = run.rows_until(|found| of(found, "200") && of(found, "201") && pushes(found));
    assert!(
        of(&found, "200") && of(&found, "201") && pushes(&found),
        "{found:#?}"
    );
}

#[test]
fn requests_keep_to_the_vendors_limit() {
    let stand_in = StandIn::with_second("1");
    let pipeline = built(
        &stand_in,
        &["169090019"],
        &["200", "201", "203", "204", "205", "206", "207"],
    );
    // By the clock of the system: the one that is moved is nobody's.
    let built = pipeline.build().unwrap_or_else(|e| panic!("{e}"));
    let run = Run::start(built, &clock("2026-09-01T10:00:00+09:00"));
    let found = run.rows_until(|found| count(found, "options: ") >= 7);
    assert_eq!(count(&found, "options: "), 7, "{found:#?}");
    let refused = stand_in.told("refused");
    assert!(!refused.iter().any(|r| r.contains(" 429 ")), "{refused:#?}");
}
