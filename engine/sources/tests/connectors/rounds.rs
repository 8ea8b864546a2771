//! Rounds of `http_client`: a login before, one item after the other, a request after each answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::Float64Array;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use zaraba_config::document::{HttpClientDoc, MessageDoc, RequestDoc};
use zaraba_core::clock::Clock as _;
use zaraba_core::source::{Polled, Source as _};
use zaraba_core::time::{ClockTime, SECOND};

use crate::common::located;
use crate::http_client::{Asking, Stand, row, stand};

fn request(method: &str, url: String, capture: &[(&str, &str)]) -> RequestDoc {
    let capture = capture
        .iter()
        .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    RequestDoc {
        method: method.to_owned(),
        url,
        headers: vec![("X-Key".to_owned(), "{token}".to_owned())],
        body: None,
        capture: capture.collect(),
    }
}

/// Asks for these after a login, and takes each back.
fn doc(stand: &Stand, each: &[&str]) -> HttpClientDoc {
    let login = RequestDoc {
        headers: Vec::new(),
        body: Some(MessageDoc::Json(serde_json::json!({ "who": "me" }))),
        ..request("POST", format!("{}/token", stand.url), &[("token", "$.t")])
    };
    HttpClientDoc {
        url: located(format!("{}/{{each}}?m={{each}}", stand.url)),
        headers: vec![("X-Key".to_owned(), "{token}".to_owned())],
        before: vec![login],
        each: Some(each.iter().map(|e| (*e).to_owned()).collect()),
        after: vec![request("DELETE", format!("{}/{{each}}", stand.url), &[])],
        ..stand.doc()
    }
}

/// Prices, bad rows as `place: reason: row`, and failures, until so many came.
fn told(asking: &mut Asking, wanted: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..1000 {
        match asking.source.poll(100) {
            Ok(Polled::Rows(rows)) => {
                let column = rows.rows.column(1).as_any();
                let column = column.downcast_ref::<Float64Array>().unwrap();
                told.extend(column.values().iter().map(f64::to_string));
                let bad = rows.bad.into_iter().map(|(_, bad)| bad);
                told.extend(bad.map(|b| format!("{}: {}: {}", b.place, b.reason, b.row)));
            }
            Ok(Polled::Pending(Some(_))) if told.len() >= wanted => return told,
            Ok(Polled::Pending(_)) => asking.source.wake().wait(Duration::from_millis(5)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => told.push(error.to_string()),
        }
        let now = asking.clock.now().0;
        asking.clock.set(ClockTime(now + SECOND / 1000));
    }
    panic!("only {told:?}");
}

/// The address of a stand differs from run to run.
fn without_address(stand: &Stand, told: Vec<String>) -> Vec<String> {
    let shorter = |text: String| text.replace(&stand.url, "U");
    told.into_iter().map(shorter).collect()
}

#[test]
fn a_round_is_one_login_and_each_item_with_what_is_asked_after_it() {
    let stand = stand(|n, uri| match uri {
        "/rows/token" => "{\"t\":\"key1\"}".into_response(),
        _ => format!("[{}]", row(n)).into_response(),
    });
    let mut asking = Asking::new(&doc(&stand, &["a", "b&c"]));
    assert_eq!(told(&mut asking, 2), ["1", "3"]);
    assert_eq!(
        asking.due(),
        ClockTime(SECOND),
        "a second after the round began"
    );
    asking.later(1);
    assert_eq!(told(&mut asking, 2), ["5", "7"]);
    let round = [
        "GET /rows/a?m=a x-key=key1",
        "DELETE /rows/a x-key=key1",
        "GET /rows/b%26c?m=b%26c x-key=key1",
        "DELETE /rows/b%26c x-key=key1",
    ];
    let login = ["POST /rows/token {\"who\":\"me\"}"];
    assert_eq!(stand.asked(), [&login[..], &round, &round].concat());
}

#[test]
fn a_token_that_ended_is_asked_for_again_once() {
    // It ends within a round, between two, before what is asked after an answer, and once more
    // before it was used.
    let tokens = Arc::new(AtomicUsize::new(0));
    let stand = stand(move |n, uri| match (uri, n) {
        ("/rows/token", _) => {
            let token = tokens.fetch_add(1, Ordering::Relaxed);
            format!("{{\"t\":\"key{token}\"}}").into_response()
        }
        (_, 3) => StatusCode::FORBIDDEN.into_response(),
        (_, 7 | 12 | 15 | 17) => (StatusCode::UNAUTHORIZED, "not key4").into_response(),
        _ => row(n).into_response(),
    });
    let mut asking = Asking::new(&doc(&stand, &["a", "b"]));
    assert_eq!(told(&mut asking, 2), ["1", "5"]);
    asking.later(1);
    assert_eq!(told(&mut asking, 2), ["9", "11"]);
    asking.later(1);
    let found = told(&mut asking, 3);
    // What was captured is not said back.
    let failed = "GET U/a: answered 401 Unauthorized, which will hardly change by itself; look at \
                  `headers`: not ***";
    assert_eq!(without_address(&stand, found), [failed, "19", "21"]);
    let login = "POST /rows/token {\"who\":\"me\"}";
    let get = |item: &str, key: u8| format!("GET /rows/{item}?m={item} x-key=key{key}");
    let delete = |item: &str, key: u8| format!("DELETE /rows/{item} x-key=key{key}");
    let expected = [
        login.to_owned(),
        get("a", 0),
        delete("a", 0),
        get("b", 0),
        login.to_owned(),
        get("b", 1),
        delete("b", 1),
        get("a", 1),
        login.to_owned(),
        get("a", 2),
        delete("a", 2),
        get("b", 2),
        delete("b", 2),
        login.to_owned(),
        delete("b", 3),
        get("a", 3),
        login.to_owned(),
        get("a", 4),
        login.to_owned(),
        get("a", 5),
        delete("a", 5),
        get("b", 5),
        delete("b", 5),
    ];
    assert_eq!(stand.asked(), expected);
}

#[test]
fn an_item_that_fails_does_not_stop_the_others() {
    let stand = stand(|n, uri| match uri {
        "/rows/token" => "{\"t\":\"key1\"}".into_response(),
        "/rows/none?m=none" => (StatusCode::BAD_REQUEST, "no such code").into_response(),
        "/rows/odd?m=odd" => "[1,".into_response(),
        "/rows/down?m=down" => StatusCode::BAD_GATEWAY.into_response(),
        // A request after an answer that fails is no failure of the rows.
        "/rows/c" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => row(n).into_response(),
    });
    let mut asking = Asking::new(&doc(&stand, &["none", "odd", "a", "down", "c"]));
    let round = |a: usize, c: usize| {
        [
            "U/none: answered 400 Bad Request, which will hardly change by itself; \
             look at `url` and `headers`: no such code: none"
                .to_owned(),
            "U/odd: expected a value at byte 4: odd".to_owned(),
            a.to_string(),
            // Twice, then the next.
            "GET U/down: answered 502 Bad Gateway".to_owned(),
            "GET U/down: answered 502 Bad Gateway".to_owned(),
            c.to_string(),
        ]
    };
    let found = told(&mut asking, 6);
    assert_eq!(without_address(&stand, found), round(5, 9));
    asking.later(2);
    let found = told(&mut asking, 6);
    assert_eq!(without_address(&stand, found), round(15, 19));
}

#[test]
fn a_login_that_is_refused_is_tried_as_seldom_as_any_poll() {
    let stand = stand(|n, uri| match (uri, n) {
        ("/rows/token", 0..3) => (StatusCode::BAD_REQUEST, "not now").into_response(),
        ("/rows/token", _) => "{\"t\":\"key1\"}".into_response(),
        _ => row(n).into_response(),
    });
    let mut asking = Asking::new(&doc(&stand, &["a", "b"]));
    let failed = "POST U/token: answered 400 Bad Request, which will hardly change by itself; look at \
                  `url` and `headers`: not now";
    // Each is a failure of the source, which waits; no item is a bad row for it.
    let found = told(&mut asking, 4);
    assert_eq!(
        without_address(&stand, found),
        [failed, failed, failed, "4"]
    );
}

#[test]
fn nothing_is_asked_for_no_items() {
    let stand = stand(|n, _| row(n).into_response());
    let mut asking = Asking::new(&doc(&stand, &[]));
    // It has ended, so that others do not wait for its rows.
    assert!(matches!(asking.source.poll(1), Ok(Polled::End)));
    asking.later(5);
    assert!(matches!(asking.source.poll(1), Ok(Polled::End)));
    assert_eq!(stand.asked(), [] as [&str; 0]);
}

#[test]
fn all_requests_keep_to_the_rate() {
    let stand = stand(|n, uri| match uri {
        "/rows/token" => "{\"t\":\"key1\"}".into_response(),
        _ => row(n).into_response(),
    });
    let mut asking = Asking::new(&HttpClientDoc {
        rate: 100.0,
        ..doc(&stand, &["a", "b", "c"])
    });
    told(&mut asking, 3);
    assert_eq!(stand.asked().len(), 7);
    assert!(asking.clock.now().0 >= 6 * SECOND / 100);
}
