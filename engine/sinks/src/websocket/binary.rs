//! Messages with rows as `zaraba.v1.arrow` has them: one binary frame is the length of a header
//! (four bytes, the lowest first), the header, an Arrow IPC stream of the rows, and where rows
//! were deleted another of their keys. The header is the message of the JSON protocol with
//! `{"count","bytes"}` in the place of each list; it ends with spaces, so that what follows begins
//! at a multiple of eight bytes and a reader need not copy it.

use zaraba_core::error::{Error, Result};

use crate::websocket::wire::{Draft, Message};

/// Where Arrow wants its buffers.
const ALIGNED: usize = 8;
/// Bytes of the header's length.
const LENGTH: usize = 4;

/// Rows of a message: how many, and as an IPC stream.
pub(crate) struct Part {
    pub(crate) count: usize,
    pub(crate) stream: Vec<u8>,
}

/// A frame. `head`: the header up to its rows; `deleted`: none where the message has no such list.
pub(crate) fn frame(mut head: Vec<u8>, rows: &Part, deleted: Option<&Part>) -> Result<Message> {
    let said = |part: &Part| {
        format!(
            "{{\"count\":{},\"bytes\":{}}}",
            part.count,
            part.stream.len()
        )
    };
    head.extend(said(rows).bytes());
    if let Some(deleted) = deleted {
        head.extend(b",\"deleted\":");
        head.extend(said(deleted).bytes());
    }
    head.push(b'}');
    let length = (LENGTH + head.len()).next_multiple_of(ALIGNED) - LENGTH;
    head.resize(length, b' ');
    let said = u32::try_from(length).map_err(|_| Error::internal("a header of 4 GiB"))?;
    let mut draft = Draft::new();
    let frame = draft.out();
    frame.extend(said.to_le_bytes());
    frame.extend(head);
    frame.extend(&rows.stream);
    frame.extend(deleted.map_or(&[][..], |part| &part.stream));
    Ok(draft.binary())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_can_be_taken_apart() {
        let part = |count, bytes: &[u8]| Part {
            count,
            stream: bytes.to_vec(),
        };
        for name in ["", "a", "ab", "abcdefg"] {
            let head = format!("{{\"topic\":\"{name}\",\"rows\":").into_bytes();
            let (rows, gone) = (part(2, b"12345678"), part(1, b"87654321"));
            let message = frame(head, &rows, Some(&gone)).unwrap();
            let frame = message.payload();
            let length = u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize;
            assert_eq!((4 + length) % 8, 0);
            let header: serde_json::Value = serde_json::from_slice(&frame[4..4 + length]).unwrap();
            assert_eq!(header["topic"], name);
            assert_eq!(header["rows"]["bytes"], 8);
            assert_eq!(header["deleted"]["count"], 1);
            assert_eq!(&frame[4 + length..], b"1234567887654321");
        }
    }
}
