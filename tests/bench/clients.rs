//! What WebSocket clients cost: many of them, and one that stops reading.
//!
//! `make bench-clients`; `CLIENTS=200 ROUNDS=1 SECONDS=2 make bench-clients` for a short one, and
//! `ONLY=many` or `ONLY=slow` for one of the two.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops"
)]

#[path = "clients/server.rs"]
mod server;

#[path = "clients/figures.rs"]
mod figures;

#[path = "clients/follower.rs"]
mod follower;

#[path = "clients/many.rs"]
mod many;

#[path = "clients/slow.rs"]
mod slow;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let only = std::env::var("ONLY").unwrap_or_default();
    if only != "slow" {
        many::run(&runtime);
    }
    if only != "many" {
        slow::run(&runtime);
    }
}
