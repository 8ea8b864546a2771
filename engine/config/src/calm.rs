//! What keeps alerts few: options that `[alert.NAME]` and `[rule.NAME]` share.

use crate::read::Fields;
use crate::spec::{Kind, Opt, Section, optional, required};

/// Keys of a group that go out on their own if nothing else is said.
const MOST: usize = 3;

/// `cooldown` and `group`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalmDoc {
    /// `cooldown`, microseconds of event time.
    pub cooldown: Option<i64>,
    /// `group`
    pub group: Option<GroupDoc>,
}

/// `group`
#[derive(Clone, Debug, PartialEq)]
pub struct GroupDoc {
    /// `within`, microseconds of event time.
    pub within: i64,
    /// `most`; 3 if left out.
    pub most: usize,
}

/// The options of both.
pub(crate) const CALM: &[Opt] = &[
    optional(
        "cooldown",
        Kind::Duration,
        "none",
        "\"5m\"",
        "a key that was told of is not told of again so long after, by event time",
    ),
    optional(
        "group",
        Kind::Table(&GROUP),
        "never",
        "{ within = \"1m\", most = 3 }",
        "many keys of one kind that open within a short time become one alert with its members",
    ),
];

static GROUP: Section = Section {
    title: "group",
    about: "Of a storm the first keys go out on their own; all others that open within the time become one alert, when it is over. It begins with the first key that opens.",
    groups: &[&[
        required(
            "within",
            Kind::Duration,
            "\"1m\"",
            "how long a storm is, by event time",
        ),
        optional(
            "most",
            Kind::Int(0, 1_000),
            "`3`",
            "3",
            "how many keys go out on their own",
        ),
    ]],
    later: &[],
    example: "",
};

/// What a section says of it.
pub(crate) fn convert(fields: &Fields) -> CalmDoc {
    let group = || {
        let own = fields.table("group")?;
        let most = own.int("most").and_then(|most| usize::try_from(most).ok());
        Some(GroupDoc {
            within: own.micros("within")?,
            most: most.unwrap_or(MOST),
        })
    };
    CalmDoc {
        cooldown: fields.micros("cooldown"),
        group: group(),
    }
}
