//! kabu STATION: logs in, finds the codes of the symbols, and shares them out between those that are
//! pushed and those that are asked for by turns.

use std::time::Duration;

use serde_json::{Value, json};

use super::Made;
use super::ask::Asker;
use super::own::{get, request};
use super::vendor::{field, made};
use crate::failure::Failure;

const KABU: &str = include_str!("../../../../pipelines/feeds/kabu.toml");

/// Most symbols that can be registered. Where some are asked for by turns, a place is theirs.
const REGISTERED_MAX: usize = 50;

/// Between two requests: the vendor answers about ten in a second.
const PAUSE: Duration = Duration::from_millis(125);

/// The API, logged in to.
struct Api {
    url: String,
    token: String,
}

impl Api {
    fn log_in(url: &str, password: &str) -> Result<Self, Failure> {
        let body = json!({ "APIPassword": password }).to_string();
        let answer = request("POST", &format!("{url}/token"), &[], Some(body))?;
        Ok(Self {
            url: url.to_owned(),
            token: field(&answer, "Token")?,
        })
    }

    fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        std::thread::sleep(PAUSE);
        get(
            &format!("{}/{path}", self.url),
            &[("X-API-KEY", &self.token)],
        )
    }

    fn code(&self, query: &str) -> Result<String, Failure> {
        field(&self.get(&format!("symbolname/{query}"))?, "Symbol")
    }

    /// The code of something that the user named; in `what`: in Japanese and in English.
    fn known(
        &self,
        asker: &Asker<'_>,
        query: &str,
        what: &(String, String),
    ) -> Result<String, Failure> {
        self.code(query).map_err(|reason| {
            Failure::User(asker.say(
                &format!("kabuステーションに{}がありません: {reason}", what.0),
                &format!("kabu STATION knows no {}: {reason}", what.1),
            ))
        })
    }

    /// Strikes with the codes of their calls and puts.
    fn options(
        &self,
        asker: &Asker<'_>,
        month: &str,
        strikes: &[u32],
    ) -> Result<Vec<(u32, String)>, Failure> {
        let mut options = Vec::new();
        for strike in strikes {
            for (side, ja, en) in [("C", "コール", "call"), ("P", "プット", "put")] {
                let query = format!(
                    "option?OptionCode=NK225op&DerivMonth={month}&PutOrCall={side}&StrikePrice={strike}"
                );
                let what = (
                    format!("権利行使価格 {strike} の{ja}(限月 {month})"),
                    format!("{en} at {strike} of the month {month}"),
                );
                options.push((*strike, self.known(asker, &query, &what)?));
            }
        }
        Ok(options)
    }

    /// What the future was traded at last, or the day before.
    fn price(&self, future: &str) -> Result<f64, Failure> {
        let answer = self.get(&format!("board/{future}@2"))?;
        let board: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let price = |name: &str| board[name].as_f64().filter(|price| *price > 0.0);
        let found = price("CurrentPrice").or_else(|| price("PreviousClose"));
        found.ok_or_else(|| {
            let message = format!("expected a price of the future {future}, got none");
            Failure::Outside(message)
        })
    }
}

/// Asks, and describes the feed.
pub(super) fn kabu(asker: &mut Asker<'_>) -> Result<Made, Failure> {
    let url = asker.ask(
        "url",
        "kabuステーションAPIのURL",
        "the URL of kabu STATION's API",
        Some("http://localhost:18080/kabusapi"),
    )?;
    let url = url.trim_end_matches('/');
    let (variable, password) =
        asker.variable(("APIパスワード", "the API's password"), "KABU_PASSWORD")?;
    let api = Api::log_in(url, &password)?;
    let words = (
        "限月(202609など、0は期近)",
        "the contract month (as 202609; 0: the nearest)",
    );
    let (month, future) = asker.ask_for("month", words, Some("0"), |asker, month| {
        let query = format!("future?FutureCode=NK225mini&DerivMonth={month}");
        let none = (format!("限月 {month} の先物"), format!("future of {month}"));
        Ok((month.to_owned(), api.known(asker, &query, &none)?))
    })?;
    let words = (
        "権利行使価格(カンマ区切り、コールとプットで2銘柄ずつ、なければ none)",
        "strikes, commas between; each is two symbols, call and put (none: none)",
    );
    let mut options = asker.ask_for("strikes", words, Some("none"), |asker, strikes| {
        api.options(asker, &month, &numbers(strikes)?)
    })?;
    // The future and the index are always pushed.
    let room = REGISTERED_MAX - 2;
    let polled = if options.len() > room {
        let price = api.price(&future)?;
        let away = |strike: u32| (f64::from(strike) - price).abs();
        options.sort_by(|(a, _), (b, _)| away(*a).total_cmp(&away(*b)));
        options.split_off(room - 1)
    } else {
        Vec::new()
    };
    let symbol = |code: &str, exchange: u8| json!({ "Symbol": code, "Exchange": exchange });
    let mut pushed = vec![symbol(&future, 2)];
    pushed.extend(options.iter().map(|(_, code)| symbol(code, 2)));
    pushed.push(symbol("101", 1));
    if !polled.is_empty() {
        let (pushed, polled) = (pushed.len(), polled.len());
        asker.tell(
            &format!("{pushed} 銘柄は配信で、残り {polled} 銘柄は順に問い合わせて読みます"),
            &format!("{pushed} symbols are pushed, the other {polled} are asked for by turns"),
        )?;
    }
    let polled: Value = polled.into_iter().map(|(_, code)| code).collect();
    let push = url.replacen("http", "ws", 1);
    let params = [
        ("kabu_url", url.to_owned()),
        ("kabu_push_url", format!("{push}/websocket")),
        ("kabu_symbols", Value::Array(pushed).to_string()),
        ("kabu_polled", polled.to_string()),
    ];
    let variable = Some(("KABU_PASSWORD", variable.as_str()));
    let streams = ["options", "futures", "indices"];
    let mut made = made("kabu", KABU, &params, variable, &streams)?;
    if options.is_empty() {
        made.brings.retain(|column| !column.starts_with("options."));
    }
    Ok(made)
}

/// Strikes, each once.
fn numbers(answer: &str) -> Result<Vec<u32>, Failure> {
    let mut strikes: Vec<u32> = Vec::new();
    for word in answer.split(',').map(str::trim).filter(|s| *s != "none") {
        let strike = word.parse().map_err(|_| {
            Failure::User(format!("expected strikes like 64000,65000, found `{word}`"))
        })?;
        if !strikes.contains(&strike) {
            strikes.push(strike);
        }
    }
    Ok(strikes)
}
