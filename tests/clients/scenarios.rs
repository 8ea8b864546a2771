//! What happens to a client, and what it must have seen in the end: each scenario for each of the
//! clients.

use crate::clients::desk::{Desk, newest, posted};
use crate::clients::package::Package;
use crate::clients::probe::{How, Language, Probe};
use crate::clients::proxy::Proxy;

const BOTH: &[&str] = &["ticks", "newest"];

/// A client behind a proxy, that has its first snapshots.
async fn following(language: &Language, proxy: &Proxy, topics: &[&str]) -> Probe {
    let url = &proxy.url;
    let mut probe = language.start(&How {
        url,
        topics,
        ..How::default()
    });
    for topic in topics {
        probe.last(topic, "snapshot").await;
    }
    probe
}

/// Rows received are rows posted, in all their digits; the state is what the newest rows make.
async fn all_rows_come(language: &Language) {
    let desk = Desk::start("");
    desk.post(0..5).await;
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, BOTH).await;
    for start in (5..60).step_by(11) {
        desk.post(start..start + 11).await;
    }
    probe.rows("ticks", 60).await;
    let story = probe.story("ticks");
    assert_eq!(story.rows, posted(0..60));
    assert_eq!((story.snapshots, story.missed), (1, 0));
    probe.state("newest", &newest(0..60)).await;
    desk.stop().await;
}

/// A connection that is cut goes on behind the last row: no row twice, none lost.
async fn a_cut_is_resumed(language: &Language) {
    const CUTS: u64 = 3;
    let desk = Desk::start("");
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, BOTH).await;
    for cut in 0..CUTS {
        let n = cut * 20;
        desk.post(n..n + 10).await;
        probe.rows("ticks", n + 10).await;
        proxy.cut();
        desk.post(n + 10..n + 20).await;
        probe.rows("ticks", n + 20).await;
    }
    let story = probe.story("ticks");
    assert_eq!(story.rows, posted(0..20 * CUTS));
    assert_eq!((story.snapshots, story.missed), (1, 0));
    assert_eq!(story.connections, 1 + CUTS);
    probe.state("newest", &newest(0..20 * CUTS)).await;
    let snapshots = probe.of("newest").filter(|l| l["type"] == "snapshot");
    assert_eq!(snapshots.count(), 1, "the state was sent again as a whole");
    desk.stop().await;
}

/// A server that is run again numbers anew: a snapshot replaces what there was.
async fn a_restart_begins_anew(language: &Language) {
    let desk = Desk::start("");
    desk.post(0..20).await;
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, BOTH).await;
    probe.rows("ticks", 20).await;
    probe.state("newest", &newest(0..20)).await;
    let again = Desk::start("");
    again.post(100..103).await;
    proxy.lead_to(again.address);
    desk.stop().await;
    let snapshots = |probe: &Probe, topic| {
        let snapshots = probe.of(topic).filter(|l| l["type"] == "snapshot");
        snapshots.count()
    };
    probe
        .until("two snapshots", |p| {
            BOTH.iter().all(|t| snapshots(p, t) == 2)
        })
        .await;
    again.post(103..130).await;
    probe.state("newest", &newest(100..130)).await;
    probe.rows("ticks", 30).await;
    // What came before the second snapshot is of the first run.
    let second = probe
        .seen
        .iter()
        .rposition(|l| l["type"] == "snapshot" && l["topic"] == "ticks");
    probe.seen.drain(..second.unwrap());
    assert_eq!(probe.story("ticks").rows, posted(100..130));
    again.stop().await;
}

/// A client that is held up for too long is told what it missed, and has the newest state.
async fn slow_readers_are_told_the_gap(language: &Language) {
    const ROWS: u64 = 60_000;
    let desk = Desk::start("");
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, BOTH).await;
    proxy.hold();
    desk.post(0..ROWS).await;
    proxy.open();
    probe.rows("ticks", ROWS).await;
    let story = probe.story("ticks");
    assert!(story.missed > 0, "the topic was slower than the reader");
    assert_eq!(story.rows.len() as u64 + story.missed, ROWS);
    assert_eq!(story.rows.last(), posted(ROWS - 1..ROWS).last());
    probe.state("newest", &newest(0..ROWS)).await;
    desk.stop().await;
}

/// One that was away for longer than rows are kept is told so too.
async fn long_absence_is_a_gap(language: &Language) {
    const ROWS: u64 = 20_000;
    let desk = Desk::start("");
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, BOTH).await;
    desk.post(0..10).await;
    probe.rows("ticks", 10).await;
    proxy.shut();
    desk.post(10..ROWS).await;
    proxy.open();
    probe.rows("ticks", ROWS).await;
    let story = probe.story("ticks");
    assert_eq!(story.snapshots, 2);
    assert_eq!(story.rows.len() as u64 + story.missed, ROWS);
    assert!(
        story.missed > 0 && story.rows.len() > 10,
        "{}",
        story.missed
    );
    probe.state("newest", &newest(0..ROWS)).await;
    desk.stop().await;
}

/// A wrong token is a clear error and not tried again; the right one gets rows.
async fn tokens_are_checked(language: &Language) {
    // A variable that is always there when these tests run serves as the token.
    let token = std::env::var("ZARABA_PYTHON").unwrap();
    let desk = Desk::start("auth = { token_env = \"ZARABA_PYTHON\" }\n");
    let url = format!("ws://{}/ws", desk.address);
    let topics = &["ticks"][..];
    for wrong in [None, Some("a token of nobody")] {
        let mut probe = language.start(&How {
            url: &url,
            topics,
            token: wrong,
            ..How::default()
        });
        let failed = probe.last("ticks", "failed").await;
        assert_eq!(failed["error"], "Refused");
        let message = failed["message"].as_str().unwrap();
        assert!(
            message.contains("answered 401: expected the token"),
            "{message}"
        );
    }
    let mut probe = language.start(&How {
        url: &url,
        topics,
        token: Some(&token),
        ..How::default()
    });
    desk.post(0..3).await;
    probe.rows("ticks", 3).await;
    assert_eq!(probe.story("ticks").rows, posted(0..3));
    desk.stop().await;
}

/// A topic that there is not fails alone, with what was meant.
async fn unknown_topics_fail_alone(language: &Language) {
    let desk = Desk::start("");
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, &["ticks"]).await;
    probe.say("+tick");
    let failed = probe.last("tick", "failed").await;
    assert_eq!(failed["error"], "NoTopic");
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("did you mean `ticks`?"), "{message}");
    desk.post(0..3).await;
    probe.rows("ticks", 3).await;
    desk.stop().await;
}

/// Topics come and go while others go on.
async fn topics_come_and_go(language: &Language) {
    let desk = Desk::start("");
    let proxy = Proxy::before(desk.address).await;
    let mut probe = following(language, &proxy, &["ticks"]).await;
    desk.post(0..10).await;
    probe.rows("ticks", 10).await;
    probe.say("+newest");
    probe.state("newest", &newest(0..10)).await;
    probe.say("-newest");
    probe.last("newest", "ended").await;
    let ended = probe.of("newest").count();
    desk.post(10..20).await;
    probe.rows("ticks", 20).await;
    assert_eq!(
        probe.of("newest").count(),
        ended,
        "rows of a topic that was stopped"
    );
    probe.say("+newest");
    desk.post(20..30).await;
    probe.state("newest", &newest(0..30)).await;
    probe.rows("ticks", 30).await;
    assert_eq!(probe.story("ticks").rows, posted(0..30));
    desk.stop().await;
}

/// The end of the pipeline ends the client that wants it so, with all rows.
async fn the_end_is_told(language: &Language) {
    let desk = Desk::start("");
    let url = format!("ws://{}/ws", desk.address);
    let mut probe = language.start(&How {
        url: &url,
        topics: &["ticks"],
        until_end: true,
        ..How::default()
    });
    probe.last("ticks", "snapshot").await;
    desk.post(0..1_000).await;
    desk.stop().await;
    probe.last("ticks", "ended").await;
    probe.seen.pop();
    assert_eq!(probe.story("ticks").rows, posted(0..1_000));
}

const fn python() -> Language {
    Language::Python
}

fn typescript() -> Language {
    Language::TypeScript(Package::compile())
}

const fn rust() -> Language {
    Language::Rust
}

/// A test for each scenario with a client.
macro_rules! each {
    ($language:ident: $($scenario:ident)*) => {
        mod $language {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $scenario() {
                    super::$scenario(&super::$language()).await;
                }
            )*
        }
    };
    ($($scenario:ident)*) => {
        each!(python: $($scenario)*);
        each!(typescript: $($scenario)*);
        each!(rust: $($scenario)*);
    };
}

each!(
    all_rows_come
    a_cut_is_resumed
    a_restart_begins_anew
    slow_readers_are_told_the_gap
    long_absence_is_a_gap
    tokens_are_checked
    unknown_topics_fail_alone
    topics_come_and_go
    the_end_is_told
);
