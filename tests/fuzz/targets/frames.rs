//! A WebSocket client's bytes, read with the server's limits.
#![no_main]

use std::io::{Cursor, Read, Write};

use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Reads what is there, and takes all that is written.
struct Wire<'a>(Cursor<&'a [u8]>);

impl Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let config = WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let mut context = WebSocketContext::new(Role::Server, Some(config));
    let mut wire = Wire(Cursor::new(bytes));
    while let Ok(message) = context.read(&mut wire) {
        assert!(message.len() <= MESSAGE_BYTES_MAX);
        if let tungstenite::Message::Text(text) = message {
            drop(zaraba_sinks::websocket::understand(&text));
        }
    }
});
