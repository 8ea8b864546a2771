//! What `wit-bindgen` makes of the contract, `wit/rules.wit`. The other modules put types on it.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::too_many_lines,
    reason = "made by a macro"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "rule",
    pub_export_macro: true,
    export_macro_name: "export_bindings",
    default_bindings_module: "zaraba_sdk::bindings",
    additional_derives: [PartialEq],
});

pub use self::zaraba::rules::types::{
    AlertState, Argument, Column, DataType, Dictionary, Evidence, Field, Message, Severity, Stream,
    Table, Texts, Value, Values,
};
