//! What came of a trial, in columns for eyes or as JSON for programs.

use serde_json::{Map, Value, json};
use zaraba::history::{After, Groups, History, Run, Spread};
use zaraba::text_width;

use crate::rule::sweep::Settings;

/// A run, looked at from all sides.
pub(super) struct Outcome {
    pub(super) settings: Settings,
    pub(super) alerts: usize,
    pub(super) suppressed: u64,
    pub(super) groups: Vec<Groups>,
    pub(super) after: Result<Vec<After>, String>,
}

impl Outcome {
    pub(super) fn new(history: &History<'_>, run: &Run, settings: Settings, by: &[String]) -> Self {
        Self {
            settings,
            alerts: run.fires.len(),
            suppressed: run.suppressed,
            groups: history.groups(run, by),
            after: history.after(run),
        }
    }
}

/// Cells in columns: numbers to the right, each line set in by so much.
pub(super) fn aligned(rows: &[Vec<String>], indent: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        rows.iter()
            .filter_map(|row| row.get(i))
            .map(|cell| text_width(cell))
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|i| width(i).unwrap_or(0)).collect();
    // A column of numbers has its title to the right, too.
    let number = |cell: &String| cell.trim_end_matches('%').trim().parse::<f64>().is_ok();
    let right = |i: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(i));
        cells.clone().count() > 0 && cells.all(number)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (i, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[i].saturating_sub(text_width(cell)));
            let (before, behind) = if right(i) {
                (&space[..], "")
            } else {
                ("", &space[..])
            };
            line += &format!("{before}{cell}{behind}  ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// `2.35` alerts a day.
pub(super) fn a_day(alerts: usize, days: usize) -> String {
    format!("{:.2}", alerts as f64 / days.max(1) as f64)
}

/// What the recording is.
pub(super) fn heading(history: &History<'_>, name: &str) -> String {
    let Some(seen) = history.seen() else {
        return String::new();
    };
    let days = seen.days.len();
    let stretch = match (seen.days.first(), seen.days.last()) {
        (Some(first), Some(last)) if first != last => format!(", {first} to {last}"),
        (Some(only), _) => format!(", {only}"),
        _ => String::new(),
    };
    let kind = if history.sessions.venue.is_some() {
        "trading day"
    } else {
        "day"
    };
    let plural = if days == 1 { "" } else { "s" };
    format!(
        "{name}: {days} {kind}{plural}{stretch}; {} rows\n",
        seen.rows
    )
}

/// A line a run.
pub(super) fn summary(outcomes: &[Outcome], days: usize) -> String {
    let first = outcomes.first();
    let names = first
        .into_iter()
        .flat_map(|of| of.settings.iter().map(|(name, _)| name.clone()));
    let figures = ["alerts", "a day", "suppressed"].map(str::to_owned);
    let mut rows = vec![names.chain(figures).collect::<Vec<_>>()];
    for of in outcomes {
        let values = of.settings.iter().map(|(_, value)| value.clone());
        let figures = [
            of.alerts.to_string(),
            a_day(of.alerts, days),
            of.suppressed.to_string(),
        ];
        rows.push(values.chain(figures).collect());
    }
    aligned(&rows, 0)
}

/// How a run's alerts spread, and what came after.
pub(super) fn details(of: &Outcome, days: usize) -> String {
    let mut text = String::new();
    if !of.settings.is_empty() {
        let settings = of
            .settings
            .iter()
            .map(|(name, value)| format!("{name} = {value}"));
        text += &format!("\n{}\n", settings.collect::<Vec<_>>().join(", "));
    }
    for group in &of.groups {
        let title = [group.by.clone(), "alerts".into(), "a day".into()];
        let rows = group
            .counts
            .iter()
            .map(|(what, count)| vec![what.clone(), count.to_string(), a_day(*count, days)]);
        let rows: Vec<Vec<String>> = std::iter::once(title.to_vec()).chain(rows).collect();
        text += &format!("\n{}", aligned(&rows, 2));
    }
    match &of.after {
        Ok(after) if after.is_empty() => {}
        Ok(after) => {
            text += &format!(
                "\n  what the price did, beside random times of the same sessions\n{}",
                moves(after)
            )
        }
        Err(_) => {}
    }
    text
}

/// What prices did, a line a code and time.
fn moves(after: &[After]) -> String {
    let title = ["code", "after", "alerts", "25 %", "median", "75 %", "rose"];
    let beside = ["random: 25 %", "median", "75 %", "rose"];
    let title = title.iter().chain(&beside).map(|cell| (*cell).to_owned());
    let mut rows = vec![title.collect::<Vec<_>>()];
    for of in after {
        let spread = |of: &Spread| {
            let percent = |value: f64| format!("{value:+.1}%");
            [
                percent(of.low),
                percent(of.median),
                percent(of.high),
                format!("{:.0}%", of.rose),
            ]
        };
        let head = [
            of.code.clone(),
            format!("{} min", of.minutes),
            of.alerts.count.to_string(),
        ];
        let cells = head
            .into_iter()
            .chain(spread(&of.alerts))
            .chain(spread(&of.random));
        rows.push(cells.collect());
    }
    aligned(&rows, 2)
}

/// All of it for programs.
pub(super) fn as_json(history: &History<'_>, name: &str, outcomes: &[Outcome]) -> Value {
    let seen = history.seen();
    let days = seen.map_or(0, |seen| seen.days.len());
    let day = |day: Option<&_>| day.map(std::string::ToString::to_string);
    let run = |of: &Outcome| {
        let settings = of
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)));
        let groups = of.groups.iter().map(|group| {
            let counts = group
                .counts
                .iter()
                .map(|(what, count)| (what.clone(), json!(count)));
            (group.by.clone(), Value::Object(counts.collect()))
        });
        let spread = |of: &Spread| json!({ "count": of.count, "low": of.low, "median": of.median, "high": of.high, "rose_pct": of.rose });
        let after = of.after.iter().flatten().map(|after| {
            json!({
                "code": after.code, "minutes": after.minutes,
                "alerts": spread(&after.alerts), "random": spread(&after.random),
            })
        });
        json!({
            "settings": settings.collect::<Map<_, _>>(),
            "alerts": of.alerts,
            "per_day": of.alerts as f64 / days.max(1) as f64,
            "suppressed": of.suppressed,
            "by": groups.collect::<Map<_, _>>(),
            "after": after.collect::<Vec<_>>(),
        })
    };
    json!({
        "name": name,
        "days": days,
        "first_day": day(seen.and_then(|seen| seen.days.first())),
        "last_day": day(seen.and_then(|seen| seen.days.last())),
        "rows": seen.map(|seen| seen.rows),
        "late": seen.map(|seen| seen.late.values().sum::<u64>()),
        "bad": seen.map(|seen| seen.bad.values().map(|(bad, _)| bad).sum::<u64>()),
        "runs": outcomes.iter().map(run).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let rows = [["what", "a day"], ["板", "10.25"], ["long", "3.50"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            aligned(&rows, 1),
            " what  a day\n 板    10.25\n long   3.50\n"
        );
    }
}
