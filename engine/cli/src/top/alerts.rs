//! The newest alerts, below the table: rows of the topic `alerts`, where the listener has it.

use serde_json::Value;

use crate::remote::Remote;

/// Alerts that are shown.
pub(super) const MOST: usize = 5;

/// A line each, the newest first; none where there is no such topic.
pub(super) fn newest(remote: &Remote) -> Vec<String> {
    let answer = remote.get(&format!("/api/topics/alerts?limit={MOST}"));
    let answer = answer
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    answer.map_or_else(Vec::new, |answer: Value| lines(&answer))
}

fn lines(answer: &Value) -> Vec<String> {
    let rows = answer["rows"].as_array().into_iter().flatten().rev();
    rows.map(line).collect()
}

fn line(alert: &Value) -> String {
    let word = |name: &str| alert[name].as_str().unwrap_or("-");
    let (time, state, severity) = (word("time"), word("state"), word("severity"));
    // What it says is a stranger's text: nothing in it may move the cursor.
    let title: String = word("title").chars().filter(|c| !c.is_control()).collect();
    format!(
        "{time}  {state:<6}  {severity:<8}  {}  {title}",
        word("rule")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn newest_first_and_nothing_moves_the_cursor() {
        let alert = |time: &str, title: &str| {
            json!({
                "time": time, "state": "open", "severity": "high", "rule": "jump", "title": title,
            })
        };
        let answer = json!({ "rows": [alert("09:00", "板\u{1b}[2J"), alert("09:01", "b")] });
        let expected = [
            "09:01  open    high      jump  b",
            "09:00  open    high      jump  板[2J",
        ];
        assert_eq!(lines(&answer), expected);
        assert!(lines(&json!({ "error": "no topic" })).is_empty());
    }
}
