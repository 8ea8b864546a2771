//! What a section of the file may hold, said once, as data: the validator (`read.rs`), the
//! reference page (`reference.rs`) and the JSON Schema (`json_schema.rs`) are all made from it.
//! The specs themselves stand beside what they are converted to (`source.rs`, `query.rs`, …).

/// A kind of section: a table of options.
#[derive(Debug)]
pub(crate) struct Section {
    /// As the reference calls it: `[table.NAME]`.
    pub(crate) title: &'static str,
    /// What it is, in a sentence or two.
    pub(crate) about: &'static str,
    /// Its options; several groups where sections share some.
    pub(crate) groups: &'static [&'static [Opt]],
    /// Names of options that the design has and this version has not.
    pub(crate) later: &'static [&'static str],
    /// A whole pipeline file that shows it; empty where another section's example does.
    pub(crate) example: &'static str,
}

impl Section {
    /// All options.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The kind of connector that it is for, where there are several.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        match self.option("kind")?.kind {
            Kind::Words(words) => words.now.first().copied(),
            _ => None,
        }
    }

    /// The option of this name.
    pub(crate) fn option(&self, name: &str) -> Option<&'static Opt> {
        self.options().find(|o| o.name == name)
    }
}

/// One option.
#[derive(Debug)]
pub(crate) struct Opt {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) presence: Presence,
    /// One line.
    pub(crate) about: &'static str,
    /// A value, as TOML.
    pub(crate) example: &'static str,
}

/// Whether an option must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must.
    Required,
    /// It may be left out, and what that means.
    Default(&'static str),
}

/// Fewest items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Least {
    /// It may be empty.
    None,
    /// It may not.
    One,
}

/// What an option's value may be.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A text that is not empty: the name of a column or a stream.
    Name,
    /// A text of one character.
    Char,
    /// SQL; its places are kept to the byte.
    Sql,
    /// A path, relative to the file that names it; `$name` is a parameter.
    Path,
    /// A loopback address with a port; `$name` is a parameter.
    Listen,
    /// A URL of http or https; `$name` is a parameter.
    Url,
    /// A URL of ws or wss; `$name` is a parameter.
    SocketUrl,
    /// A method and a URL of http or https; `$name` is a parameter.
    Request,
    /// A template, or a table of one a language.
    Texts,
    /// A text, or a table or list that is sent as JSON.
    Message,
    /// A list of texts, as it is or as JSON in a text; `$name` is a parameter.
    TextList,
    /// Any address with a port; the section says what one that is not loopback needs.
    ListenOpen,
    /// An integer in a range, both ends included.
    Int(i64, i64),
    /// A finite number.
    Float,
    /// A finite number greater than zero.
    PositiveFloat,
    /// `true` or `false`
    Bool,
    /// `"5s"`, greater than zero.
    Duration,
    /// `"5s"` or `"0s"`
    DurationOrZero,
    /// `ttl`: a duration or `"2 trading_days"`.
    Ttl,
    /// `"512MiB"`
    Size,
    /// `"Asia/Tokyo"`
    Zone,
    /// `"2025-11-14T09:00:00"`, as text or as a TOML time.
    Time,
    /// `"2025-11-14"`, as text or as a TOML date.
    Date,
    /// A type of column.
    ColumnType,
    /// One of these words.
    Words(&'static Words),
    /// A list, perhaps of at least one.
    List(&'static Kind, Least),
    /// Exactly two numbers.
    Pair,
    /// A table with options of its own.
    Table(&'static Section),
    /// A table whose keys are names and whose values are all of one kind.
    Map(&'static Kind),
    /// A short form or a table: the first kind for anything but a table.
    Either(&'static Kind, &'static Section),
    /// A text or a whole number.
    TextOrNumber,
    /// A text, number or boolean.
    Scalar,
    /// Any value that has a JSON form; `"$name"` is a parameter.
    Argument,
    /// A table of columns with scalars or times.
    Row,
    /// `[KIND.NAME]` sections.
    Nodes(&'static NodeSpec),
    /// A part of the pipeline that may be laid over the rest.
    Overlay,
}

/// Words that an option chooses from.
#[derive(Debug)]
pub(crate) struct Words {
    /// What they are, singular: `format`.
    pub(crate) what: &'static str,
    /// Those that there are.
    pub(crate) now: &'static [&'static str],
    /// Those that the design has and this version has not.
    pub(crate) later: &'static [&'static str],
}

/// A kind of node: sections `[KIND.NAME]`.
#[derive(Debug)]
pub(crate) struct NodeSpec {
    /// `source`
    pub(crate) kind: &'static str,
    /// What its sections hold.
    pub(crate) body: Body,
}

/// What a node's section holds.
#[derive(Debug)]
pub(crate) enum Body {
    /// Always the same.
    One(&'static Section),
    /// It depends on `connector`: words, and as many sections; then sections of connectors of
    /// which there are several kinds, chosen by a key `kind`.
    ByConnector(
        &'static Words,
        &'static [&'static Section],
        &'static [(&'static str, &'static Section)],
    ),
}

impl NodeSpec {
    /// All sections that such a node may have, with the connector that chooses it.
    pub(crate) fn sections(&self) -> Vec<(Option<&'static str>, &'static Section)> {
        match &self.body {
            Body::One(section) => vec![(None, section)],
            Body::ByConnector(words, sections, kinds) => words
                .now
                .iter()
                .map(|w| Some(*w))
                .zip(sections.iter().copied())
                .chain(kinds.iter().map(|(c, s)| (Some(*c), *s)))
                .collect(),
        }
    }

    /// The section for a connector; `kind`: whether its table chooses a kind.
    pub(crate) fn section(&self, connector: &str, kind: bool) -> Option<&'static Section> {
        let of_it = || {
            let sections = self.sections().into_iter();
            sections.filter(|(c, _)| *c == Some(connector))
        };
        of_it()
            .find(|(_, s)| s.kind().is_some() == kind)
            .or_else(|| of_it().next())
            .map(|(_, s)| s)
    }
}

/// An option that must be there.
pub(crate) const fn required(
    name: &'static str,
    kind: Kind,
    example: &'static str,
    about: &'static str,
) -> Opt {
    Opt {
        name,
        kind,
        presence: Presence::Required,
        about,
        example,
    }
}

/// An option that may be left out.
pub(crate) const fn optional(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Opt {
    Opt {
        name,
        kind,
        presence: Presence::Default(default),
        about,
        example,
    }
}
