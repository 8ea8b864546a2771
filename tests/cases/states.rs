//! What `explain` says that a query keeps, and for how long.

use crate::engine::harness::planned;

/// The state of each stage of a query.
fn states(sql: &str) -> Vec<String> {
    let plan = planned(&format!(
        r#"
name = "states"
[source.ticks]
connector = "channel"
time = "ts"
schema = {{ ts = "timestamp", side = "text", oi = "int64" }}
[query.q]
sql = """{sql}"""
"#
    ));
    let plan = plan.unwrap_or_else(|e| panic!("{e}"));
    plan.nodes[0].stages.iter().map(|s| s.state()).collect()
}

#[test]
fn windows_that_grow() {
    let states = states(
        "SELECT window_end, sum(oi) AS oi FROM CUMULATE(ticks, ts, '1m', '1h') GROUP BY window_end",
    );
    let grows = "windows that grow by 1m up to 1h: two rows of state per key, until \
                 the longest closes";
    assert_eq!(states, [grows]);
}

const GROUPS: &str = "one row of state per open session and group, until nothing came for 1m, \
                       and the rows that the watermark has not passed";
const ROWS: &str = "all rows of open sessions, until nothing came for 1m: a row's bounds are \
                    asked for beyond GROUP BY window_start, window_end and all keys";

#[test]
fn sessions_that_keep_groups() {
    let session = "FROM SESSION(ticks, ts, '1m', side)";
    for (select, rest) in [
        (
            "window_end, side, count(*) AS n",
            "GROUP BY window_start, window_end, side",
        ),
        (
            "window_end, count(*) AS n",
            "GROUP BY window_start, window_end, side",
        ),
        (
            "window_end, side AS s, oi % 2 AS odd, count(*) AS n",
            "WHERE oi > 3 GROUP BY 3, 2, window_start, window_end",
        ),
        (
            "window_end - window_start AS length, side, count(*) AS n",
            "GROUP BY window_start, window_end, side HAVING window_end - window_start > INTERVAL '2 minutes'",
        ),
        ("DISTINCT window_start, window_end, side", ""),
    ] {
        let sql = format!("SELECT {select} {session} {rest}");
        assert_eq!(states(&sql), [GROUPS], "{sql}");
    }
    let ordered = states(&format!(
        "SELECT window_end, array_agg(oi ORDER BY ts) AS oi {session} GROUP BY window_start, \
         window_end, side"
    ));
    let kept = "; ordered aggregates keep the rows themselves";
    assert_eq!(ordered, [format!("{GROUPS}{kept}")]);
}

#[test]
fn sessions_that_keep_rows() {
    let session = "FROM SESSION(ticks, ts, '1m', side)";
    for (select, rest, stages) in [
        ("window_end, ts, side", "", 1),
        (
            "window_end, count(*) AS n",
            "GROUP BY window_start, window_end",
            2,
        ),
        ("window_end, count(*) AS n", "GROUP BY window_end, side", 2),
        (
            "window_end, max(ts - window_start) AS n",
            "GROUP BY window_start, window_end, side",
            2,
        ),
        (
            "window_end, upper(side) AS side, count(*) AS n",
            "GROUP BY window_start, window_end, upper(side)",
            2,
        ),
    ] {
        let sql = format!("SELECT {select} {session} {rest}");
        let states = states(&sql);
        assert_eq!(states[0], ROWS, "{sql}");
        assert_eq!(states.len(), stages, "{sql}");
    }
}

#[test]
fn indicators_of_the_last_rows_and_of_all() {
    let over = "OVER (PARTITION BY side ORDER BY ts)";
    let kept = |calls: &str, from: &str| {
        let states = states(&format!("SELECT ts, {calls} FROM {from}"));
        states.into_iter().next().unwrap()
    };
    let several =
        format!("sma(oi, 20) {over} AS a, rci(oi, 9) {over} AS b, rsi(oi, 14) {over} AS c");
    let waits = "rows that the watermark has not passed";
    let last = format!("{waits}, the last 20 rows per key; a key is kept for ever");
    assert_eq!(kept(&several, "ticks"), last);
    let one = format!("{waits}, one row of state per key; a key is kept for ever");
    assert_eq!(kept(&format!("ema(oi, 200) {over} AS a"), "ticks"), one);
    let session =
        "vwap(oi, oi) OVER (PARTITION BY window_start, window_end, side ORDER BY ts) AS a";
    let ends = format!("{waits}, one row of state per key; a key goes when its window ends");
    assert_eq!(kept(session, "TUMBLE(ticks, ts, '1h')"), ends);
}

/// What `explain` says of a query over `ticks` and `other`.
fn explained(sql: &str) -> String {
    let plan = planned(&format!(
        r#"
name = "explained"
[source.ticks]
connector = "channel"
time = "ts"
schema = {{ ts = "timestamp", side = "text", oi = "int64" }}
[source.other]
connector = "channel"
time = "ts"
schema = {{ ts = "timestamp", side = "text", oi = "int64" }}
[query.q]
sql = """{sql}"""
"#
    ));
    let text = plan.unwrap_or_else(|e| panic!("{e}")).explain();
    text.split_once("\nq\n").expect("the query").1.to_owned()
}

#[test]
fn aggregates_that_grow() {
    let text = explained(
        "SELECT window_end, count(DISTINCT side) AS n, median(oi) AS m, \
         string_agg(side, ',' ORDER BY ts) AS s, sum(oi) AS t \
         FROM TUMBLE(ticks, ts, '1m') GROUP BY window_end",
    );
    let state = "  state: one row of state per key and window of 1m, until it closes; \
                 count(DISTINCT …) keeps the distinct values of each group; median() keeps all \
                 values of each group; ordered aggregates keep the rows themselves\n";
    assert!(text.contains(state), "{text}");
    assert!(!text.to_lowercase().contains("utf8"), "{text}");
}

#[test]
fn watermarks_that_are_held_back() {
    let join = |kind: &str, bound: &str| {
        explained(&format!(
            "SELECT a.ts, b.oi FROM ticks a {kind} JOIN other b ON a.side = b.side AND b.ts \
             BETWEEN a.ts - INTERVAL '5 minutes' AND a.ts + {bound}"
        ))
    };
    let of = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let least = "  watermark: the least of other, ticks";
    let wait = "a row waits so long for what may follow it";
    let inner = join("INNER", "INTERVAL '2 minutes'");
    assert_eq!(of(&inner), format!("{least} less 2m: {wait}"));
    assert!(!inner.contains("MonthDayNano"), "{inner}");
    assert_eq!(of(&join("LEFT", "INTERVAL '0 minutes'")), least);
    let over = "SELECT ts, sum(oi) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '1 minute' PRECEDING \
                AND INTERVAL '3 minutes' FOLLOWING) AS s FROM ticks";
    let over = explained(over);
    assert_eq!(
        of(&over),
        format!("  watermark: that of ticks less 3m: {wait}")
    );
    let rows = explained("SELECT ts, oi FROM ticks WHERE oi > 3");
    assert_eq!(of(&rows), "  watermark: that of ticks");
    assert!(
        rows.contains("  state: none: rows pass on their own\n"),
        "{rows}"
    );
    assert!(rows.contains("ticks.oi > 3"), "{rows}");
}
