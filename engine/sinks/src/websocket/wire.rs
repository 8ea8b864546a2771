//! A message as the bytes that go over the wire. A server's frames have no mask, so they are the
//! same for every client: they are made once and shared.

use axum::body::Bytes;
use zaraba_core::error::{Error, Result};

/// Most bytes of a frame's head.
const HEAD_MAX: usize = 10;
/// A frame that is a whole message.
const FINAL: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
/// Lengths up to this stand in the head's second byte.
const SHORT_MAX: usize = 125;
/// Says there that two bytes of length follow, or eight.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// A message, ready to be sent to any number of clients.
#[derive(Clone, Debug)]
pub(crate) struct Message(Bytes);

/// A message that is being written, behind room for its head.
#[derive(Debug)]
pub(crate) struct Draft(Vec<u8>);

impl Draft {
    pub(crate) fn new() -> Self {
        Self(vec![0; HEAD_MAX])
    }

    /// Where to write.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// As a text frame.
    pub(crate) fn text(self) -> Result<Message> {
        std::str::from_utf8(&self.0[HEAD_MAX..])
            .map_err(|e| Error::internal(format!("a message that is not UTF-8: {e}")))?;
        Ok(self.framed(TEXT))
    }

    /// As a binary frame.
    pub(crate) fn binary(self) -> Message {
        self.framed(BINARY)
    }

    fn framed(mut self, kind: u8) -> Message {
        let length = self.0.len() - HEAD_MAX;
        let mut head = vec![FINAL | kind];
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short), _) if length <= SHORT_MAX => head.push(short),
            (_, Ok(length)) => {
                head.push(TWO_BYTES);
                head.extend(length.to_be_bytes());
            }
            _ => {
                head.push(EIGHT_BYTES);
                head.extend((length as u64).to_be_bytes());
            }
        }
        let start = HEAD_MAX - head.len();
        self.0[start..HEAD_MAX].copy_from_slice(&head);
        Message(Bytes::from(self.0).slice(start..))
    }
}

impl Message {
    /// A text frame.
    pub(crate) fn text(text: &str) -> Self {
        let mut draft = Draft::new();
        draft.0.extend(text.bytes());
        draft.framed(TEXT)
    }

    /// The whole frame.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The same, for one client.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }

    /// What it says, without the frame's head.
    pub(crate) fn payload(&self) -> &[u8] {
        let head = match self.0[1] {
            TWO_BYTES => 4,
            EIGHT_BYTES => 10,
            _ => 2,
        };
        &self.0[head..]
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite;
    use tungstenite::protocol::{Role, WebSocket};

    use super::*;

    /// Another program's reader understands frames of every kind of length.
    #[test]
    fn frames() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
            let text = "x".repeat(length);
            let mut draft = Draft::new();
            draft.out().extend(text.bytes());
            let frames = [Message::text(&text), draft.binary()];
            let bytes: Vec<u8> = frames.iter().flat_map(|f| f.bytes().to_vec()).collect();
            assert_eq!(frames[0].payload(), text.as_bytes());
            let mut reader =
                WebSocket::from_raw_socket(std::io::Cursor::new(bytes), Role::Client, None);
            assert_eq!(reader.read().unwrap(), tungstenite::Message::text(&*text));
            assert_eq!(reader.read().unwrap(), tungstenite::Message::binary(text));
        }
        let mut wrong = Draft::new();
        wrong.out().push(0xff);
        assert!(wrong.text().is_err());
    }
}
