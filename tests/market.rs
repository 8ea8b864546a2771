//! What `engine/finance` knows of the market, beside independent answers: published vectors,
//! libraries in Python, real data where it is.

/// Prices, volatilities and Greeks.
mod pricing;

/// Prices, volatilities and Greeks on random points, beside QuantLib.
mod quantlib;

/// The forward per expiry in real settlement files.
mod forwards;

/// Holidays and sessions, beside jpholiday, QuantLib and the hours in which futures traded.
mod calendar;
/// Indicators, beside TA-Lib and formulas in Python.
mod indicators;

/// Contract months and names, beside the exchange's settlement files.
mod contracts;

/// The simulated market in a pipeline.
mod simulator;

/// Days on which something is different, replayed through a desk.
mod replay;

/// Declared alerts over an option chain, beside batch SQL.
mod alerts;
