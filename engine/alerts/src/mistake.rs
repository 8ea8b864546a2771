//! What is wrong with an alert's section, and where in the file.

use zaraba_config::document::Text;
use zaraba_core::diagnostic::Span;
use zaraba_sql::plan::mistake::SqlMistake;

/// A mistake, and what of the file it is in.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What; its own place is in the text.
    pub mistake: SqlMistake,
}

/// A part of the file.
#[derive(Clone, Debug)]
pub enum Place {
    /// Within a text.
    Within(Text),
    /// A thing as a whole.
    At(Span),
}

impl Mistake {
    pub(crate) fn within(text: &Text, mistake: SqlMistake) -> Self {
        let place = Place::Within(text.clone());
        Self { place, mistake }
    }
}
