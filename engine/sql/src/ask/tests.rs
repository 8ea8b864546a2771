//! Queries asked once: what they answer, what is refused, and what stops them.

use std::sync::atomic::Ordering;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use zaraba_finance::calendar::Calendar;

use super::*;

const TIME: Duration = Duration::from_millis(500);

fn facts(n: i64) -> RecordBatch {
    let names = (0..n).map(|i| format!("row {i}"));
    RecordBatch::try_from_iter([
        (
            "n",
            Arc::new(Int64Array::from_iter_values(0..n)) as ArrayRef,
        ),
        ("name", Arc::new(StringArray::from_iter_values(names))),
    ])
    .unwrap()
}

fn ask(sql: &str, rows: i64, limits: AskLimits) -> Result<Answer, Refusal> {
    let catalog = Catalog::new("Asia/Tokyo", None, &Calendar::built_in(), &[]);
    let topics = vec![
        ("facts".to_owned(), facts(0).schema()),
        ("others".to_owned(), facts(0).schema()),
    ];
    let held = |name: &str| (name == "facts").then(|| facts(rows));
    let stop = Arc::new(AtomicBool::new(false));
    Ask::new(&catalog, topics, limits).run(
        sql,
        &[("few".to_owned(), Param::Int(2))],
        0,
        &held,
        &stop,
    )
}

const LIMITS: AskLimits = AskLimits {
    time: TIME,
    memory: 64 << 20,
    rows: 1_000,
};

fn numbers(answer: &Answer) -> Vec<i64> {
    let columns = answer
        .1
        .iter()
        .map(|b| b.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|c| c.values().to_vec()).collect()
}

#[test]
fn rows_that_are_there() {
    for (sql, expected) in [
        ("SELECT count(*) FROM facts", vec![5_000]),
        ("SELECT count(*) FROM others", vec![0]),
        (
            "SELECT n FROM facts WHERE n > 4997 ORDER BY n DESC",
            vec![4_999, 4_998],
        ),
        // 0 + 7 + … + 4998
        (
            "SELECT sum(n) FROM facts WHERE n % 7 = 0",
            vec![7 * (714 * 715 / 2)],
        ),
        (
            "SELECT a.n FROM facts a JOIN facts b ON a.n = b.n + 4998 ORDER BY 1",
            vec![4_998, 4_999],
        ),
        (
            "WITH few AS (SELECT n FROM facts LIMIT 3) SELECT max(n) FROM few",
            vec![2],
        ),
        ("SELECT 1 + 1", vec![2]),
        ("SELECT n FROM facts WHERE n < $few ORDER BY n", vec![0, 1]),
    ] {
        let answer = ask(sql, 5_000, LIMITS).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        assert_eq!(numbers(&answer), expected, "{sql}");
    }
}

#[test]
fn what_may_not_be_asked() {
    for (sql, at, message) in [
        (
            "SELECT nn FROM facts",
            Some((7, 9)),
            "no column `nn` in `facts`; did you mean `n`?",
        ),
        (
            "SELECT n FROM fact",
            None,
            "no stream or table `fact`; did you mean `facts`?",
        ),
        (
            "DROP TABLE facts",
            None,
            "expected a SELECT, found another statement",
        ),
        (
            "INSERT INTO facts VALUES (1)",
            None,
            "expected a SELECT, found another statement",
        ),
        (
            "SELECT 1; SELECT 2",
            Some((10, 16)),
            "expected one SELECT, found 2 statements",
        ),
        (
            "SELECT repeat('x', 1000000000)",
            Some((7, 13)),
            "repeat() can make more than",
        ),
        (
            "SELECT random()",
            Some((7, 13)),
            "random() gives another answer each time",
        ),
        (
            "SELECT count(*) FROM TUMBLE(facts, n, INTERVAL '1 minute')",
            Some((21, 27)),
            "TUMBLE is for streams: a query reads the rows that are in tables and topics now",
        ),
        (
            "WITH a AS (SELECT * FROM hop(fact, x)) SELECT n FROM facts",
            Some((25, 28)),
            "HOP is for streams",
        ),
        (
            "SELECT * FROM generate_series(1, 3)",
            Some((14, 29)),
            "no table function `generate_series`",
        ),
        (
            "SELECT",
            Some((6, 6)),
            "expected an expression, found the end of the SQL",
        ),
    ] {
        let Err(Refusal::Wrong(mistakes)) = ask(sql, 10, LIMITS) else {
            panic!("{sql}")
        };
        assert!(
            mistakes[0].message.starts_with(message),
            "{sql}: {mistakes:?}"
        );
        assert!(at.is_none() || mistakes[0].at == at, "{sql}: {mistakes:?}");
    }
}

#[test]
fn limits_stop_it() {
    let millions = "SELECT count(*) FROM facts a, facts b, facts c WHERE a.n + b.n + c.n = -1";
    let loops = "SELECT count(*) FROM facts a JOIN facts b ON a.n + b.n < -1 \
                 JOIN facts c ON a.n + c.n > b.n";
    let many = "SELECT count(*) FROM (SELECT DISTINCT a.n * 5000 + b.n AS k FROM facts a, facts b)";
    let small = AskLimits {
        memory: 1 << 20,
        time: Duration::from_secs(30),
        ..LIMITS
    };
    for (sql, limits, message) in [
        (
            millions,
            LIMITS,
            "the query was stopped: it ran longer than its limit of 500ms",
        ),
        (
            "SELECT n FROM facts",
            LIMITS,
            "the query answers more rows than its limit of 1000",
        ),
        (
            many,
            small,
            "the query needs more memory than its limit of 1 MiB",
        ),
        ("SELECT 1 / (n - n) FROM facts", LIMITS, "division by zero"),
    ] {
        let watch = zaraba_core::clock::Stopwatch::start();
        let refused = ask(sql, 5_000, limits);
        let took = watch.elapsed();
        let Err(Refusal::Failed(text)) = refused else {
            panic!("{sql}: {refused:?}")
        };
        assert!(
            text.to_lowercase().contains(&message.to_lowercase()),
            "{sql}: {text}"
        );
        assert!(
            took < limits.time + Duration::from_secs(5),
            "{sql}: {took:?}"
        );
    }
    // A join that finds nothing hands no batch on, and ends all the same, one way or the other.
    drop(ask(loops, 5_000, LIMITS));
}

/// One batch on one side, four million rows on the other: the join asks for no more input for
/// minutes.
#[test]
fn a_join_is_stopped_within_a_batch() {
    let sql = "SELECT count(*) FROM (SELECT a.n * b.n AS k FROM facts a, facts b) l \
               JOIN facts r ON l.k + r.n < -1 AND sqrt(l.k + r.n) > ln(l.k + r.n + 1)";
    let limits = AskLimits {
        memory: 1 << 30,
        ..LIMITS
    };
    let watch = zaraba_core::clock::Stopwatch::start();
    let refused = ask(sql, 2_000, limits);
    let took = watch.elapsed();
    let expected = "the query was stopped: it ran longer than its limit of 500ms";
    assert!(
        matches!(&refused, Err(Refusal::Failed(text)) if text == expected),
        "{refused:?}"
    );
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn nobody_waits() {
    let catalog = Catalog::new("UTC", Some(0), &Calendar::built_in(), &[]);
    let topics = vec![("facts".to_owned(), facts(0).schema())];
    let stop = Arc::new(AtomicBool::new(false));
    stop.store(true, Ordering::Relaxed);
    let held = |_: &str| Some(facts(10));
    let refused =
        Ask::new(&catalog, topics, LIMITS).run("SELECT n FROM facts", &[], 0, &held, &stop);
    assert!(
        matches!(&refused, Err(Refusal::Failed(text)) if text.contains("nobody waits")),
        "{refused:?}"
    );
}

/// On a thread like those of queries.
pub(super) fn on_a_stack_of_queries<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    thread.spawn(work).unwrap().join().unwrap()
}

/// As much SQL as a request may have, each as deep or as long as it goes: answered or refused, and
/// the process stands.
#[test]
fn sql_that_is_deep_or_long() {
    for bytes in [64 << 10, 4_000] {
        deep_or_long(bytes);
    }
}

fn deep_or_long(bytes: usize) {
    let fill = |before: &str, again: &str, after: &str| {
        let n = (bytes - before.len() - after.len()) / again.len();
        format!("{before}{}{after}", again.repeat(n))
    };
    let nested = |open: &str, inner: &str, close: &str| {
        let n = (bytes - 40) / (open.len() + close.len());
        format!("SELECT {}{inner}{}", open.repeat(n), close.repeat(n))
    };
    for sql in [
        fill("SELECT 1", "+1", ""),
        fill("SELECT 1", "||1", ""),
        fill("SELECT ", "- ", "1"),
        fill("SELECT ", "NOT ", "true"),
        fill("SELECT n FROM facts WHERE n = 1", " OR n=1", ""),
        fill("SELECT n FROM facts WHERE true", " AND n<>1", ""),
        fill("SELECT 1", "::int", ""),
        fill("SELECT 1", " IS NULL", ""),
        fill("SELECT n", ".n", " FROM facts"),
        fill("SELECT n", "[1]", " FROM facts"),
        fill("SELECT 1", " UNION ALL SELECT 1", ""),
        fill("SELECT 1 FROM facts", ",facts", ""),
        fill("SELECT 1 FROM facts", " CROSS JOIN others", ""),
        fill("SELECT 1 IN (1", ",1", ")"),
        fill("SELECT 1", ",1", ""),
        fill("SELECT coalesce(1", ",n", ") FROM facts"),
        fill("WITH a AS (SELECT 1)", ",a AS (SELECT 1)", " SELECT 1"),
        nested("(", "1", ")"),
        nested("(SELECT ", "1", ")"),
        nested("abs(", "1", ")"),
        nested("CASE WHEN true THEN ", "1", " END"),
        nested("CAST(", "1", " AS int)"),
        nested("[", "1", "]"),
        fill("SELECT ", "(", ""),
        fill("SELECT * FROM ", "(SELECT * FROM ", ""),
        // As deep as is let in.
        format!("SELECT 1{}", "+1".repeat(198)),
        format!("SELECT n FROM facts WHERE n = 1{}", " OR n = 1".repeat(98)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(49)),
        format!("SELECT 1 FROM facts{}", ",others".repeat(49)),
        format!("SELECT {}1{}", "abs(".repeat(90), ")".repeat(90)),
        format!(
            "{}facts{}",
            "SELECT * FROM (".repeat(40) + "SELECT * FROM ",
            ")".repeat(40)
        ),
    ] {
        let shown = sql[..60].to_owned();
        let answered = on_a_stack_of_queries(move || ask(&sql, 3, LIMITS).map(drop));
        println!("{shown}: {answered:?}");
    }
}
