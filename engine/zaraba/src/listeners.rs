//! Where a pipeline listens while it runs, read from its file: for programs that ask a run about
//! itself.

use zaraba_config::document::{AuthDoc, SinkConnector};
use zaraba_config::env::redact;

use crate::error::Error;
use crate::pipeline::Pipeline;

/// A listener of a pipeline.
#[derive(Clone, PartialEq, Eq)]
pub struct Listener {
    /// The WebSocket sink.
    pub sink: String,
    /// `http://127.0.0.1:8225`; none where the port is chosen when it runs.
    pub url: Option<String>,
    /// What it asks for.
    pub token: Option<String>,
}

impl Pipeline {
    /// The listeners of its WebSocket sinks, in the order of the file. Only what they say is
    /// looked at: the rest of the file may be wrong.
    ///
    /// # Errors
    /// The mistakes, where nothing of the file can be understood.
    pub fn listeners(&self) -> Result<Vec<Listener>, Error> {
        let loaded = self.load();
        let Some(document) = loaded.document else {
            let mistakes = loaded.sources.render_all(&loaded.diagnostics);
            return Err(Error::Mistakes(redact(&mistakes, &[])));
        };
        let listeners = document.sinks.iter().filter_map(|sink| {
            let SinkConnector::Websocket(door) = &sink.connector else {
                return None;
            };
            let listener = &door.listener;
            Some(Listener {
                sink: sink.name.value.clone(),
                url: url(&listener.listen.value, listener.tls.is_some()),
                token: match &listener.auth {
                    Some(AuthDoc::Token(token)) => Some(token.as_str().to_owned()),
                    _ => None,
                },
            })
        });
        let listeners: Vec<Listener> = listeners.collect();
        if listeners.is_empty() && !loaded.diagnostics.is_empty() {
            // It may be a mistake that there is none.
            let mistakes = loaded.sources.render_all(&loaded.diagnostics);
            return Err(Error::Mistakes(redact(&mistakes, &document.secrets)));
        }
        Ok(listeners)
    }
}

/// Where a program of the same machine finds a listener.
fn url(listen: &str, tls: bool) -> Option<String> {
    let (host, port) = listen.rsplit_once(':').filter(|(_, port)| *port != "0")?;
    let host = match host {
        // Every address of this machine.
        "0.0.0.0" | "[::]" => "127.0.0.1",
        host => host,
    };
    let s = if tls { "s" } else { "" };
    Some(format!("http{s}://{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_for_clients() {
        for (listen, tls, expected) in [
            ("127.0.0.1:8225", false, Some("http://127.0.0.1:8225")),
            ("0.0.0.0:443", true, Some("https://127.0.0.1:443")),
            ("[::]:8225", false, Some("http://127.0.0.1:8225")),
            ("[::1]:8225", false, Some("http://[::1]:8225")),
            ("127.0.0.1:0", false, None),
        ] {
            assert_eq!(url(listen, tls).as_deref(), expected, "{listen}");
        }
    }
}
