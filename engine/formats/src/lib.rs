//! Rows to and from bytes: decoders parse straight into Arrow builders and give back rows that
//! could not be read; encoders write what sinks send. Nothing here knows time or watermarks.

pub mod decode;

pub mod encode;
