//! Calls and puts, and the words that feeds have for them.

/// The right to buy or the right to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PutCall {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// The words that [`PutCall::from_text`] knows, for messages.
pub const WORDS: &str = "'C', 'P', 'CALL' or 'PUT'";

impl PutCall {
    /// Reads [`WORDS`], in capitals or not.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("C") || is("CALL") {
            Some(Self::Call)
        } else if is("P") || is("PUT") {
            Some(Self::Put)
        } else {
            None
        }
    }

    /// 1 for a call, −1 for a put.
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }
}
