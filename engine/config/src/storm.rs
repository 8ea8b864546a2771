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
    /// `keys`: from this one on they are told together.
    pub keys: usize,
}

/// The options of every node that raises alerts.
pub(crate) static STORM: [Opt; 2] = [
    optional(
        "cooldown",
        Kind::Duration,
        "none: every alert",
        "\"5m\"",
        "a key that was told of is not told of again so long after, by event time. What a declared alert finds still true then is told then; of a rule a graver alert, and the end of one that was told, come through",
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
    about: "What a storm is: alerts of one kind, of many keys, in a short time. The first keys are told at once; the others are told together, as one alert with its members, when the time is over.",
    groups: &[&[
        required(
            "window",
            Kind::Duration,
            "\"10s\"",
            "how long a storm is, by event time, from the first alert of its kind on",
        ),
        optional(
            "keys",
            Kind::Int(2, 1_000_000),
            "`5`",
            "5",
            "from this key on they are told together",
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
