//! What a WebSocket client says.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(told) = zaraba_sinks::websocket::understand(text) {
        // Whatever comes, the answer is short.
        assert!(told.len() < 2_000, "{}", told.len());
    }
});
