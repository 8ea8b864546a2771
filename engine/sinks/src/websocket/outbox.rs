//! What a client is to be sent next: a few pieces of bytes that are shared with other clients,
//! written together, and how long the client has taken nothing.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Result, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::AsyncWrite;
use zaraba_core::clock::Stopwatch;

/// Pieces that are written at one time.
const PIECES_MAX: usize = 16;
/// Bytes from which on no piece is added.
const BYTES_ENOUGH: usize = 64 << 10;

/// Bytes on their way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// How much of the first piece is gone.
    begun: usize,
    /// The socket may hold back what it took.
    held_back: bool,
    /// Since the socket took no whole piece.
    waiting: Option<Stopwatch>,
}

impl Outbox {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.pieces.push_back(piece);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && !self.held_back
    }

    /// Whether it is to be written before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.pieces.len() >= PIECES_MAX || self.bytes >= BYTES_ENOUGH
    }

    /// Whether nothing was taken for longer than this.
    pub(crate) fn is_stuck(&self, limit: Duration) -> bool {
        self.waiting.is_some_and(|since| since.elapsed() > limit)
    }

    /// Drops what was not begun.
    pub(crate) fn cut(&mut self) {
        self.pieces.truncate(usize::from(self.begun > 0));
        self.bytes = self.pieces.iter().map(Bytes::len).sum();
    }

    /// Writes until everything is gone or the socket takes no more.
    pub(crate) fn poll_write(
        &mut self,
        mut socket: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<()>> {
        while let Some(first) = self.pieces.front() {
            let rest = &first[self.begun..];
            let wrote = if self.pieces.len() == 1 {
                socket.as_mut().poll_write(cx, rest)
            } else {
                let mut slices = [IoSlice::new(&[]); PIECES_MAX];
                slices[0] = IoSlice::new(rest);
                for (slice, piece) in slices[1..].iter_mut().zip(self.pieces.iter().skip(1)) {
                    *slice = IoSlice::new(piece);
                }
                let n = self.pieces.len().min(PIECES_MAX);
                socket.as_mut().poll_write_vectored(cx, &slices[..n])
            };
            match wrote {
                Poll::Pending => {
                    self.waiting.get_or_insert_with(Stopwatch::start);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Poll::Ready(wrote) => self.gone(wrote?),
            }
        }
        if self.held_back {
            ready!(socket.poll_flush(cx))?;
            self.held_back = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Adds a piece to nothing, of which so much is gone already.
    pub(crate) fn push_rest(&mut self, piece: Bytes, begun: usize) {
        debug_assert!(self.is_empty() && begun < piece.len());
        self.begun = begun;
        self.push(piece);
    }

    fn gone(&mut self, bytes: usize) {
        self.held_back = true;
        self.begun += bytes;
        while let Some(first) = self.pieces.front() {
            if self.begun < first.len() {
                break;
            }
            self.begun -= first.len();
            self.bytes -= first.len();
            self.waiting = None;
            self.pieces.pop_front();
        }
    }
}

/// Takes what a library writes.
impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.push(Bytes::copy_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes so many bytes at a time, and nothing in between.
    struct Narrow {
        width: usize,
        open: bool,
        got: Vec<u8>,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<Result<usize>> {
            self.open = !self.open;
            if !self.open {
                return Poll::Pending;
            }
            let n = bytes.len().min(self.width);
            self.got.extend(&bytes[..n]);
            Poll::Ready(Ok(n))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            let all: Vec<u8> = pieces.iter().flat_map(|p| p.to_vec()).collect();
            self.poll_write(cx, &all)
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Err(ErrorKind::Unsupported.into()))
        }
    }

    #[test]
    fn everything_goes_in_order_however_little_is_taken() {
        for width in [1, 3, 7, 1_000] {
            let (mut outbox, mut expected) = (Outbox::default(), Vec::<u8>::new());
            for n in 0..40_u8 {
                let piece = vec![n; usize::from(n % 5)];
                expected.extend(&piece);
                if !piece.is_empty() {
                    outbox.push(piece.into());
                }
            }
            let mut socket = Narrow {
                width,
                open: false,
                got: Vec::new(),
            };
            let mut cx = Context::from_waker(Waker::noop());
            let mut turns = 0;
            while outbox
                .poll_write(Pin::new(&mut socket), &mut cx)
                .is_pending()
            {
                assert!(!outbox.is_empty());
                turns += 1;
                assert!(turns < 10_000);
            }
            assert!(outbox.is_empty() && outbox.bytes == 0 && outbox.waiting.is_none());
            assert_eq!(socket.got, expected);
        }
    }

    #[test]
    fn what_was_begun_is_ended() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"begun"));
        outbox.push(Bytes::from_static(b"not begun"));
        let mut socket = Narrow {
            width: 2,
            open: false,
            got: Vec::new(),
        };
        let mut cx = Context::from_waker(Waker::noop());
        assert!(
            outbox
                .poll_write(Pin::new(&mut socket), &mut cx)
                .is_pending()
        );
        assert!(outbox.is_stuck(Duration::ZERO) && !outbox.is_stuck(Duration::from_secs(600)));
        outbox.cut();
        outbox.push(Bytes::from_static(b" goodbye"));
        while outbox
            .poll_write(Pin::new(&mut socket), &mut cx)
            .is_pending()
        {}
        assert_eq!(socket.got, b"begun goodbye");
    }
}
