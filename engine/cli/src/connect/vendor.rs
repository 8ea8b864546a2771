//! Vendors with a shipped feed: a copy of it is put beside the pipeline, with the user's parameters,
//! and included.

use serde_json::{Value, json};
use toml_edit::{DocumentMut, value};

use super::Made;
use super::ask::Asker;
use super::own::{get, request};
use super::report::brought;
use crate::failure::Failure;

const KABU: &str = include_str!("../../../../pipelines/feeds/kabu.toml");
const JQUANTS: &str = include_str!("../../../../pipelines/feeds/jquants.toml");
const EXCEL: &str = include_str!("../../../../pipelines/feeds/excel-rss.toml");
const SCRIPT: &str = include_str!("../../../../pipelines/feeds/excel-rss.ps1");

/// A feed with parameters changed and its secret read from another variable.
fn made(
    name: &str,
    feed: &str,
    params: &[(&str, String)],
    variable: Option<(&str, &str)>,
    streams: &[&str],
) -> Result<Made, Failure> {
    let feed = match variable {
        Some((shipped, own)) => feed.replace(&format!("${{{shipped}"), &format!("${{{own}")),
        None => feed.to_owned(),
    };
    let document = feed.parse::<DocumentMut>();
    let mut document = document.map_err(|e| Failure::Outside(format!("{name}: {e}")))?;
    for (param, text) in params {
        document["params"][param] = value(text);
    }
    Ok(Made {
        source: None,
        brings: brought(&feed),
        feed: Some((format!("{name}.toml"), document.to_string())),
        files: Vec::new(),
        streams: streams.iter().map(|s| (*s).to_owned()).collect(),
        wait: None,
    })
}

/// kabu STATION: logs in, finds the codes of the symbols.
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
    let month = asker.ask(
        "month",
        "限月(202609など、0は期近)",
        "the contract month (as 202609; 0: the nearest)",
        Some("0"),
    )?;
    let strikes = asker.ask(
        "strikes",
        "権利行使価格(カンマ区切り、コールとプットで2銘柄ずつ、なければ none)",
        "strikes, commas between; each is two symbols, call and put (none: none)",
        Some("none"),
    )?;
    let body = json!({ "APIPassword": password }).to_string();
    let answer = request("POST", &format!("{url}/token"), &[], Some(body))?;
    let token = field(&answer, "Token")?;
    let key = [("X-API-KEY", token.as_str())];
    let find = |query: String| field(&get(&format!("{url}/symbolname/{query}"), &key)?, "Symbol");
    let future = find(format!("future?FutureCode=NK225mini&DerivMonth={month}"))?;
    let mut symbols = vec![json!({ "Symbol": future, "Exchange": 2 })];
    for strike in strikes.split(',').map(str::trim).filter(|s| *s != "none") {
        for side in ["C", "P"] {
            let query = format!(
                "option?OptionCode=NK225op&DerivMonth={month}&PutOrCall={side}&StrikePrice={strike}"
            );
            symbols.push(json!({ "Symbol": find(query)?, "Exchange": 2 }));
        }
    }
    symbols.push(json!({ "Symbol": "101", "Exchange": 1 }));
    if symbols.len() > 50 {
        let message = format!("expected at most 50 symbols, got {}", symbols.len());
        return Err(Failure::User(message));
    }
    let push = url.replacen("http", "ws", 1);
    let params = [
        ("kabu_url", url.to_owned()),
        ("kabu_push_url", format!("{push}/websocket")),
        ("kabu_symbols", Value::Array(symbols).to_string()),
    ];
    let variable = Some(("KABU_PASSWORD", variable.as_str()));
    made(
        "kabu",
        KABU,
        &params,
        variable,
        &["options", "futures", "indices"],
    )
}

/// A text of an answer.
fn field(answer: &[u8], name: &str) -> Result<String, Failure> {
    let document: Option<Value> = serde_json::from_slice(answer).ok();
    let found = document.as_ref().and_then(|d| d[name].as_str());
    found.map(str::to_owned).ok_or_else(|| {
        Failure::Outside(format!(
            "expected an answer with a text `{name}`, got another"
        ))
    })
}

/// J-Quants: a key and a day.
pub(super) fn jquants(asker: &mut Asker<'_>) -> Result<Made, Failure> {
    let url = asker.ask(
        "url",
        "J-Quants APIのURL",
        "the URL of J-Quants",
        Some("https://api.jquants.com/v2"),
    )?;
    let (variable, _) = asker.variable(("APIキー", "the key"), "JQUANTS_API_KEY")?;
    let date = asker.ask(
        "date",
        "取引日(2026-09-01など)",
        "the trading day (as 2026-09-01)",
        None,
    )?;
    let params = [("jquants_url", url), ("jquants_date", date)];
    let variable = Some(("JQUANTS_API_KEY", variable.as_str()));
    let streams = ["options", "futures", "open_interest"];
    made("jquants", JQUANTS, &params, variable, &streams)
}

/// The Excel bridge: rows come when the script runs.
pub(super) fn excel(asker: &mut Asker<'_>) -> Result<Made, Failure> {
    let listen = asker.ask(
        "listen",
        "待ち受けるアドレス",
        "where to listen",
        Some("127.0.0.1:8227"),
    )?;
    let params = [("excel_listen", listen.clone())];
    let mut made = made("excel-rss", EXCEL, &params, None, &["options", "futures"])?;
    made.files
        .push(("excel-rss.ps1".to_owned(), SCRIPT.to_owned()));
    made.wait = Some(asker.say(
        &format!("`zaraba run` のあと、Windowsで excel-rss.ps1 を動かしてください: -Url http://{listen}/excel-rss\n"),
        &format!("after `zaraba run`, start excel-rss.ps1 on Windows: -Url http://{listen}/excel-rss\n"),
    ));
    Ok(made)
}
