//! What zaraba promises, tested from outside: one binary, so that the engine is linked once. A
//! module is a subject; cases that are data live in folders beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

/// What a server must do for clients that know the protocol's page alone.
mod conformance;

/// The inspector, in Chromium.
mod browser;
/// Clients for others to use and learn from, in three languages.
mod clients;

/// The rules of the repository that neither rustc nor clippy knows.
mod tidy;

/// Programs from PyPI that the engine's answers are compared with.
mod python;

/// Streams of people, auctions and bids, for throughput and for the comparisons at scale.
mod nexmark;

/// Pipelines over rows that are there already, under both executors, compared with batch SQL.
mod engine;

/// The shipped pipelines over real data, where it is, against batch SQL on DuckDB.
mod pipelines;

/// Vendors' payloads through the shipped feeds.
mod vendors;

/// A stream gives what a batch gives.
mod oracle;

/// Calendars, prices and indicators, beside other programs' and real data.
mod market;

/// Folders of cases: mistakes with their texts, SQL with its rows; bad input, silence and size.
mod cases;

/// Rules in pipelines.
mod rules;

/// Pages of the reference show cases that run.
mod docs;
