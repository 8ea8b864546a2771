//! J-Quants V2: two pages each, a 429 between, "" for numbers, a row of an emergency margin.

use std::sync::Arc;

use super::{Run, StandIn, clock, feed};

#[test]
fn the_end_of_a_day() {
    let stand_in = StandIn::start();
    let clock = clock("2026-09-02T04:00:00+09:00");
    let streams = [
        "options",
        "futures",
        "open_interest",
        "options__errors",
        "futures__errors",
        "open_interest__errors",
        "jquants_options__errors",
        "jquants_futures__errors",
        "jquants_options__late",
        "jquants_futures__late",
    ];
    let pipeline = feed("jquants", &streams)
        .set(
            "jquants_url",
            format!("http://127.0.0.1:{}/v2", stand_in.port),
        )
        .clock(Arc::new(clock.clone()));
    let built = pipeline.build().unwrap_or_else(|e| panic!("{e}"));
    let found = Run::start(built, &clock).rows(9);
    let expected = [
        "futures: 2026-09-01T18:00:00Z|2026-09-01|NK225.future|2026-09-11|65000.0|null|null|null|null|null|30000|250000|2026-09-01|null|jquants",
        "futures: 2026-09-01T18:00:00Z|2026-09-01|NK225.mini|2026-09-11|65005.0|null|null|null|null|null|900000|400000|2026-09-01|null|jquants",
        "open_interest: 2026-09-01T18:00:00Z|2026-09-01|NK225.future|2026-09-11|null|null|250000|null|jquants",
        "open_interest: 2026-09-01T18:00:00Z|2026-09-01|NK225.mini|2026-09-11|null|null|400000|null|jquants",
        "open_interest: 2026-09-01T18:00:00Z|2026-09-01|NK225.option|2026-09-11|20000.0|P|12|null|jquants",
        "open_interest: 2026-09-01T18:00:00Z|2026-09-01|NK225.option|2026-09-11|70000.0|C|4655|null|jquants",
        "options: 2026-09-01T18:00:00Z|2026-09-01|NK225.option|2026-09-11|20000.0|P|null|null|null|null|null|null|null|null|null|0|12|2026-09-01|null|jquants",
        "options: 2026-09-01T18:00:00Z|2026-09-01|NK225.option|2026-09-11|61125.0|P|3.0|null|null|null|null|null|31.5|null|null|2|null|null|null|jquants",
        "options: 2026-09-01T18:00:00Z|2026-09-01|NK225.option|2026-09-11|70000.0|C|57.0|null|null|null|null|null|26.1|null|null|1500|4655|2026-09-01|null|jquants",
    ];
    assert_eq!(found, expected);
    // Each page was asked for once, but for the one that was refused.
    let mut asked = stand_in.asked();
    asked.sort();
    assert_eq!(asked.len(), 5, "{asked:?}");
    let paged = asked
        .iter()
        .filter(|a| a.ends_with("&pagination_key=page.1"));
    assert!((2..=3).contains(&paged.count()), "{asked:?}");
}
