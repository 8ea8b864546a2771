//! Sources of the user's own layout: a schema is made from what comes.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use toml_edit::{Array, InlineTable, Table, value};
use zaraba::infer::{InferredColumn, InferredCsv, infer_csv, infer_json, time_column};

use super::Made;
use super::ask::Asker;
use super::push::pushed;
use super::report;
use crate::failure::Failure;

/// Bytes of a file or an answer that are looked at.
const SAMPLE: u64 = 1 << 20;

/// How long a server may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);

/// A CSV file.
pub(super) fn csv(asker: &mut Asker<'_>, into: &Path) -> Result<Made, Failure> {
    let words = ("CSVファイル", "the CSV file");
    let (path, found) = asker.ask_for("path", words, None, |_, path| sample(path, into))?;
    let mut source = Table::new();
    source.insert("connector", value("file"));
    source.insert("path", value(&path));
    source.insert("format", value("csv"));
    if found.encoding != "utf-8" {
        source.insert("encoding", value(found.encoding));
    }
    if found.delimiter != ',' || !found.header {
        let mut layout = InlineTable::new();
        if found.delimiter != ',' {
            layout.insert("delimiter", found.delimiter.to_string().into());
        }
        if !found.header {
            layout.insert("header", false.into());
        }
        source.insert("csv", value(layout));
    }
    finish(asker, source, &found.columns, &path)
}

/// What the beginning of a CSV file looks like, and its path as the pipeline says it.
fn sample(path: &str, into: &Path) -> Result<(String, InferredCsv), Failure> {
    let wrong = |e: &dyn std::fmt::Display| Failure::User(format!("{path}: {e}"));
    let folder = into.parent().unwrap_or(Path::new(""));
    // As the pipeline will mean it; a shell's user may mean it otherwise.
    let beside = folder.join(path);
    let (at, path) = if beside.exists() || !Path::new(path).exists() {
        (beside, path.to_owned())
    } else {
        let whole = std::fs::canonicalize(path).map_err(|e| wrong(&e))?;
        let text = whole.display().to_string();
        (whole, text)
    };
    let mut sample = Vec::new();
    let file = File::open(&at).map_err(|e| wrong(&e))?;
    let read = file.take(SAMPLE).read_to_end(&mut sample);
    read.map_err(|e| wrong(&e))?;
    let found = infer_csv(&sample, (sample.len() as u64) < SAMPLE);
    let found = found.map_err(|e| Failure::User(format!("{path}: {e}")))?;
    Ok((path, found))
}

pub(super) fn outside(what: &str, e: &dyn std::fmt::Display) -> Failure {
    Failure::Outside(format!("{what}: {e}"))
}

/// A header with a secret, as a pipeline writes it and as it is sent; none.
pub(super) type Header = Option<(String, String, String)>;

fn header(asker: &mut Asker<'_>) -> Result<Header, Failure> {
    let name = asker.ask(
        "header",
        "秘密を入れるヘッダ(なければ none)",
        "the header with a secret (none: no such header)",
        Some("none"),
    )?;
    if name == "none" {
        return Ok(None);
    }
    let prefix = asker.ask(
        "prefix",
        "秘密の前に置く言葉(なければ none)",
        "what stands before the secret (none: nothing)",
        Some(if name.eq_ignore_ascii_case("authorization") {
            "Bearer"
        } else {
            "none"
        }),
    )?;
    let prefix = if prefix == "none" {
        String::new()
    } else {
        format!("{prefix} ")
    };
    let (variable, secret) = asker.variable(("秘密", "the secret"), "API_KEY")?;
    let written = format!("{prefix}${{{variable}}}");
    Ok(Some((name, written, format!("{prefix}{secret}"))))
}

fn with_header(source: &mut Table, header: &Header) {
    if let Some((name, written, _)) = header {
        let mut headers = InlineTable::new();
        headers.insert(name, written.as_str().into());
        source.insert("headers", value(headers));
    }
}

/// An address that is asked for JSON.
pub(super) fn http(asker: &mut Asker<'_>) -> Result<Made, Failure> {
    let url = asker.ask("url", "URL", "the URL", None)?;
    let header = header(asker)?;
    let every = asker.ask("every", "何秒ごとに読むか", "how often to ask", Some("5s"))?;
    let sent = header
        .iter()
        .map(|(name, _, sent)| (name.as_str(), sent.as_str()));
    let body = get(&url, &sent.collect::<Vec<_>>())?;
    let found = infer_json(&body).map_err(|e| outside("the answer", &e))?;
    let mut source = Table::new();
    source.insert("connector", value("http_client"));
    source.insert("url", value(&url));
    source.insert("every", value(every));
    with_header(&mut source, &header);
    if let Some(rows) = &found.rows {
        source.insert("rows", value(rows));
    }
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let last = host.split(['?', '#']).next().unwrap_or(host);
    finish(asker, source, &found.columns, last)
}

/// Asks once; a refusal is said with its body.
pub(super) fn get(url: &str, headers: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
    request("GET", url, headers, None)
}

/// Makes a request. Messages have the URL without its query.
pub(super) fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<String>,
) -> Result<Vec<u8>, Failure> {
    let shown = url.split_once('?').map_or(url, |(shown, _)| shown);
    let failed =
        |what: &dyn std::fmt::Display| Failure::Outside(format!("{method} {shown}: {what}"));
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build();
    let agent: ureq::Agent = config.into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let sent = match body {
        Some(body) => {
            let request = request
                .header("Content-Type", "application/json")
                .body(body);
            agent.run(request.map_err(|e| failed(&e))?)
        }
        None => agent.run(request.body(()).map_err(|e| failed(&e))?),
    };
    let mut answer = sent.map_err(|e| failed(&e))?;
    let mut bytes = Vec::new();
    let reader = answer.body_mut().as_reader();
    reader
        .take(16 * SAMPLE)
        .read_to_end(&mut bytes)
        .map_err(|e| failed(&e))?;
    if !answer.status().is_success() {
        let said: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
        return Err(failed(&format!("answered {}: {said}", answer.status())));
    }
    Ok(bytes)
}

/// A server that pushes JSON.
pub(super) fn websocket(asker: &mut Asker<'_>) -> Result<Made, Failure> {
    let url = asker.ask("url", "WebSocketのURL", "the WebSocket's URL", None)?;
    let header = header(asker)?;
    let subscribe = asker.ask(
        "subscribe",
        "接続したら送る文(なければ none)",
        "what to send when connected (none: nothing)",
        Some("none"),
    )?;
    let subscribe = (subscribe != "none").then_some(subscribe);
    let found = pushed(&url, &header, subscribe.clone())?;
    let mut source = Table::new();
    source.insert("connector", value("websocket"));
    source.insert("url", value(&url));
    with_header(&mut source, &header);
    if let Some(subscribe) = subscribe {
        source.insert("subscribe", value(Array::from_iter([subscribe])));
    }
    if let Some(rows) = &found.rows {
        source.insert("rows", value(rows));
    }
    finish(asker, source, &found.columns, "pushed")
}

/// The event time, the name, the schema.
fn finish(
    asker: &mut Asker<'_>,
    mut source: Table,
    columns: &[InferredColumn],
    from: &str,
) -> Result<Made, Failure> {
    let live = source.get("connector").and_then(|c| c.as_str()) != Some("file");
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let guess = time_column(columns).map(|i| names[i]);
    let guess = guess.or(live.then_some("received"));
    let ja = format!("時刻の列({})", names.join(", "));
    let en = format!("the column of the event time ({})", names.join(", "));
    let made = |time: &str| live && time == "received" && !names.contains(&"received");
    let time = asker.ask_for("time", (&ja, &en), guess, |_, time| {
        if made(time) || names.contains(&time) {
            return Ok(time.to_owned());
        }
        let message = format!("no column `{time}`; there are {}", names.join(", "));
        Err(Failure::User(message))
    })?;
    let received = made(&time);
    let stem = from.rsplit(['/', '\\']).next().unwrap_or(from);
    let stem = stem.split('.').next().unwrap_or(stem).to_lowercase();
    let word: String = stem.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let usable = word.starts_with(|c: char| c.is_ascii_alphabetic());
    let proposed = if usable { word.as_str() } else { "ticks" };
    let words = ("ソースの名前", "the source's name");
    let name = asker.ask_for("name", words, Some(proposed), |_, name| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let first = name.starts_with(|c: char| c.is_ascii_lowercase());
        if first && name.chars().all(letters) && !name.contains("__") {
            return Ok(name.to_owned());
        }
        let message = format!("expected a name like ticks, of a-z, 0-9 and _, found `{name}`");
        Err(Failure::User(message))
    })?;
    source.insert("time", value(&time));
    source.insert("on_error", value("dead_letter"));
    let mut schema = Table::new();
    if received {
        let mut column = InlineTable::new();
        column.insert("type", "timestamp".into());
        column.insert("received", true.into());
        schema.insert("received", value(column));
    }
    for column in columns {
        schema.insert(&column.name, schema_of(column, column.name == time));
    }
    source.insert("schema", toml_edit::Item::Table(schema));
    Ok(Made {
        source: Some((name.clone(), source)),
        feed: None,
        files: Vec::new(),
        streams: vec![name.clone()],
        brings: BTreeSet::new(),
        own: Some(report::own(&name, &names, asker)),
        wait: None,
    })
}

/// A column's type, or a table.
fn schema_of(column: &InferredColumn, is_time: bool) -> toml_edit::Item {
    // A date may have to be the event time.
    let kind = if is_time { "timestamp" } else { column.kind };
    let mut table = InlineTable::new();
    table.insert("type", kind.into());
    if let Some(from) = &column.from {
        table.insert("from", from.as_str().into());
    }
    if let Some(format) = column.format {
        table.insert("format", format.into());
    }
    if !column.nulls.is_empty() {
        table.insert(
            "nulls",
            Array::from_iter(column.nulls.iter().map(String::as_str)).into(),
        );
    }
    if column.thousands {
        table.insert("thousands", ",".into());
    }
    if column.optional {
        table.insert("optional", true.into());
    }
    if table.len() == 1 {
        return value(kind);
    }
    value(table)
}
