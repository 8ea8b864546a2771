//! Strangers over real sockets: those who say nothing, or too much, and those who speak TLS. The
//! certificate is of these tests alone.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use axum::routing::get;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zaraba_core::clock::Stopwatch;
use zaraba_core::error::Error;

use super::*;
use crate::listen::{Edge, Server};

const SOON: Duration = Duration::from_millis(300);
/// More than a connection holds on its way.
const LARGE: usize = 64 << 20;
const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/serve")
        .join(name)
}

fn start(runtime: &Runtime, change: impl FnOnce(&mut Edge)) -> Server {
    let mut edge = Edge::default();
    edge.limits.header_time = SOON;
    change(&mut edge);
    let routes = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }));
    Server::open("127.0.0.1:0", routes, edge, runtime.handle()).unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket
}

/// What comes until the connection ends; empty where it ends without a word.
fn rest(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut socket = connect(address);
    // The other side may have closed while we write.
    drop(socket.write_all(request.as_bytes()));
    rest(socket)
}

#[test]
fn whoever_says_nothing_is_closed() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, |_| {});
    let watch = Stopwatch::start();
    assert!(!rest(connect(server.address())).contains("200"));
    let took = watch.elapsed();
    assert!(SOON <= took && took < SOON * 10, "{took:?}");
}

#[test]
fn whoever_says_its_header_slowly_is_closed() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, |_| {});
    let mut socket = connect(server.address());
    let watch = Stopwatch::start();
    for piece in GET.bytes().cycle() {
        let piece = if piece == b'\n' { b' ' } else { piece };
        if socket.write_all(&[piece]).is_err() {
            break;
        }
        std::thread::sleep(SOON / 10);
        assert!(watch.elapsed() < SOON * 20, "it was let go on");
    }
}

/// The same before there is a header: the greeting of TLS, byte by byte.
#[test]
fn whoever_greets_slowly_is_closed() {
    let runtime = Runtime::new().unwrap();
    let open = Tls::open(&here("test_cert.pem"), &here("test_key.pem")).unwrap();
    let server = start(&runtime, |e| e.tls = Some(open));
    let mut socket = connect(server.address());
    let watch = Stopwatch::start();
    // A record of 512 bytes that holds the beginning of a ClientHello.
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    for byte in hello.into_iter().chain(std::iter::repeat(0)) {
        if socket.write_all(&[byte]).is_err() {
            break;
        }
        std::thread::sleep(SOON / 10);
        assert!(watch.elapsed() < SOON * 20, "it was let go on");
    }
    assert_eq!(rest(socket), "");
    let answer = runtime.block_on(ask_tls(server.address()));
    assert!(answer.ends_with("here"), "{answer}");
}

/// All places are taken by those who say nothing: each makes room for one who speaks, in its turn,
/// and one that has spoken stays.
#[test]
fn the_silent_make_room() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, |e| {
        e.limits.connections_max = 2;
        e.limits.header_time = Duration::from_secs(60);
    });
    let mut speaks = connect(server.address());
    let again = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut ask_again = || {
        speaks.write_all(again.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            let mut byte = [0];
            speaks.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
    };
    ask_again();
    for _ in 0..20 {
        let silent = connect(server.address());
        // The place of the one before may not be free yet.
        let ask = |_| ask(server.address(), &format!("{GET}\r\n"));
        let answer = (0..100).map(ask).find(|answer| !answer.is_empty());
        assert!(answer.is_some_and(|answer| answer.ends_with("here")));
        assert_eq!(rest(silent), "");
    }
    ask_again();
}

#[test]
fn headers_have_limits() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, |e| e.limits.header_bytes_max = 8 << 10);
    let address = server.address();
    let many: String = (0..100).map(|i| format!("X-{i}: 1\r\n")).collect();
    let long = format!("X: {}\r\n", "y".repeat(20 << 10));
    for (headers, status) in [("", "200"), (many.as_str(), "431"), (long.as_str(), "431")] {
        let answer = ask(address, &format!("{GET}{headers}\r\n"));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    assert!(ask(address, "\x16\x03\x01\x02\0nothing\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

#[test]
fn idle_connections_take_no_more_than_their_places() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, |e| e.limits.connections_max = 3);
    let address = server.address();
    let idle: Vec<_> = (0..200).map(|_| connect(address)).collect();
    // Those beyond the third are closed at once, and those within when their time is over.
    let watch = Stopwatch::start();
    for socket in idle {
        rest(socket);
    }
    assert!(watch.elapsed() < SOON * 10);
    let answer = ask(address, &format!("{GET}\r\n"));
    assert!(answer.ends_with("here"), "{answer}");
}

/// Asks by TLS, trusting the certificate of these tests.
async fn ask_tls(address: SocketAddr) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut roots = RootCertStore::empty();
    let cert = CertificateDer::from_pem_file(here("test_cert.pem")).unwrap();
    roots.add(cert).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut socket = connector.connect(name, socket).await.unwrap();
    socket
        .write_all(format!("{GET}\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    // The server need not say goodbye in TLS's own way.
    drop(socket.read_to_string(&mut answer).await);
    answer
}

#[test]
fn tls() {
    let runtime = Runtime::new().unwrap();
    let open = Tls::open(&here("test_cert.pem"), &here("test_key.pem")).unwrap();
    let server = start(&runtime, |e| e.tls = Some(open));
    // Who does not speak TLS, or says nothing, is in nobody's way.
    let silent = connect(server.address());
    assert!(!ask(server.address(), &format!("{GET}\r\n")).contains("here"));
    let answer = runtime.block_on(ask_tls(server.address()));
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here"),
        "{answer}"
    );
    assert_eq!(rest(silent), "");
}

#[test]
fn wrong_certificates_are_told() {
    let (cert, key) = (here("test_cert.pem"), here("test_key.pem"));
    let none = here("none.pem");
    for (cert, key, expected) in [
        (&none, &key, "expected a certificate in PEM at "),
        (&key, &key, "expected a certificate in PEM at "),
        (&cert, &cert, "expected a key in PEM at "),
        (&cert, &none, "expected a key in PEM at "),
    ] {
        let Err(Error::User(message)) = Tls::open(cert, key) else {
            panic!("{}", cert.display())
        };
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn whoever_takes_nothing_is_closed() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, |e| e.limits.slow = SOON);
    let request = GET.replacen('/', "/large", 1);
    let whole = ask(server.address(), &format!("{request}\r\n"));
    assert!(whole.len() > LARGE);
    let mut socket = connect(server.address());
    socket
        .write_all(format!("{request}\r\n").as_bytes())
        .unwrap();
    std::thread::sleep(SOON * 10);
    let part = rest(socket);
    assert!(part.len() < LARGE, "all of it came: {}", part.len());
}
