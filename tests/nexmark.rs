//! Nexmark: an auction site's streams of people, auctions and bids, and the queries that stream
//! engines are compared by.

/// Makes the three streams from a seed.
mod generator;

/// That the streams are what the benchmark says.
mod generator_tests;

/// The benchmark's queries, as the engine says them, against batch SQL.
mod queries;
