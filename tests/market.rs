//! What `engine/finance` knows of the market, beside independent answers: published vectors,
//! libraries in Python, real data where it is.

/// Holidays and sessions, beside jpholiday, QuantLib and the hours in which futures traded.
mod calendar;

/// Contract months and names, beside the exchange's settlement files.
mod contracts;
