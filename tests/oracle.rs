//! The oracle: a stream gives what a batch gives. Each construct has a generator of cases; a case
//! runs through the engine and, as SQL written by hand that shares no code with the engine's
//! windows, tables and ticks, through DataFusion over the whole input. Both must give the same
//! rows, in the same order per key. That the oracle would notice is a test of its own: it fails on
//! each of the planted bugs.

/// Random choices.
mod dice;

/// Sources and their rows.
mod data;

/// Cells of results.
pub(crate) mod value;

/// The batch side.
pub(crate) mod batch;

/// A case, both sides of it.
mod case;

/// All cases of a construct.
mod run;

/// Calls and conditions that generators pick from.
mod aggregate;

/// TUMBLE, HOP, CUMULATE, aggregates.
mod window;

/// SESSION.
mod session;

/// What follows an exchange's calendar.
mod trading;

/// Sessions of an exchange, by hand.
mod market_hours;

/// TRADING_SESSION.
mod trading_session;

/// Tables that follow an exchange's calendar.
mod trading_table;

/// Queries without a window.
mod pass;

/// Windows of windows.
mod nested;

/// OVER in event time.
mod over;

/// OVER within windows.
mod over_window;

/// Indicators.
mod indicator;

/// Tables.
mod table;

/// Queries over tables.
mod triggered;

/// Joins of streams and of windows.
mod join;

/// Joins with tables.
mod as_of;

/// Pipelines of several nodes.
mod dag;

/// Their streams.
mod dag_node;

/// Their joins.
mod dag_join;

/// Their tables.
mod dag_table;

/// Planted bugs.
mod faults;

/// Another batch side.
mod duck;

use batch::BatchSql;
use case::Failure;
use faults::Fault;
use run::{CASES, Construct, asked, run};

const PASS: Construct = Construct {
    name: "pass",
    case: pass::pass,
};
const TUMBLE: Construct = Construct {
    name: "tumble",
    case: window::tumble,
};
const HOP: Construct = Construct {
    name: "hop",
    case: window::hop,
};
const CUMULATE: Construct = Construct {
    name: "cumulate",
    case: window::cumulate,
};
const SESSION: Construct = Construct {
    name: "session",
    case: session::session,
};
const AGGREGATES: Construct = Construct {
    name: "aggregates",
    case: window::aggregates,
};
const NESTED: Construct = Construct {
    name: "nested",
    case: nested::nested,
};
const TABLE: Construct = Construct {
    name: "table",
    case: table::table,
};
const TRIGGERED: Construct = Construct {
    name: "triggered",
    case: triggered::triggered,
};

const AS_OF_JOIN: Construct = Construct {
    name: "as_of_join",
    case: as_of::as_of_join,
};
const WINDOW_JOIN: Construct = Construct {
    name: "window_join",
    case: join::window_join,
};
const INTERVAL_JOIN: Construct = Construct {
    name: "interval_join",
    case: join::interval_join,
};
const OVER_ROWS: Construct = Construct {
    name: "over_rows",
    case: over::over_rows,
};
const OVER_RANGE: Construct = Construct {
    name: "over_range",
    case: over::over_range,
};
const LAG: Construct = Construct {
    name: "lag",
    case: over::lag,
};
const RUNNING: Construct = Construct {
    name: "running",
    case: over_window::running,
};
const INDICATOR: Construct = Construct {
    name: "indicator",
    case: indicator::indicator,
};
const DAG: Construct = Construct {
    name: "dag",
    case: dag::dag,
};

#[test]
fn pass_through() {
    run(PASS);
}

#[test]
fn tumble() {
    run(TUMBLE);
}

#[test]
fn hop() {
    run(HOP);
}

#[test]
fn cumulate() {
    run(CUMULATE);
}

#[test]
fn session() {
    run(SESSION);
}

#[test]
fn aggregates() {
    run(AGGREGATES);
}

#[test]
fn nested_windows() {
    run(NESTED);
}

#[test]
fn tables() {
    run(TABLE);
}

#[test]
fn triggered_queries() {
    run(TRIGGERED);
}

#[test]
fn joins_with_tables() {
    run(AS_OF_JOIN);
    join::shares(AS_OF_JOIN, [30, 20]);
}

#[test]
fn joins_of_windows() {
    run(WINDOW_JOIN);
    join::shares(WINDOW_JOIN, [30, 20]);
}

#[test]
fn joins_within_a_distance() {
    run(INTERVAL_JOIN);
    join::shares(INTERVAL_JOIN, [30, 20]);
}

#[test]
fn frames_of_rows() {
    run(OVER_ROWS);
}

#[test]
fn frames_of_time() {
    run(OVER_RANGE);
}

#[test]
fn rows_before() {
    run(LAG);
}

#[test]
fn over_within_windows() {
    run(RUNNING);
}

#[test]
fn indicators() {
    run(INDICATOR);
}

#[test]
fn whole_pipelines() {
    run(DAG);
    dag::shares(DAG);
}

#[test]
fn duckdb_answers_the_same() {
    if asked().is_none() {
        duck::compare(
            &[
                TUMBLE, HOP, CUMULATE, SESSION, TABLE, OVER_ROWS, OVER_RANGE, LAG, RUNNING,
            ],
            14,
        );
        duck::compare(&[AS_OF_JOIN, WINDOW_JOIN, INTERVAL_JOIN], 14);
        let asof = Construct {
            name: "asof_in_duck",
            case: as_of::in_duck,
        };
        duck::compare(&[asof], 14);
    }
}

/// Within a construct's usual cases, some case must find the bug by rows that differ, and none
/// without the bug.
fn finds(fault: Fault, constructs: &[Construct]) {
    if asked().is_some() {
        return;
    }
    let batch = BatchSql::new();
    for construct in constructs {
        let found = (0..CASES).find(|seed| {
            let case = (construct.case)(*seed);
            matches!(case.check(&batch, Some(fault)), Err(Failure::Differs(_)))
        });
        let Some(seed) = found else {
            panic!("{}: {fault:?} is not noticed", construct.name)
        };
        let sound = (construct.case)(seed).check(&batch, None);
        assert!(
            sound.is_ok(),
            "{}:{seed} fails without a bug",
            construct.name
        );
        println!("{fault:?}: noticed by {}:{seed}", construct.name);
    }
}

#[test]
fn finds_a_pane_merged_twice() {
    finds(
        Fault::PaneTwice,
        &[TUMBLE, HOP, CUMULATE, SESSION, AGGREGATES],
    );
}

#[test]
fn finds_a_row_at_a_windows_end_in_the_window_before() {
    finds(Fault::WindowEnd, &[TUMBLE, HOP, CUMULATE]);
}

#[test]
fn finds_a_tie_resolved_the_other_way() {
    finds(
        Fault::Tie,
        &[
            TUMBLE, HOP, CUMULATE, SESSION, AGGREGATES, NESTED, TABLE, TRIGGERED, OVER_ROWS,
            OVER_RANGE, LAG, RUNNING,
        ],
    );
}

#[test]
fn finds_a_dropped_null_key() {
    finds(
        Fault::NullKey,
        &[
            TUMBLE, HOP, SESSION, TABLE, TRIGGERED, OVER_ROWS, OVER_RANGE, LAG, RUNNING,
        ],
    );
}

#[test]
fn finds_a_watermark_taken_from_the_batch() {
    finds(
        Fault::BatchWatermark,
        &[PASS, TUMBLE, HOP, SESSION, TABLE, OVER_ROWS, OVER_RANGE],
    );
}

#[test]
fn finds_an_expired_row_seen() {
    finds(Fault::Expired, &[TABLE, TRIGGERED]);
}

#[test]
fn finds_a_deletion_lost() {
    finds(Fault::DeletionLost, &[TABLE, TRIGGERED]);
}

#[test]
fn finds_a_tick_run_early() {
    finds(Fault::TickEarly, &[TRIGGERED]);
}

#[test]
fn finds_a_late_row_counted() {
    finds(
        Fault::LateCounted,
        &[
            PASS, TUMBLE, HOP, CUMULATE, SESSION, OVER_ROWS, LAG, RUNNING,
        ],
    );
}

#[test]
fn finds_a_hop_window_missed_at_the_start() {
    finds(Fault::FirstWindow, &[HOP, CUMULATE]);
}

#[test]
fn finds_a_step_lost_when_it_has_no_new_row() {
    finds(Fault::StepLost, &[CUMULATE]);
}

#[test]
fn finds_a_session_that_rows_a_gap_apart_share() {
    finds(Fault::GapTouches, &[SESSION]);
}

#[test]
fn finds_sessions_that_a_row_out_of_order_does_not_bridge() {
    finds(Fault::ArrivalOrder, &[SESSION]);
}

#[test]
fn finds_a_frame_a_row_too_long() {
    finds(Fault::FrameLong, &[OVER_ROWS]);
}

#[test]
fn finds_a_peer_left_out() {
    finds(Fault::PeerLeftOut, &[OVER_RANGE]);
}

#[test]
fn finds_keys_lost_at_a_restore() {
    finds(Fault::KeysLost, &[LAG, RUNNING, OVER_ROWS, OVER_RANGE]);
}

#[test]
fn finds_calls_lost_at_a_restore() {
    finds(Fault::CallsLost, &[LAG, RUNNING]);
}

#[test]
fn finds_a_null_that_starts_a_counter_again() {
    finds(Fault::NullCounted, &[LAG]);
}

#[test]
fn finds_an_indicator_a_row_too_long() {
    finds(Fault::LengthLong, &[INDICATOR]);
}

#[test]
fn finds_a_null_that_an_indicator_counts() {
    finds(Fault::NullTaken, &[INDICATOR]);
}

#[test]
fn finds_indicators_lost_at_a_restore() {
    finds(Fault::CallsLost, &[INDICATOR]);
    finds(Fault::KeysLost, &[INDICATOR]);
}

#[test]
fn finds_an_indicator_fed_out_of_order() {
    finds(Fault::Tie, &[INDICATOR]);
    finds(Fault::NullKey, &[INDICATOR]);
    finds(Fault::LateCounted, &[INDICATOR]);
}

#[test]
fn finds_a_bound_that_is_not_included() {
    finds(Fault::Bound, &[INTERVAL_JOIN]);
}

#[test]
fn finds_a_version_seen_early() {
    finds(Fault::VersionEarly, &[AS_OF_JOIN]);
}

#[test]
fn finds_a_version_of_the_rows_own_time_missed() {
    finds(Fault::VersionLate, &[AS_OF_JOIN]);
}

#[test]
fn finds_an_unmatched_row_lost() {
    finds(
        Fault::UnmatchedLost,
        &[AS_OF_JOIN, WINDOW_JOIN, INTERVAL_JOIN],
    );
}

#[test]
fn finds_a_deletion_that_a_joined_table_misses() {
    finds(Fault::DeletionLost, &[AS_OF_JOIN]);
}

#[test]
fn finds_a_null_key_that_matches() {
    finds(
        Fault::NullMatches,
        &[AS_OF_JOIN, WINDOW_JOIN, INTERVAL_JOIN],
    );
}
