//! What the engine says of a market, beside what others say of it.

mod indicators;
