//! Text that is not UTF-8, made UTF-8 as it is read. Bytes that are no character become one byte
//! that UTF-8 has not, so that the row they stand in is bad and its neighbours are not.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, EUC_JP, SHIFT_JIS};
use zaraba_config::document::Encoding;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes of text made at once: a byte of either encoding is at most three of UTF-8.
const TEXT_BYTES: usize = 3 * CHUNK_BYTES;

/// A byte that is nowhere in UTF-8.
const NO_CHARACTER: u8 = 0xff;

/// What an encoding is called in messages.
pub(super) const fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Cp932 => "CP932",
        Encoding::EucJp => "EUC-JP",
    }
}

/// The same bytes in UTF-8.
pub(super) fn decoded(encoding: Encoding, inner: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    let decoder = match encoding {
        Encoding::Utf8 => return inner,
        // As Windows and the exchange have it: with the characters of NEC and IBM.
        Encoding::Cp932 => SHIFT_JIS.new_decoder_without_bom_handling(),
        Encoding::EucJp => EUC_JP.new_decoder_without_bom_handling(),
    };
    Box::new(Transcoder {
        inner,
        decoder,
        raw: vec![0; CHUNK_BYTES],
        text: Vec::with_capacity(TEXT_BYTES),
        taken: 0,
        ended: false,
    })
}

struct Transcoder {
    inner: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What was decoded, and how much of it was handed over.
    text: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Transcoder {
    /// Decodes the next bytes.
    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.taken = 0;
        let n = self.inner.read(&mut self.raw)?;
        self.ended = n == 0;
        let mut bytes = &self.raw[..n];
        loop {
            let start = self.text.len();
            self.text.resize(start + TEXT_BYTES, 0);
            let out = &mut self.text[start..];
            let (result, read, written) = self
                .decoder
                .decode_to_utf8_without_replacement(bytes, out, self.ended);
            self.text.truncate(start + written);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.text.push(NO_CHARACTER),
            }
        }
    }
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.text.len() && !self.ended {
            self.fill()?;
        }
        let left = &self.text[self.taken..];
        let n = left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&left[..n]);
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over a few bytes at a time.
    struct Slow(Vec<u8>, usize);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(self.1).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    fn read(encoding: Encoding, bytes: &[u8], at_once: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut reader = decoded(encoding, Box::new(Slow(bytes.to_vec(), at_once)));
        reader.read_to_end(&mut out).unwrap();
        out
    }

    /// Bytes as `iconv -t CP932` and `-t EUC-JP` write them.
    #[test]
    fn characters_across_reads() {
        let cp932 = b"\x93\xfa\x8co225,\x87@\xb1\n";
        let euc = b"\xc6\xfc\xb7\xd0225\n";
        for at_once in 1..20 {
            assert_eq!(
                read(Encoding::Cp932, cp932, at_once),
                "日経225,①ｱ\n".as_bytes()
            );
            assert_eq!(read(Encoding::EucJp, euc, at_once), "日経225\n".as_bytes());
            let broken = read(Encoding::Cp932, b"a\x81\n\xfd,b\n\x93", at_once);
            assert_eq!(broken, b"a\xff\n\xff,b\n\xff");
        }
    }
}
