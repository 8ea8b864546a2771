//! Rules of a pipeline: their plugins found and loaded ([`find`]), checked once ([`work`]), and given
//! another version or other parameters while they run ([`live`]). `plan/rules.rs` checks them
//! against the rest of the pipeline; `wire/rules.rs` makes their nodes.

pub(crate) mod figures;

pub(crate) mod find;

pub(crate) mod work;

pub(crate) mod live;

pub(crate) mod told;

pub(crate) mod watch;
