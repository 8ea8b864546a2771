//! The clients of `examples/clients`, each through the same scenarios against pipelines that run:
//! what is posted comes, once and in order, over connections that break, servers that are
//! restarted, and readers that are too slow.

/// A pipeline that takes rows by POST and offers them as topics.
mod desk;

/// A connection between a client and its server that can be cut or held up.
mod proxy;

/// A client that prints what comes, in any of the languages.
mod probe;

/// The TypeScript package, compiled.
mod package;

/// The Rust client as a probe.
mod rust;

/// What happens, and what the client must have seen.
mod scenarios;

/// Types made from topics: right code compiles, wrong code does not.
mod types;

/// The example beside the Python client.
mod example;
