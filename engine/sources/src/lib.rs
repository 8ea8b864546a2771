//! Connectors in: each hands over decoded rows; [`intake`] alone judges them by time (late, ahead,
//! watermark, sequence).

pub mod intake;

pub mod file;

pub mod follow;

pub mod bootstrap;

pub mod simulate;

pub mod channel;

mod pending;

pub mod received;

pub mod threaded;

mod decoded;

mod http;

mod requests;

pub mod http_server;

pub mod http_client;

pub mod websocket;

pub mod clock;
