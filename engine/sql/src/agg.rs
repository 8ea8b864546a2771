//! Incremental aggregation: which accumulator a call gets ([`call`]), and the state of all calls
//! over all keys ([`state`]) that is updated with rows, sealed into immutable segments and merged
//! from them. Knows nothing of windows.

pub mod call;

pub mod state;

mod extreme;

mod first_last;

mod sorted_rows;
