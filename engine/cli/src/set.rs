//! `zaraba set`: parameters of a running pipeline, and options of its alerts and rules, changed where
//! every node that reads them can take another value between two rows, else with the reason why not.

use clap::Args;
use serde_json::{Map, Value};

use crate::args::assignment;
use crate::failure::Failure;
use crate::remote::{Remote, RemoteArgs};
use crate::voice::Voice;

/// Where parameters are changed.
const PATH: &str = "/api/set";

/// Which parameters.
#[derive(Args)]
pub(crate) struct SetArgs {
    /// Parameters, or options of alerts and rules as NODE.OPTION, and their new values, changed together or not at all; without any, all are listed
    #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
    changes: Vec<(String, String)>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Changes them, or lists what there is.
pub(crate) fn set(args: &SetArgs, voice: &Voice) -> Result<(), Failure> {
    let remote = args.remote.remote()?;
    if args.changes.is_empty() {
        return list(&remote, voice);
    }
    let changes = args.changes.iter();
    let changes: Map<String, Value> = changes
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let (status, text) = remote.post(PATH, &Value::Object(changes).to_string())?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let lines = |of: &str, line: fn(&Value) -> String| -> Vec<String> {
        let all = answer[of].as_array().into_iter().flatten();
        all.map(line).collect()
    };
    match status {
        200 if answer["changed"].is_array() => {
            let changed = lines("changed", |c| {
                let word = |of: &str| c[of].as_str().unwrap_or_default().to_owned();
                format!("{}: {}, was {}\n", word("name"), word("to"), word("from"))
            });
            voice.print(&changed.concat())
        }
        400 | 409 if answer["refused"].is_array() => {
            let refused = lines("refused", |r| {
                r["reason"].as_str().unwrap_or_default().into()
            });
            Err(Failure::User(format!(
                "nothing was changed\n{}",
                refused.join("\n")
            )))
        }
        403 => Err(Failure::User(text.trim_end().to_owned())),
        _ => Err(remote.stranger(&text)),
    }
}

/// Each parameter, its value, and whether it can change while the pipeline runs.
fn list(remote: &Remote, voice: &Voice) -> Result<(), Failure> {
    let text = remote.get(PATH)?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let Some(params) = answer["params"].as_array() else {
        return Err(remote.stranger(&text));
    };
    if params.is_empty() {
        return voice.print("the pipeline has no parameters, alerts or rules\n");
    }
    let line = |param: &Value| {
        let word = |of: &str| param[of].as_str().unwrap_or_default();
        let why = match word("fixed") {
            "" => "can change while it runs",
            reason => reason,
        };
        format!("{} = {}: {why}\n", word("name"), word("value"))
    };
    voice.print(&params.iter().map(line).collect::<String>())
}
