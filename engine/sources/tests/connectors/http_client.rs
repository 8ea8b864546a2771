//! A server of this process is asked: what it is asked, and what becomes of its answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::Float64Array;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Runtime;
use zaraba_config::document::{ColumnType, Format, HttpClientDoc, MessageDoc, NextPage, SheetDoc};
use zaraba_core::clock::{Clock, ManualClock, SystemClock};
use zaraba_core::source::{Polled, Source};
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_net::listen::Server;
use zaraba_sources::http_client::http_client;
use zaraba_sources::threaded::ThreadedSource;

use crate::common::{column, located};

/// What was asked: method, path with query, and some headers.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers by how many were asked before, and by what.
pub(crate) struct Stand {
    _runtime: Runtime,
    _server: Server,
    pub(crate) url: String,
    asked: Asked,
}

pub(crate) fn stand(
    answer: impl Fn(usize, &str) -> Response + Clone + Send + Sync + 'static,
) -> Stand {
    let runtime = Runtime::new().unwrap();
    let asked: Asked = Arc::default();
    let told = Arc::clone(&asked);
    let routes = Router::new().fallback(move |request: Request| {
        let (told, answer) = (Arc::clone(&told), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let header = |name: &str| {
                let value = parts.headers.get(name)?.to_str().ok()?;
                Some(format!(" {name}={value}"))
            };
            let seen = ["if-none-match", "if-modified-since", "x-key"];
            let seen: String = seen.into_iter().filter_map(header).collect();
            let body = String::from_utf8_lossy(&body);
            let line = format!("{} {}{seen} {body}", parts.method, parts.uri);
            let mut asked = told.lock().unwrap();
            asked.push(line.trim_end().to_owned());
            answer(asked.len() - 1, &parts.uri.to_string())
        }
    });
    let server = Server::start("127.0.0.1:0", routes, runtime.handle()).unwrap();
    Stand {
        url: format!("http://{}/rows", server.address()),
        _runtime: runtime,
        _server: server,
        asked,
    }
}

impl Stand {
    pub(crate) fn doc(&self) -> HttpClientDoc {
        HttpClientDoc {
            url: located(self.url.clone()),
            post: false,
            body: None,
            headers: Vec::new(),
            before: Vec::new(),
            each: None,
            after: Vec::new(),
            every: SECOND,
            format: Format::Json,
            rows: None,
            next: None,
            rate: 1000.0,
            timeout: 5 * SECOND,
            max_size: 1 << 20,
            sheet: SheetDoc::default(),
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A source and the clock by which it polls.
pub(crate) struct Asking {
    pub(crate) source: ThreadedSource,
    pub(crate) clock: ManualClock,
}

impl Asking {
    pub(crate) fn new(doc: &HttpClientDoc) -> Self {
        let clock = ManualClock::new(ClockTime(0));
        let schema = [
            column("ts", ColumnType::Timestamp),
            column("price", ColumnType::Float64),
        ];
        let by = Arc::new(clock.clone());
        let source = http_client(doc, &schema, chrono_tz::UTC, by).unwrap();
        Self { source, clock }
    }

    /// Polls until so many rows have come, or it fails: the prices.
    fn rows(&mut self, wanted: usize) -> Result<Vec<f64>, String> {
        let mut prices = Vec::new();
        for _ in 0..1000 {
            match self.source.poll(100) {
                Ok(Polled::Rows(rows)) => {
                    let column = rows.rows.column(1).as_any();
                    let column = column.downcast_ref::<Float64Array>().unwrap();
                    prices.extend(column.values());
                }
                Ok(Polled::Pending(_)) if prices.len() >= wanted && wanted > 0 => {
                    return Ok(prices);
                }
                Ok(Polled::Pending(_)) => self.source.wake().wait(Duration::from_millis(10)),
                Ok(other) => panic!("{other:?}"),
                Err(error) => return Err(error.to_string()),
            }
            // The worker waits for the rate by this clock.
            self.clock.set(ClockTime(self.clock.now().0 + SECOND / 100));
        }
        Ok(prices)
    }

    /// When the next poll is due, once this one is over.
    pub(crate) fn due(&mut self) -> ClockTime {
        loop {
            match self.source.poll(1).unwrap() {
                Polled::Pending(Some(due)) => return due,
                Polled::Pending(None) => self.source.wake().wait(Duration::from_millis(10)),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Lets time go by until the next poll is due.
    pub(crate) fn later(&mut self, seconds: i64) {
        self.clock
            .set(ClockTime(self.clock.now().0 + seconds * SECOND));
    }
}

pub(crate) fn row(price: usize) -> String {
    format!("{{\"ts\":\"2025-11-14T09:00:00Z\",\"price\":{price}}}")
}

#[test]
fn polls_are_made_when_due_and_say_what_is_configured() {
    let stand = stand(|n, _| format!("[{}]", row(n)).into_response());
    let mut asking = Asking::new(&HttpClientDoc {
        url: located(format!("{}?m=1", stand.url)),
        post: true,
        body: Some(MessageDoc::Text("{}".to_owned())),
        headers: vec![("X-Key".to_owned(), "k".to_owned())],
        ..stand.doc()
    });
    assert_eq!(asking.rows(1).unwrap(), [0.0]);
    assert_eq!(asking.due(), ClockTime(SECOND), "a second after the first");
    asking.later(1);
    assert_eq!(asking.rows(1).unwrap(), [1.0]);
    assert_eq!(stand.asked(), ["POST /rows?m=1 x-key=k {}"; 2]);
    assert_eq!(asking.source.position().rows, [2]);
}

#[test]
fn what_is_unchanged_is_not_sent_again() {
    let stand = stand(|n, _| match n {
        0 => (
            [
                ("etag", "\"v1\""),
                ("last-modified", "Fri, 14 Nov 2025 00:00:00 GMT"),
            ],
            row(7),
        )
            .into_response(),
        1 => StatusCode::NOT_MODIFIED.into_response(),
        _ => ([("etag", "\"v2\"")], row(8)).into_response(),
    });
    let mut asking = Asking::new(&stand.doc());
    assert_eq!(asking.rows(1).unwrap(), [7.0]);
    asking.later(1);
    assert_eq!(asking.rows(1).unwrap(), [8.0], "after a poll without rows");
    let known = "GET /rows if-none-match=\"v1\" if-modified-since=Fri, 14 Nov 2025 00:00:00 GMT";
    assert_eq!(stand.asked()[..3], ["GET /rows", known, known]);
}

#[test]
fn pages_are_followed_and_a_failed_one_is_asked_for_again() {
    let stand = stand(|n, uri| {
        let page = |rows: &[usize], next: &str| {
            let rows: Vec<String> = rows.iter().map(|n| row(*n)).collect();
            let body = format!(
                "{{\"n\":{{\"c\":{next}}},\"d\":{{\"r\":[{}]}}}}",
                rows.join(",")
            );
            ([("etag", "\"e\"")], body).into_response()
        };
        match (n, uri) {
            (0, "/rows") => page(&[1, 2], "\"a b&\""),
            (1, "/rows?c=a%20b%26") => StatusCode::BAD_GATEWAY.into_response(),
            (2, "/rows?c=a%20b%26") => page(&[3], "17"),
            (3, "/rows?c=17") => page(&[], "null"),
            (4.., "/rows") => StatusCode::NOT_MODIFIED.into_response(),
            _ => StatusCode::IM_A_TEAPOT.into_response(),
        }
    });
    let mut asking = Asking::new(&HttpClientDoc {
        rows: Some("$.d.r".to_owned()),
        next: Some(NextPage {
            from: "$.n.c".to_owned(),
            into: "c".to_owned(),
        }),
        ..stand.doc()
    });
    let mut prices = asking.rows(2).unwrap();
    // Whether the failure was told with the first rows depends on threads.
    let error = asking.rows(0).unwrap_err();
    assert!(error.contains("502 Bad Gateway"), "{error}");
    prices.extend(asking.rows(1).unwrap());
    assert_eq!(prices, [1.0, 2.0, 3.0]);
    asking.later(2);
    assert_eq!(asking.rows(0).unwrap(), [] as [f64; 0]);
    assert_eq!(stand.asked()[4], "GET /rows if-none-match=\"e\"");
}

/// Its rows come again, so not before they are due.
#[test]
fn a_poll_that_begins_anew_waits_for_its_time() {
    let stand = stand(|_, uri| match uri {
        "/rows" => format!("{{\"next\":2,\"rows\":[{}]}}", row(1)).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    });
    let mut asking = Asking::new(&HttpClientDoc {
        rows: Some("$.rows".to_owned()),
        next: Some(NextPage {
            from: "$.next".to_owned(),
            into: "page".to_owned(),
        }),
        every: 60 * SECOND,
        ..stand.doc()
    });
    assert_eq!(asking.rows(1).unwrap(), [1.0]);
    let error = asking.rows(0).unwrap_err();
    assert!(error.contains("404 Not Found"), "{error}");
    let due = asking.due();
    assert_eq!(asking.source.not_before(), Some(due));
    assert!(due >= ClockTime(60 * SECOND), "{due:?}");
    assert_eq!(stand.asked().len(), 2);
    asking.clock.set(due);
    assert_eq!(asking.rows(1).unwrap(), [1.0]);
}

#[test]
fn failures_say_what_is_wrong() {
    let check = |answer: fn() -> Response, change: fn(&mut HttpClientDoc), words: &[&str]| {
        let stand = stand(move |_, _| answer());
        let mut doc = stand.doc();
        doc.url.value.push_str("?key=secret");
        change(&mut doc);
        let error = Asking::new(&doc).rows(1).unwrap_err();
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
        assert!(!error.contains("secret"), "{error}");
    };
    let same = |_: &mut HttpClientDoc| {};
    check(
        || (StatusCode::UNAUTHORIZED, "no\nsuch key").into_response(),
        same,
        &[
            "answered 401 Unauthorized, which will hardly change by itself",
            ": no such key",
        ],
    );
    check(
        || {
            (
                StatusCode::FOUND,
                [("location", "http://elsewhere.example/")],
            )
                .into_response()
        },
        same,
        &["answered 302 Found", "redirects are not followed"],
    );
    check(
        || "[1,".into_response(),
        same,
        &["/rows: expected a value at byte 4"],
    );
    check(
        || " ".repeat(2000).into_response(),
        |doc| doc.max_size = 1999,
        &["the answer is larger than `max_size`, 1999 bytes"],
    );
    check(
        || "{\"e\":1}".into_response(),
        |doc| doc.rows = Some("$.d".to_owned()),
        &["expected an array at `$.d`, got `{\"e\":1}`"],
    );
    check(
        || {
            std::thread::sleep(Duration::from_millis(800));
            "[]".into_response()
        },
        |doc| doc.timeout = SECOND / 10,
        &["timeout"],
    );
}

#[test]
fn a_server_that_asks_for_peace_gets_it() {
    let stand = stand(|n, _| match n {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "30")]).into_response(),
        _ => row(1).into_response(),
    });
    let mut asking = Asking::new(&stand.doc());
    let error = asking.rows(1).unwrap_err();
    assert!(
        error.contains("429") && !error.contains("hardly"),
        "{error}"
    );
    assert!(asking.due().0 >= 30 * SECOND);
    assert_eq!(stand.asked().len(), 1);
    asking.later(31);
    assert_eq!(asking.rows(1).unwrap(), [1.0]);
}

#[test]
fn an_answer_without_rows_is_a_good_one_too() {
    let stand = stand(|n, _| match n {
        0 | 2 => StatusCode::BAD_GATEWAY.into_response(),
        1 => "[]".into_response(),
        _ => StatusCode::NOT_MODIFIED.into_response(),
    });
    let mut asking = Asking::new(&stand.doc());
    for answered in [false, true, false, true] {
        let found = loop {
            match asking.source.poll(1) {
                Err(_) => break false,
                Ok(_) if asking.source.answered() => break true,
                Ok(_) => asking.source.wake().wait(Duration::from_millis(10)),
            }
        };
        assert_eq!(found, answered);
        assert!(!asking.source.answered(), "told once");
        asking.later(2);
    }
}

#[test]
fn requests_keep_to_the_rate() {
    let stand = stand(|n, _| format!("{{\"c\":{n},\"r\":[]}}").into_response());
    let mut doc = stand.doc();
    doc.rate = 20.0;
    doc.rows = Some("$.r".to_owned());
    doc.next = Some(NextPage {
        from: "$.c".to_owned(),
        into: "c".to_owned(),
    });
    let schema = [column("ts", ColumnType::Timestamp)];
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let begun = clock.now();
    let mut source = http_client(&doc, &schema, chrono_tz::UTC, Arc::clone(&clock)).unwrap();
    source.poll(1).unwrap();
    while stand.asked().len() < 5 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = clock.now().0 - begun.0;
    assert!(took >= 4 * SECOND / 20, "five requests in {took} µs");
}
