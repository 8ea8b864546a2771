//! The bytes of a connection that has become something else than HTTP, without the layers through
//! which HTTP saw them: a WebSocket writes to thousands of these at once.

use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::stall::Stall;

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Plain(Stall<TcpStream>),
    /// Encrypted.
    Tls(Box<Stall<TlsStream<TcpStream>>>),
}

impl Stream {
    /// The connection under an upgrade, and what of it was read already; none: it is not one of
    /// this crate's servers.
    #[must_use]
    pub fn of(upgraded: Upgraded) -> Option<(Self, Vec<u8>)> {
        let upgraded = match upgraded.downcast::<TokioIo<Stall<TcpStream>>>() {
            Ok(Parts { io, read_buf, .. }) => {
                return Some((Self::Plain(io.into_inner()), read_buf.to_vec()));
            }
            Err(upgraded) => upgraded,
        };
        let parts = upgraded.downcast::<TokioIo<Stall<TlsStream<TcpStream>>>>();
        let Parts { io, read_buf, .. } = parts.ok()?;
        Some((Self::Tls(Box::new(io.into_inner())), read_buf.to_vec()))
    }
}

impl Stream {
    /// Writes what the socket takes at once, asking nobody whether it would: for whoever has
    /// thousands of sockets that nearly always take everything. Zero: write as usual.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn write_now(&self, bytes: &[u8]) -> Result<usize> {
        let Self::Plain(socket) = self else {
            return Ok(0);
        };
        match SockRef::from(socket.get_ref()).send(bytes) {
            Err(e) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&e.kind()) => Ok(0),
            wrote => wrote,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, into),
            Self::Tls(io) => Pin::new(io).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, bytes),
            Self::Tls(io) => Pin::new(io).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write_vectored(cx, pieces),
            Self::Tls(io) => Pin::new(io).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
