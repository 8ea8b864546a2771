//! Rules as WebAssembly components: rows in, alerts out, and no way for a rule to harm its host.
//!
//! The contract is `sdk/wit/rules.wit`. A [`plugin::Plugin`] is a file that was found to keep to it,
//! compiled once; a [`rule::Rule`] is one use of it in a pipeline: parameters, streams, keyed state
//! and an instance that may be thrown away between any two calls. Everything a guest says is
//! checked here: whoever wrote it may have wanted to harm.
//!
//! Neighbours: the runtime puts rows in order and drives a [`rule::Rule`] as a node; `zaraba-alerts`
//! suppresses repeats and groups storms.

pub mod limits;

pub mod language;

pub mod host;

pub mod plugin;

pub mod manifest;

pub mod rule;

pub mod node;

pub mod trial;

pub mod tables;

pub mod meter;

pub mod value;

mod alerts;

mod bindings;

mod bind;

mod cache;

mod columns;

mod failure;

mod imports;

mod instance;

mod messages;

mod params;

mod seeded;

mod state;

mod stretches;

mod ticks;

mod wasi;

pub mod world;

#[cfg(test)]
mod tests;
