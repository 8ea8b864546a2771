//! What every section that listens may be told: where, who may ask, and which pages.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Located, Text};
use crate::read::{Context, Fields};
use crate::source::located_path;
use crate::spec::{Kind, Least, Opt, Section, Words, optional, required};
use crate::tree::quoted;

/// Where a listener is, and for whom.
#[derive(Clone, Debug)]
pub struct ListenerDoc {
    /// `listen`: address and port.
    pub listen: Located<String>,
    /// `auth`; left out only on loopback: any program of this machine.
    pub auth: Option<AuthDoc>,
    /// `origins`: pages of other servers that may ask.
    pub origins: Vec<String>,
    /// `tls`; plain HTTP if left out.
    pub tls: Option<TlsDoc>,
    /// `limits`
    pub limits: ListenerLimitsDoc,
}

/// `tls`: PEM files.
#[derive(Clone, Debug)]
pub struct TlsDoc {
    /// `cert`: the certificate, and those that it stands on.
    pub cert: Located<PathBuf>,
    /// `key`: its key.
    pub key: Located<PathBuf>,
}

/// `limits` of a listener; none: what the listener itself thinks right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenerLimitsDoc {
    /// `clients`
    pub clients: Option<usize>,
    /// `connections`
    pub connections: Option<usize>,
    /// `message`, bytes.
    pub message: Option<usize>,
    /// `messages`, of one client in a second.
    pub messages: Option<usize>,
    /// `header`, bytes.
    pub header: Option<usize>,
    /// `header_time`, microseconds.
    pub header_time: Option<i64>,
    /// `slow`, microseconds.
    pub slow: Option<i64>,
}

/// Who may ask.
#[derive(Clone, PartialEq, Eq)]
pub enum AuthDoc {
    /// `{ token_env = "NAME" }`: who knows the variable's value.
    Token(String),
    /// `"public-read"`: everybody may read the topics, nobody may do more.
    PublicRead,
}

impl fmt::Debug for AuthDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(***)",
            Self::PublicRead => "PublicRead",
        })
    }
}

/// Fewest characters of a token: what is shorter can be tried out.
const TOKEN_MIN: usize = 16;

static AUTH_WORDS: Words = Words {
    what: "auth",
    now: &["public-read"],
    later: &[],
};

static AUTH_WORD: Kind = Kind::Words(&AUTH_WORDS);

static AUTH: Section = Section {
    title: "auth",
    about: "A token that whoever asks must know. It comes as `Authorization: Bearer TOKEN`, as the subprotocol `zaraba.auth.` and the token in base64url, or in the cookie that the page `/` sets; never in the URL.",
    groups: &[&[required(
        "token_env",
        Kind::Name,
        "\"ZARABA_TOKEN\"",
        "the environment variable that holds the token: at least 16 visible ASCII characters",
    )]],
    later: &[],
    example: "",
};

static TLS: Section = Section {
    title: "tls",
    about: "A certificate and its key, in PEM.",
    groups: &[&[
        required(
            "cert",
            Kind::Path,
            "\"tls/fullchain.pem\"",
            "the certificate, followed by those that it stands on",
        ),
        required("key", Kind::Path, "\"tls/key.pem\"", "its private key"),
    ]],
    later: &[],
    example: "",
};

static LIMITS: Section = Section {
    title: "limits of a listener",
    about: "What strangers may cost.",
    groups: &[&[
        optional(
            "clients",
            Kind::Int(1, 1_000_000),
            "`256`",
            "2000",
            "WebSocket clients at one time; one more is answered 503",
        ),
        optional(
            "connections",
            Kind::Int(1, 1_000_000),
            "`1024`",
            "100",
            "other connections at one time; one more is closed",
        ),
        optional(
            "message",
            Kind::Size,
            "`\"64KiB\"`",
            "\"16KiB\"",
            "the longest message from a client; a longer one ends its connection",
        ),
        optional(
            "messages",
            Kind::Int(1, 1_000_000),
            "`100`",
            "20",
            "messages from one client in a second, pings counted; one more ends its connection",
        ),
        optional(
            "header",
            Kind::Size,
            "`\"16KiB\"`",
            "\"8KiB\"",
            "the longest line and headers of a request, from 8 KiB; more is answered 431",
        ),
        optional(
            "header_time",
            Kind::Duration,
            "`\"10s\"`",
            "\"5s\"",
            "how long headers, a body or the greeting of TLS may take, and how long a connection may be silent",
        ),
        optional(
            "slow",
            Kind::Duration,
            "`\"30s\"`",
            "\"10s\"",
            "how long a client may take nothing before it is closed with 1013",
        ),
    ]],
    later: &[],
    example: "",
};

/// The options of a listener.
pub(crate) const LISTENER: &[Opt] = &[
    required(
        "listen",
        Kind::ListenOpen,
        "\"127.0.0.1:8225\"",
        "address and port; port 0 takes a free one. An address that other machines reach needs `auth`",
    ),
    optional(
        "auth",
        Kind::Either(&AUTH_WORD, &AUTH),
        "any program of this machine, loopback only",
        "{ token_env = \"ZARABA_TOKEN\" }",
        "who may ask: whoever knows a token; with `\"public-read\"` everybody may read the topics, and `/api/query` and every change are closed",
    ),
    optional(
        "origins",
        Kind::List(&Kind::Text, Least::One),
        "none",
        "[\"https://desk.example.com\"]",
        "pages of other servers that may ask, by scheme, host and port; all others are refused. Their host names are also names of this listener",
    ),
    optional(
        "tls",
        Kind::Table(&TLS),
        "plain HTTP",
        "{ cert = \"tls/fullchain.pem\", key = \"tls/key.pem\" }",
        "speaks TLS: `https://` and `wss://`",
    ),
    optional(
        "limits",
        Kind::Table(&LIMITS),
        "as below",
        "{ clients = 2000 }",
        "what strangers may cost",
    ),
];

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(cx: &mut Context<'_>, fields: &Fields) -> Option<ListenerDoc> {
    let listen = fields.name("listen");
    let auth = auth(cx, fields);
    let origins = origins(cx, fields);
    let tls = fields.table("tls").and_then(|tls| {
        let path = |name| Some(located_path(cx, &tls.text(name)?));
        Some(TlsDoc {
            cert: path("cert")?,
            key: path("key")?,
        })
    });
    let limits = limits(cx, fields.table("limits"));
    let listen = listen?;
    let open = listen.value.parse::<SocketAddr>();
    if let (Ok(address), false) = (open, fields.key("auth").is_some())
        && !address.ip().is_loopback()
    {
        let message = format!(
            "{} is open to other machines, which needs `auth`",
            address.ip()
        );
        let help = format!(
            "say who may ask: auth = {{ token_env = \"ZARABA_TOKEN\" }} or auth = \
             \"public-read\"; or listen on \"127.0.0.1:{}\"",
            address.port()
        );
        cx.mistake(Diagnostic::at(listen.span, message).help(help));
    }
    Some(ListenerDoc {
        listen,
        auth,
        origins,
        tls,
        limits,
    })
}

/// Fewest bytes of a request's head that a server can work with.
const HEADER_MIN: u64 = 8 << 10;

fn limits(cx: &mut Context<'_>, fields: Option<&Fields>) -> ListenerLimitsDoc {
    let Some(fields) = fields else {
        return ListenerLimitsDoc::default();
    };
    let count = |name| usize::try_from(fields.int(name)?).ok();
    let bytes = |name| usize::try_from(fields.bytes(name)?).ok();
    if let (Some(header), Some(span)) = (fields.bytes("header"), fields.at("header"))
        && header < HEADER_MIN
    {
        let message = format!("expected `header` of at least 8 KiB, found {header} bytes");
        cx.mistake(Diagnostic::at(span, message));
    }
    ListenerLimitsDoc {
        clients: count("clients"),
        connections: count("connections"),
        message: bytes("message"),
        messages: count("messages"),
        header: bytes("header"),
        header_time: fields.micros("header_time"),
        slow: fields.micros("slow"),
    }
}

fn auth(cx: &mut Context<'_>, fields: &Fields) -> Option<AuthDoc> {
    if fields.word("auth").is_some() {
        return Some(AuthDoc::PublicRead);
    }
    let name: Text = fields.table("auth")?.text("token_env")?;
    let variable = name.value.as_str();
    let found = (cx.env)(variable);
    let (message, help) = match &found {
        None => (
            format!("the environment variable `{variable}` is not set"),
            format!("set it: export {variable}=\"$(openssl rand -hex 32)\""),
        ),
        Some(token) if !token.bytes().all(|b| b.is_ascii_graphic()) => (
            format!("the token in `{variable}` is not of visible ASCII characters"),
            "openssl rand -hex 32 makes one".to_owned(),
        ),
        Some(token) if token.len() < TOKEN_MIN => (
            format!(
                "expected a token of at least {TOKEN_MIN} characters in `{variable}`, found {}",
                token.len()
            ),
            "openssl rand -hex 32 makes one".to_owned(),
        ),
        Some(token) => {
            cx.secrets.push(token.clone());
            return Some(AuthDoc::Token(token.clone()));
        }
    };
    cx.mistake(Diagnostic::at(name.span, message).help(help));
    None
}

/// Origins are what browsers send: a scheme, a host and perhaps a port, and nothing behind.
fn origins(cx: &mut Context<'_>, fields: &Fields) -> Vec<String> {
    let mut origins = Vec::new();
    for origin in fields.names("origins").unwrap_or_default() {
        let text = origin.value.to_ascii_lowercase();
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let right = rest.is_some_and(|host| {
            let part = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
            !host.is_empty() && host.chars().all(part)
        });
        if right {
            origins.push(text);
            continue;
        }
        let message = format!(
            "expected an origin like \"https://desk.example.com\", found {}",
            quoted(&origin.value)
        );
        let mistake = Diagnostic::at(origin.span, message);
        cx.mistake(match text.trim_end_matches('/').rsplit_once("://") {
            Some((_, host)) if text.ends_with('/') && !host.contains('/') => {
                mistake.help("leave the slash at the end out")
            }
            _ if text.contains('*') => mistake.help("name each origin: there is no pattern"),
            _ => mistake,
        });
    }
    origins
}
