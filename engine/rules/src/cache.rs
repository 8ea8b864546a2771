//! Compiled code on disk. Compiling takes 50 ms for a small plugin and many seconds for one that holds
//! a JavaScript or Python engine.
//!
//! wasmtime has a cache of its own, behind a feature that brings a second TOML parser, a crate for
//! home directories and one more feature of `rustix`; and it rests on the same trust: what lies in the
//! folder is machine code that will be run. So the one `unsafe` call of this crate is here, with what
//! makes it right beside it: the folder is the user's own and closed to others, a file's name says
//! which plugin, which wasmtime and which settings it is of, and its checksum that it is whole.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use zaraba_core::alert::Fnv;

use crate::host::Host;

/// Bytes of the checksum before the code.
const SUM: usize = 16;

fn sum(bytes: &[u8]) -> u128 {
    let mut hash = Fnv::default();
    hash.add(bytes);
    hash.value()
}

/// Feeds wasmtime's own compatibility hash (version, target, settings) into ours.
struct Settings(Fnv);

impl Hasher for Settings {
    fn finish(&self) -> u64 {
        self.0.value() as u64
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.add(bytes);
    }
}

fn place(host: &Host, folder: &Path, bytes: &[u8]) -> PathBuf {
    let mut settings = Settings(Fnv::default());
    host.engine()
        .precompile_compatibility_hash()
        .hash(&mut settings);
    let name = format!("{:032x}-{:016x}.cwasm", sum(bytes), settings.finish());
    folder.join(name)
}

/// A component, from the folder if it is there, else compiled and put there.
pub(crate) fn component(host: &Host, bytes: &[u8]) -> wasmtime::Result<Component> {
    let Some(folder) = host.cache() else {
        return Component::from_binary(host.engine(), bytes);
    };
    let place = place(host, folder, bytes);
    if let Some(found) = read(host, folder, &place) {
        return Ok(found);
    }
    let component = Component::from_binary(host.engine(), bytes)?;
    // A cache that cannot be written is a slow start, not a failure.
    let _ = component
        .serialize()
        .map(|code| write(folder, &place, &code));
    Ok(component)
}

fn read(host: &Host, folder: &Path, place: &Path) -> Option<Component> {
    if !is_ours(folder) {
        return None;
    }
    let file = fs::read(place).ok()?;
    let (expected, code) = file.split_first_chunk::<SUM>()?;
    if u128::from_le_bytes(*expected) != sum(code) {
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "wasmtime cannot know who wrote the bytes: we did, see above"
    )]
    // SAFETY: the bytes are what `Component::serialize` gave (the checksum says whole), written by
    // `write` into a folder that nobody else may write to (`is_ours`). wasmtime itself refuses code
    // of another version or of other settings.
    let component = unsafe { Component::deserialize(host.engine(), code) };
    component.ok()
}

/// Whether nobody but its owner may write to the folder.
#[cfg(unix)]
fn is_ours(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_ours(folder: &Path) -> bool {
    folder.is_dir()
}

fn write(folder: &Path, place: &Path, code: &[u8]) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let hidden = place.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::File::create(&hidden)?;
    file.write_all(&sum(code).to_le_bytes())?;
    file.write_all(code)?;
    file.sync_all()?;
    fs::rename(&hidden, place)
}
