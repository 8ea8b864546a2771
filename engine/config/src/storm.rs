//! How repeats and storms of alerts are held down, in the same words for every node that raises
//! alerts: at most one alert of a key in a while, and many keys at once told as one.

use crate::read::Fields;
use crate::spec::{Kind, Opt, Section, optional, required};

/// How a node's repeats and storms are held down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StormDoc {
    /// `cooldown`: microseconds of event time in which a kind and key raise one alert.
    pub cooldown: Option<i64>,
    /// `group`
    pub group: Option<GroupDoc>,
}

/// `group = { … }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupDoc {
    /// `window`, microseconds of event time.
    pub window: i64,
    /// `keys`: from so many on they are one alert.
    pub keys: usize,
}

/// The options of every node that raises alerts.
pub(crate) static STORM: [Opt; 2] = [
    optional(
        "cooldown",
        Kind::Duration,
        "none: every alert",
        "\"5m\"",
        "after an alert, others of its kind and key are suppressed so long, by event time; a graver one, and the end of one that was told, are not",
    ),
    optional(
        "group",
        Kind::Table(&GROUP),
        "none: each alert by itself",
        "{ window = \"10s\", keys = 5 }",
        "tells a storm as one alert with its members",
    ),
];

static GROUP: Section = Section {
    title: "group",
    about: "What a storm is: alerts of one kind, of many keys, in a short time.",
    groups: &[&[
        required(
            "window",
            Kind::Duration,
            "\"10s\"",
            "the alerts of one kind in such a stretch of event time, counted from the Unix epoch, are looked at together",
        ),
        optional(
            "keys",
            Kind::Int(2, 1_000_000),
            "`5`",
            "5",
            "from so many keys on they are one alert",
        ),
    ]],
    later: &[],
    example: "",
};

/// What the section says.
pub(crate) fn convert(fields: &Fields) -> StormDoc {
    let group = fields.table("group").and_then(|group| {
        let keys = group.int("keys").and_then(|n| usize::try_from(n).ok());
        Some(GroupDoc {
            window: group.micros("window")?,
            keys: keys.unwrap_or(5),
        })
    });
    StormDoc {
        cooldown: fields.micros("cooldown"),
        group,
    }
}
