//! The SDK, the contract and the examples, as they were when this program was built.

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));
