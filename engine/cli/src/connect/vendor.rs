//! Vendors with a shipped feed: a copy of it is put beside the pipeline, with the user's parameters,
//! and included.

use serde_json::Value;
use toml_edit::{DocumentMut, value};

use super::Made;
use super::ask::Asker;
use super::own::get;
use super::report::brought;
use crate::failure::Failure;

const JQUANTS: &str = include_str!("../../../../pipelines/feeds/jquants.toml");
const EXCEL: &str = include_str!("../../../../pipelines/feeds/excel-rss.toml");
const SCRIPT: &str = include_str!("../../../../pipelines/feeds/excel-rss.ps1");

/// A feed with parameters changed and its secret read from another variable.
pub(super) fn made(
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
        own: None,
        feed: Some((format!("{name}.toml"), document.to_string())),
        files: Vec::new(),
        streams: streams.iter().map(|s| (*s).to_owned()).collect(),
        wait: None,
    })
}

/// A text of an answer.
pub(super) fn field(answer: &[u8], name: &str) -> Result<String, Failure> {
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
    let url = url.trim_end_matches('/').to_owned();
    let (variable, key) = asker.variable(("APIキー", "the key"), "JQUANTS_API_KEY")?;
    let words = ("取引日(2026-09-01など)", "the trading day (as 2026-09-01)");
    let date = asker.ask_for("date", words, None, |asker, date| {
        let shape: String = date.replace(|c: char| c.is_ascii_digit(), "0");
        if shape == "0000-00-00" {
            return Ok(date.to_owned());
        }
        Err(Failure::User(asker.say(
            &format!("2026-09-01 のような日付を答えてください: `{date}`"),
            &format!("expected a day like 2026-09-01, found `{date}`"),
        )))
    })?;
    let asked = format!("{url}/derivatives/bars/daily/options/225?date={date}");
    get(&asked, &[("x-api-key", &key)])?; // the key, the plan and the day
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
