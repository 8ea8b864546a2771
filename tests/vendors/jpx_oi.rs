//! The exchange's workbook of open interest, in the layout that programs of others read.

use std::sync::Arc;

use zaraba::pipeline::Pipeline;

use super::{Run, clock, feed, made_by, rows_to_the_end};
use crate::{pipelines, python};

fn row(day: &str, rest: &str) -> String {
    format!("open_interest: {day}T11:00:00Z|{day}|{rest}|jpx-oi")
}

/// The rows of the second workbook.
fn second_day() -> Vec<String> {
    [
        "NK225.mini_option|2026-09-04|58375.0|P|12|12",
        "NK225.mini_option|2026-09-11|70000.0|C|0|-7",
        "NK225.option|2026-09-11|30000.0|P|1250|-40",
        "NK225.option|2026-09-11|30500.0|P|0|null",
        "NK225.option|2026-09-11|70000.0|C|4655|210",
        "NK225.option|2026-10-09|60000.0|C|1|1",
    ]
    .map(|rest| row("2026-09-01", rest))
    .to_vec()
}

#[test]
fn two_days_of_two_sheets() {
    let folder = made_by(include_str!("jpx_oi.py"));
    let streams = [
        "open_interest",
        "open_interest__errors",
        "jpx_oi_large__errors",
        "jpx_oi_mini__errors",
        "jpx_oi_large__late",
        "jpx_oi_mini__late",
    ];
    let files = folder.path("*open_interest.xlsx").display().to_string();
    let mut found = rows_to_the_end(feed("jpx-oi", &streams).set("jpx_oi", files));
    let errors: Vec<String> = found
        .extract_if(.., |row| row.contains("__errors: "))
        .collect();
    let mut expected = vec![row(
        "2026-08-31",
        "NK225.option|2026-09-11|30000.0|P|1290|10",
    )];
    expected.extend(second_day());
    assert_eq!(found, expected);
    let [error] = &errors[..] else {
        panic!("{errors:#?}");
    };
    assert!(
        error.contains("expected the name of an option, found none") && error.contains("P2613"),
        "{error}"
    );
}

/// Serves a folder and prints its port.
const SERVER: &str = "
import functools, http.server, sys, threading
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
handler = functools.partial(Quiet, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()";

#[test]
fn a_workbook_over_http() {
    let folder = made_by(include_str!("jpx_oi.py"));
    let server = python::start(SERVER, &[&folder.path("").display().to_string()]);
    let port = server.said.trim();
    // The shipped feed, with the address of a workbook in the place of files.
    let shipped = std::fs::read_to_string(pipelines::here("../pipelines/feeds/jpx-oi.toml"));
    let files = "connector = \"file\"\npath = \"$jpx_oi\"\n";
    let address = "connector = \"http_client\"\nurl = \"$jpx_oi\"\nevery = \"1h\"\n";
    let text = shipped.unwrap().replace(files, address);
    assert_eq!(text.matches(address).count(), 2);
    let text = format!(
        "timezone = \"Asia/Tokyo\"\n{text}\n[sink.out]\nconnector = \"channel\"\n\
         from = [\"open_interest\", \"open_interest__errors\", \"jpx_oi_large__errors\"]\n"
    );
    let clock = clock("2026-09-01T20:30:00+09:00");
    let built = Pipeline::from_text(pipelines::here("../pipelines/desk.toml"), text)
        .set(
            "jpx_oi",
            format!("http://127.0.0.1:{port}/20260901open_interest.xlsx"),
        )
        .clock(Arc::new(clock.clone()))
        .build();
    let run = Run::start(built.unwrap_or_else(|e| panic!("{e}")), &clock);
    let found = run.rows(7);
    let (errors, rows): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|row| row.contains("__errors: "));
    assert_eq!(rows, second_day());
    assert!(
        errors.len() == 1 && errors[0].contains("P2613"),
        "{errors:#?}"
    );
}
