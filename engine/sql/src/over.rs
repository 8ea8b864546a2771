//! `OVER`: functions of a row and its neighbours. In event time ([`operator`]): rows wait until
//! the watermark has passed them, then each key's calls ([`call`]) see its rows one by one, over
//! frames of the rows that are kept (`partition`). Over whole partitions of a window
//! ([`whole`]): rows wait for the window's end and DataFusion evaluates them as a batch. Knows no
//! SQL.

pub mod frame;

pub mod call;

mod slide;

mod kept;

mod partition;

mod partitions;

mod saved;

pub mod plan;

pub mod operator;

pub mod whole;

pub mod counter_delta;

pub mod indicator;
