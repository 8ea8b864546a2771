//! Rules in pipelines: real plugins, built by `make plugins`, as nodes beside others.

/// A rule raises what plain batch SQL of its condition finds.
mod batch;

/// Two rules on real data, beside batch SQL.
mod chain;

/// What a rule sees in its tables.
mod tables;

/// A rule that does harm does it to itself alone.
mod contained;

/// Other versions and other parameters while the pipeline runs.
mod changed;

/// Alerts and rules over recorded rows are what DuckDB makes of the same files.
mod history;

use std::path::PathBuf;

/// Where `make plugins` puts what it builds.
fn plugin(name: &str) -> PathBuf {
    let folder = std::env::var_os("ZARABA_PLUGINS").expect(
        "ZARABA_PLUGINS says where the built plugins are: run `make plugins`, which says so too",
    );
    PathBuf::from(folder).join(format!("{name}.wasm"))
}
