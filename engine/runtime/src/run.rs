//! Running: what a node does with a message ([`vertex`], [`source_task`], [`sink_task`]), whatever
//! drives it, and the two executors.

pub mod vertex;

pub mod pacer;

pub mod timekeeper;

pub mod source_task;

mod waiting;

mod retry;

pub(crate) mod hide;

pub mod sink_task;

pub mod graph;

pub mod memory;

pub mod capture;

pub mod tap;

pub mod pick;

pub mod figures;

pub mod publish;

pub(crate) mod inbox;

pub mod ledger;

pub mod mute;

mod standing;

pub mod threads;

pub mod simulation;
