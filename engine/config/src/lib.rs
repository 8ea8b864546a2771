//! The pipeline file: TOML text in, a typed [`document::Document`] with places out, and every
//! mistake in one pass. This crate knows neither schemas nor SQL; the planner does.
//!
//! The key decision: **what a section may hold is data** (`spec.rs`). The validator, the reference
//! page and the JSON Schema are three readers of the same tables, so they cannot disagree.
//!
//! The way of a file: `include` (files → one tree) → `profile` → `env` → `params` → `root`, which
//! hands each section to `read` (specs) and then to its own conversion (`source`, `query`, …).

pub mod document;

pub mod load;

pub mod env;

pub mod reference;

pub mod json_schema;

pub mod captures;

mod alert;
mod argument;
mod calendar;
mod column;
mod connector;
pub mod format;
mod headers;
mod include;
mod leaf;
mod listener;
mod mapping;
mod market;
mod message;
mod nodes;
pub mod params;
mod path;
mod profile;
mod query;
mod read;
mod requests;
mod root;
mod rule;
mod sheet;
mod sink;
mod sink_file;
mod sink_webhook;
mod source;
mod source_clock;
mod source_file;
mod source_http_client;
mod source_http_server;
mod source_websocket;
mod spec;
mod splice;
mod storm;
mod syntax;
mod table;
mod test_case;
mod text;
mod texts;
mod tree;
mod url;
