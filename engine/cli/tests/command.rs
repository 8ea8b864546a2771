//! The binary as its users meet it: what it prints, where, and with which exit code. One module a
//! subject; pipelines and what is expected of them lie in folders beside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

#[path = "command/harness.rs"]
mod harness;

/// The command line itself.
#[path = "command/line.rs"]
mod line;

/// `check`, `graph`, `explain`, `schema`.
#[path = "command/look.rs"]
mod look;

/// `run` to its end, and what it says.
#[path = "command/run.rs"]
mod run;

/// `run` ended by a signal or a reader that goes away.
#[cfg(unix)]
#[path = "command/stop.rs"]
mod stop;

/// What happens when the outside fails.
#[cfg(unix)]
#[path = "command/outside.rs"]
mod outside;

/// Rows that are POSTed.
#[cfg(unix)]
#[path = "command/post.rs"]
mod post;

/// `tap`, `top`, `set`.
#[cfg(unix)]
#[path = "command/remote.rs"]
mod remote;

/// Rules, changed while they run.
#[cfg(unix)]
#[path = "command/rule.rs"]
mod rule;

/// Alerts, changed while they run.
#[cfg(unix)]
#[path = "command/alert.rs"]
mod alert;

/// `record`.
#[cfg(unix)]
#[path = "command/record.rs"]
mod record;

/// `test`.
#[path = "command/tests.rs"]
mod tests;

/// `connect`, in a pseudo-terminal.
#[cfg(unix)]
#[path = "command/connect.rs"]
mod connect;

/// `plugin`.
#[path = "command/plugin.rs"]
mod plugin;

/// `rule try`, `rule suggest`.
#[path = "command/trial.rs"]
mod trial;
