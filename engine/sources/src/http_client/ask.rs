//! One request of a poll: for a page, unless what is known is the newest.

use ureq::http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use ureq::http::{HeaderValue, Request, StatusCode};
use zaraba_config::captures::{EACH, fill};
use zaraba_config::document::{HttpClientDoc, RequestDoc};
use zaraba_core::error::Error;
use zaraba_core::time::ClockTime;

use crate::http::{Client, shown, wrong};
use crate::requests::{Captured, request};
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

/// What a poll asks for.
pub(super) struct Item {
    /// The item of `each`; none: there is no `each`.
    pub(super) each: Option<String>,
    /// What messages call its answer, and what was asked.
    pub(super) name: String,
    pub(super) asked: String,
    /// Of the last poll that came to its end.
    pub(super) validators: Validators,
}

impl Item {
    /// An error that says what was asked.
    pub(super) fn wrong(&self, what: &str) -> Error {
        wrong(&self.asked, what)
    }
}

/// Makes requests.
pub(super) struct Asker {
    client: Client,
    request: RequestDoc,
}

impl Asker {
    pub(super) fn new(doc: &HttpClientDoc) -> Self {
        let method = if doc.post { "POST" } else { "GET" };
        Self {
            client: Client::new(&doc.url.value, doc.timeout, doc.max_size),
            request: RequestDoc {
                method: method.to_owned(),
                url: doc.url.value.clone(),
                headers: doc.headers.clone(),
                body: doc.body.clone(),
                capture: Vec::new(),
            },
        }
    }

    /// What is asked for by this item of `each`.
    pub(super) fn item(&self, each: Option<&str>) -> Item {
        let named = each.map(|each| (EACH.to_owned(), each.to_owned()));
        let named: Captured = named.into_iter().collect();
        let name = fill(shown(&self.request.url), &named, str::to_owned);
        Item {
            each: each.map(str::to_owned),
            asked: format!("{} {name}", self.request.method),
            name,
            validators: Validators::default(),
        }
    }

    /// Asks once: for a page (a query parameter and its value), unless what is known is the newest.
    pub(super) fn ask(
        &self,
        item: &Item,
        names: &Captured,
        page: Option<(&str, &str)>,
        now: ClockTime,
    ) -> Result<Answer, Failure> {
        let mut request =
            request(&self.request, names, page).map_err(|e| Failure::of(wrong(&item.asked, &e)))?;
        if page.is_none() {
            with_validators(&mut request, &item.validators);
        }
        let answer = self.client.ask(request, &item.asked, now)?;
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
}

/// Says back what the last answer said of its version.
fn with_validators(request: &mut Request<String>, known: &Validators) {
    for (name, value) in [
        (IF_NONE_MATCH, &known.etag),
        (IF_MODIFIED_SINCE, &known.modified),
    ] {
        let value = value.as_ref().and_then(|v| HeaderValue::from_str(v).ok());
        if let Some(value) = value {
            request.headers_mut().append(name, value);
        }
    }
}
