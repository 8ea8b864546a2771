//! The network's edge: a listener with safe defaults, static files, the limits on strangers, and what
//! requests to others are made with.
//! What is served is the caller's (`zaraba-sinks` hands in the routes of the WebSocket); nothing
//! here knows streams or rows.

pub mod limits;

pub mod client;

pub mod access;

pub mod listen;

mod guard;

mod serve;

mod silent;

mod stall;

pub mod stream;

pub mod tls;

pub mod assets;
