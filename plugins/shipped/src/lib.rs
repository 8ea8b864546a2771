//! Nothing to use: its test holds the part of `docs/reference/rules.md` on the rules that are shipped
//! against what they say of themselves.
