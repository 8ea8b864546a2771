//! Connectors out: each takes the streams of its `from` and writes them to one place. They are
//! driven by plain threads through `zaraba_core::sink::Sink`; only [`websocket`] knows tokio, and
//! it never lets a client slow the pipeline. [`webhook`] sends from a thread of its own.

pub mod input;

pub mod inside;

pub mod websocket;

pub mod file;

pub mod stdout;

pub mod record;
pub mod webhook;

pub mod channel;
