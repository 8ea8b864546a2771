# Sourced by the scripts beside it: where things are built, and what must be installed first.
# Whatever installs something says so in one line, with the reason. A warm run installs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/zaraba"
# One target directory for all checkouts: the dependencies take many minutes to build.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/zaraba/target}"
# A shell that was open while rustup was installed does not have it on its path yet.
export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"

say() { printf 'zaraba: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# need_rust [fmt] [clippy]: cargo, new enough, with these subcommands.
need_rust() {
    command -v cargo >/dev/null || fail "Rust is needed: https://rustup.rs"
    local least have tool
    least=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
    have=$(rustc --version | cut -d' ' -f2)
    printf '%s\n%s\n' "$least" "$have" | sort -V -C ||
        fail "Rust $least or newer is needed, this is $have: run \`rustup update\`"
    for tool in "$@"; do
        cargo "$tool" --version >/dev/null 2>&1 && continue
        say "installing Rust's component ${tool/fmt/rustfmt}: \`make test\` checks with it"
        rustup component add "${tool/fmt/rustfmt}"
    done
}

# need_debian PACKAGE REASON: installs a Debian package.
need_debian() {
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    command -v apt-get >/dev/null || fail "please install $1: $2"
    say "installing the Debian package $1: $2"
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -qq --yes "$1" >/dev/null
}

# need_compiler: what rustc links with, and what some dependencies are written in.
need_compiler() {
    command -v cc >/dev/null || need_debian build-essential "Rust links with its \`cc\`; zstd is C"
}

# need_python: a virtual environment with what tests/requirements.txt pins; exports ZARABA_PYTHON.
need_python() {
    local venv="$cache/venv" pins=tests/requirements.txt
    export ZARABA_PYTHON="$venv/bin/python"
    mkdir -p "$cache"
    exec 9>"$cache/venv.lock"
    flock 9
    if ! { cmp -s "$pins" "$venv/installed.txt" && "$ZARABA_PYTHON" -c '' 2>/dev/null; }; then
        python3 -c 'import ensurepip, venv' 2>/dev/null ||
            need_debian python3-venv "the tests compare with DuckDB and other programs from PyPI"
        say "installing $(grep -v '^#' "$pins" | paste -sd' ') into $venv: the tests compare with them"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$ZARABA_PYTHON" -m pip install --quiet --disable-pip-version-check --requirement "$pins"
        cp "$pins" "$venv/installed.txt"
    fi
    exec 9>&-
}

# need_wasm: exports what `cargo build` needs for the target wasm32-unknown-unknown. The ordinary way
# is rustup's; where it cannot download the target, Debian's Rust builds the standard library itself.
need_wasm() {
    export WASM_CARGO=(cargo) WASM_ARGS=()
    local target=wasm32-unknown-unknown lib
    lib="$(rustc --print sysroot)/lib/rustlib"
    [ -d "$lib/$target" ] && return
    say "installing Rust's target $target: rules are built for it"
    if command -v rustup >/dev/null && rustup target add "$target" 2>/dev/null; then return; fi
    say "rustup cannot download it; Debian's Rust can build it from source"
    local package
    for package in rustc-web cargo-web rust-web-src; do
        dpkg -s "$package" >/dev/null 2>&1 ||
            need_debian "$package" "it builds Rust's standard library for wasm"
    done
    local linker
    linker=$(find -L "$lib" -name rust-lld -type f | head -n 1)
    [ -n "$linker" ] || fail "no rust-lld in $lib: reinstall Rust by rustup"
    WASM_CARGO=(env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 "RUSTFLAGS=-C linker=$linker" /usr/bin/cargo)
    WASM_ARGS=(-Zbuild-std=std,panic_abort)
}
