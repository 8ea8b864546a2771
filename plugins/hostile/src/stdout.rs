//! Standard output of WASI, which components of JavaScript and Python import, and which Rust for
//! `wasm32-unknown-unknown` has not: by hand.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "made by a macro"
)]

wit_bindgen::generate!({
    generate_all,
    inline: "
        package zaraba:hostile;

        world speaks {
            import wasi:cli/stdout@0.2.3;
        }

        package wasi:io@0.2.3 {
            interface streams {
                variant stream-error { closed }
                resource output-stream {
                    write: func(contents: list<u8>) -> result<_, stream-error>;
                }
            }
        }

        package wasi:cli@0.2.3 {
            interface stdout {
                use wasi:io/streams@0.2.3.{output-stream};
                get-stdout: func() -> output-stream;
            }
        }
    ",
});

/// Writes lines to standard output and does not stop.
pub(crate) fn forever() -> ! {
    let stdout = wasi::cli::stdout::get_stdout();
    loop {
        let _ = stdout.write(b"and on and on it goes\n");
    }
}
