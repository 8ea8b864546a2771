//! What wasmtime makes of the contract. Columns are borrowed on their way in: Arrow's own buffers are
//! copied into the guest, and nowhere else.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::too_many_lines,
    clippy::all,
    reason = "made by a macro"
)]

wasmtime::component::bindgen!({
    path: "../../sdk/wit",
    world: "rule",
    imports: { default: trappable },
    ownership: Borrowing { duplicate_if_necessary: true },
});
