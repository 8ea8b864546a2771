//! One request of a poll: for a page, unless what is known is the newest.

use ureq::http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use ureq::http::{HeaderName, Method, Request, StatusCode};
use zaraba_config::document::HttpClientDoc;
use zaraba_core::error::Error;
use zaraba_core::time::ClockTime;

use crate::http::{Client, escaped, shown, wrong};
use crate::threaded::Failure;

/// What an answer said of its version.
#[derive(Debug, Default)]
pub(super) struct Validators {
    etag: Option<String>,
    modified: Option<String>,
}

/// What came.
pub(super) enum Answer {
    /// The same as before.
    Unchanged,
    /// A body.
    Body(Vec<u8>, Validators),
}

/// Makes requests.
pub(super) struct Asker {
    client: Client,
    /// What messages say was asked.
    asked: String,
    url: String,
    method: Method,
    body: String,
    headers: Vec<(String, String)>,
}

impl Asker {
    pub(super) fn new(doc: &HttpClientDoc) -> Self {
        let url = &doc.url.value;
        let method = if doc.post { Method::POST } else { Method::GET };
        Self {
            client: Client::new(url, doc.timeout, doc.max_size),
            asked: format!("{method} {}", shown(url)),
            url: url.clone(),
            method,
            body: doc.body.clone().unwrap_or_default(),
            headers: doc.headers.clone(),
        }
    }

    /// Asks once: for a page (a query parameter and its value), unless what is known is the newest.
    pub(super) fn ask(
        &self,
        page: Option<(&str, &str)>,
        known: Option<&Validators>,
        now: ClockTime,
    ) -> Result<Answer, Failure> {
        let request = self.request(page, known);
        let request = request.map_err(|e| Failure::of(self.wrong(&e.to_string())))?;
        let answer = self.client.ask(request, &self.asked, now)?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Answer::Unchanged);
        }
        let header = |name| Some(answer.headers.get(name)?.to_str().ok()?.to_owned());
        let validators = Validators {
            etag: header(ETAG),
            modified: header(LAST_MODIFIED),
        };
        Ok(Answer::Body(answer.body, validators))
    }

    fn request(
        &self,
        page: Option<(&str, &str)>,
        known: Option<&Validators>,
    ) -> Result<Request<String>, ureq::http::Error> {
        let url = page.map_or_else(
            || self.url.clone(),
            |(name, value)| {
                let joint = if self.url.contains('?') { '&' } else { '?' };
                format!("{}{joint}{}={}", self.url, escaped(name), escaped(value))
            },
        );
        let mut request = Request::builder().method(self.method.clone()).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let known = known.map(|k| [(IF_NONE_MATCH, &k.etag), (IF_MODIFIED_SINCE, &k.modified)]);
        for (name, value) in known.into_iter().flatten() {
            if let Some(value) = value {
                request = request.header::<HeaderName, _>(name, value);
            }
        }
        request.body(self.body.clone())
    }

    /// An error that says what was asked.
    pub(super) fn wrong(&self, what: &str) -> Error {
        wrong(&self.asked, what)
    }
}
