//! A pipeline that runs in another process: where it is, and what is said when it cannot be asked.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Response;
use ureq::{Agent, Body};
use zaraba::error::Error;
use zaraba::pipeline::Pipeline;

use crate::failure::Failure;

/// Where a pipeline is looked for that nobody says the place of.
const USUAL: &str = "http://127.0.0.1:8225";
/// The variable of the token that nobody names.
const USUAL_TOKEN: &str = "ZARABA_TOKEN";
/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most of an answer that is read at once.
const ANSWER_MAX: u64 = 64 << 20;
/// How much of a stranger's answer is shown.
const SHOWN_MAX: usize = 200;

/// Which running pipeline.
#[derive(Args, Default)]
pub(crate) struct RemoteArgs {
    /// Where it listens [default: what --file says, else http://127.0.0.1:8225]
    #[arg(long, value_name = "URL", conflicts_with = "file")]
    url: Option<String>,
    /// Its pipeline file, which says where its websocket sink listens
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Lay a profile of the file over it
    #[arg(long, value_name = "NAME", requires = "file")]
    profile: Option<String>,
    /// The variable that holds the listener's token [default: what --file says, else ZARABA_TOKEN]
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
}

/// A pipeline that can be asked.
pub(crate) struct Remote {
    pub(crate) url: String,
    token: Option<String>,
    agent: Agent,
}

impl RemoteArgs {
    /// The pipeline that is meant; whether it is there is not known yet.
    pub(crate) fn remote(&self) -> Result<Remote, Failure> {
        let (url, of_file) = match (&self.url, &self.file) {
            (Some(url), _) => (plain(url)?, None),
            (None, Some(file)) => self.of_file(file)?,
            (None, None) => (USUAL.to_owned(), None),
        };
        let token = match &self.token_env {
            Some(name) => Some(std::env::var(name).map_err(|_| {
                Failure::User(format!("--token-env {name}: there is no such variable"))
            })?),
            None => of_file.or_else(|| std::env::var(USUAL_TOKEN).ok()),
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .build();
        Ok(Remote {
            url,
            token: token.filter(|token| !token.is_empty()),
            agent: agent.into(),
        })
    }

    /// Where the pipeline of a file listens, and the token it asks for.
    fn of_file(&self, file: &PathBuf) -> Result<(String, Option<String>), Failure> {
        let pipeline = Pipeline::from_path(file);
        let pipeline = match &self.profile {
            Some(profile) => pipeline.profile(profile),
            None => pipeline,
        };
        let shown = file.display();
        let listeners = pipeline.listeners()?;
        let Some(first) = listeners.first() else {
            return Err(Failure::User(format!(
                "`{shown}` has no websocket sink, by which a run can be asked; add one with any of \
                 its nodes\n\n[sink.desk]\nconnector = \"websocket\"\nlisten = \
                 \"127.0.0.1:8225\"\nfrom = [\"NODE\"]"
            )));
        };
        let Some(url) = &first.url else {
            return Err(Failure::User(format!(
                "`{shown}`: `{}` takes a free port when it runs; say by --url which it took",
                first.sink
            )));
        };
        Ok((url.clone(), first.token.clone()))
    }
}

/// An address without what is behind the port.
fn plain(url: &str) -> Result<String, Failure> {
    let url = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let known = url.starts_with("http://") || url.starts_with("https://");
    match url.split('/').nth(2) {
        Some(host) if known && !host.is_empty() => {
            let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
            Ok(format!("{scheme}://{host}"))
        }
        _ => Err(Failure::User(format!(
            "--url {url}: expected http://HOST:PORT or https://HOST:PORT"
        ))),
    }
}

impl Remote {
    /// The whole answer to a GET.
    pub(crate) fn get(&self, path: &str) -> Result<String, Failure> {
        let mut response = self.ask(path)?;
        self.read(&mut response)
    }

    /// The lines of an answer that goes on.
    pub(crate) fn follow(&self, path: &str) -> Result<impl BufRead + use<>, Failure> {
        let mut response = self.ask(path)?;
        let kind = response.headers().get("content-type");
        let events = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !events {
            let text = self.read(&mut response)?;
            return Err(self.stranger(&text));
        }
        Ok(BufReader::new(response.into_body().into_reader()))
    }

    /// The status of a POST of JSON, and the whole answer.
    pub(crate) fn post(&self, path: &str, json: &str) -> Result<(u16, String), Failure> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let sent = request.header("content-type", "application/json");
        let mut response = sent.send(json).map_err(|e| self.unreached(&e))?;
        let status = response.status().as_u16();
        if status == 401 {
            return Err(self.refused(status, ""));
        }
        let text = self.read(&mut response)?;
        Ok((status, text))
    }

    /// What is said of an answer that no zaraba gives.
    pub(crate) fn stranger(&self, text: &str) -> Failure {
        let shown: String = text.trim().chars().take(SHOWN_MAX).collect();
        Failure::Outside(format!(
            "{} answers, but is no zaraba, or one of another version: {shown}",
            self.url
        ))
    }

    fn ask(&self, path: &str) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(|e| self.unreached(&e))?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response);
        }
        let text = if status == 401 {
            String::new()
        } else {
            self.read(&mut response)?
        };
        Err(self.refused(status, &text))
    }

    fn read(&self, response: &mut Response<Body>) -> Result<String, Failure> {
        let body = response.body_mut().with_config().limit(ANSWER_MAX);
        body.lossy_utf8(true)
            .read_to_string()
            .map_err(|e| self.unreached(&e))
    }

    /// Nothing is there, or it went away.
    fn unreached(&self, error: &ureq::Error) -> Failure {
        let url = &self.url;
        Failure::Outside(match error {
            ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => format!(
                "nothing listens on {url}: start the pipeline with `zaraba run FILE`, or say by \
                 --url or --file where it listens"
            ),
            ureq::Error::Timeout(_) => {
                format!("{url} does not answer within {} s", PATIENCE.as_secs())
            }
            ureq::Error::HostNotFound => format!("{url}: there is no such host"),
            other => format!("{url} cannot be asked: {other}"),
        })
    }

    /// It is there and says no.
    fn refused(&self, status: u16, text: &str) -> Failure {
        let url = &self.url;
        let text = text.trim_end();
        match status {
            401 if self.token.is_some() => {
                Failure::User(format!("{url}: the token is not that of this listener"))
            }
            401 => Failure::User(format!(
                "{url} asks for a token: say by --token-env which variable holds it (ZARABA_TOKEN \
                 if nothing is said)"
            )),
            // Mistakes in SQL are shown as `check` shows them.
            400 if text.starts_with("error:") => {
                Failure::Pipeline(Error::Mistakes(text.to_owned()))
            }
            400 | 403 | 404 | 422 | 503 if is_ours(text) => Failure::User(text.to_owned()),
            _ => self.stranger(text),
        }
    }
}

/// Whether an answer may be one of ours: a short line or two of text, and no page.
fn is_ours(text: &str) -> bool {
    !text.is_empty() && text.len() < 2_000 && !text.contains('<') && text != "no such page"
}

/// What is not left as it is in a part of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A part of a URL.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (given, expected) in [
            ("http://127.0.0.1:8225", Some("http://127.0.0.1:8225")),
            ("http://127.0.0.1:8225/ws?x", Some("http://127.0.0.1:8225")),
            ("desk.example:443", Some("http://desk.example:443")),
            ("https://desk.example/", Some("https://desk.example")),
            ("ws://127.0.0.1:8225", None),
            ("http://", None),
        ] {
            assert_eq!(plain(given).ok().as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn parts_of_a_url() {
        assert_eq!(
            encoded("a > '板' + 1"),
            "a%20%3E%20%27%E6%9D%BF%27%20%2B%201"
        );
    }
}
