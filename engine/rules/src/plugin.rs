//! A plugin: a file that was found to keep to the contract. It may be a component, or the core module
//! that a Rust build makes, which carries its component type and is wrapped here.

use std::path::Path;
use std::sync::{Arc, Mutex};

use wasmtime::component::{Component, Linker};
use wit_component::ComponentEncoder;
use zaraba_core::error::{Error, Result};
use zaraba_finance::calendar::Calendar;

use crate::bindings::{Rule, RulePre};
use crate::failure::Failure;
use crate::host::Host;
use crate::instance::Instance;
use crate::language::Language;
use crate::limits::{FILE, Limits};
use crate::manifest::Manifest;
use crate::tables::NoTables;
use crate::world::{Level, Surroundings, World};
use crate::{cache, wasi};

/// A plugin, compiled. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    host: Host,
    pre: RulePre<World>,
    manifest: Manifest,
    language: Language,
    imports: Vec<String>,
    size: usize,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Plugin")
            .field(&self.0.manifest.name)
            .finish()
    }
}

impl Plugin {
    /// Loads a file.
    ///
    /// # Errors
    /// When it cannot be read, or as [`Plugin::from_bytes`].
    pub fn from_file(host: &Host, path: &Path) -> Result<Self> {
        let at = |error: Error| error.at(&path.display().to_string());
        let found = std::fs::metadata(path).map_err(|e| at(Error::user(e.to_string())))?;
        if found.len() > FILE as u64 {
            let bytes = found.len();
            return Err(at(Error::user(format!(
                "{bytes} bytes; a plugin has at most {FILE}"
            ))));
        }
        let bytes = std::fs::read(path).map_err(|e| at(Error::user(e.to_string())))?;
        Self::from_bytes(host, &bytes).map_err(at)
    }

    /// Loads a component or a core module that carries its component type, and asks it what it is.
    ///
    /// # Errors
    /// The user's, when it is neither, imports what rules are not given, lacks an export of the
    /// contract, or says nonsense of itself.
    pub fn from_bytes(host: &Host, bytes: &[u8]) -> Result<Self> {
        let language = Language::of(bytes);
        let component = component(host, bytes)?;
        let mut linker = Linker::new(host.engine());
        let foreign = |error: wasmtime::Error| Error::user(format!("not a rule: {error:#}"));
        Rule::add_to_linker::<_, wasmtime::component::HasSelf<World>>(&mut linker, |world| world)
            .map_err(|error| Error::internal(format!("{error:#}")))?;
        wasi::add(&mut linker, &component)?;
        let pre = linker.instantiate_pre(&component).map_err(foreign)?;
        let pre = RulePre::new(pre).map_err(foreign)?;
        let manifest = describe(host, &pre, language)?;
        let of = component.component_type();
        let imports = of.imports(host.engine());
        Ok(Self(Arc::new(Inner {
            host: host.clone(),
            pre,
            manifest,
            language,
            imports: imports.map(|(name, _)| name.to_owned()).collect(),
            size: bytes.len(),
        })))
    }

    /// What it is and wants.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// What it is written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.0.language
    }

    /// What it may use if nobody says otherwise.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.language.limits()
    }

    /// The interfaces that it imports, with their versions.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.0.imports
    }

    /// Bytes of the file.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.size
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    pub(crate) fn pre(&self) -> &RulePre<World> {
        &self.0.pre
    }
}

/// The bytes as a component, whatever they are.
fn component(host: &Host, bytes: &[u8]) -> Result<Component> {
    let wrapped;
    let component = match bytes {
        [0, b'a', b's', b'm', 13, 0, 1, 0, ..] => bytes,
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            wrapped = wrap(bytes)?;
            &wrapped
        }
        [0, b'a', b's', b'm', ..] => {
            return Err(Error::user(
                "a WebAssembly file of a version that is not known",
            ));
        }
        _ => return Err(Error::user("not a WebAssembly file")),
    };
    let broken = |error| Error::user(format!("not a valid component: {error:#}"));
    cache::component(host, component).map_err(broken)
}

fn wrap(module: &[u8]) -> Result<Vec<u8>> {
    const SECTION: &[u8] = b"component-type";
    if !module
        .windows(SECTION.len())
        .any(|window| window == SECTION)
    {
        return Err(Error::user(
            "a core module that does not carry its component type, as what the SDK builds does",
        ));
    }
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| {
        Error::user(format!(
            "a core module that does not make a component: {error:#}"
        ))
    })
}

fn describe(host: &Host, pre: &RulePre<World>, language: Language) -> Result<Manifest> {
    // Nobody has a name for its log yet; where it fails, its lines say why.
    let wrote = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&wrote);
    let around = Surroundings {
        limits: language.limits(),
        calendar: Calendar::built_in(),
        tables: Arc::new(NoTables),
        log: Arc::new(move |_: Level, line: &str| {
            if let Ok(mut lines) = lines.lock()
                && !line.is_empty()
            {
                *lines += "\n  ";
                *lines += line;
            }
        }),
    };
    let failed = |failure: Failure| {
        let lines = wrote.lock().map(|lines| lines.clone()).unwrap_or_default();
        let says = if lines.is_empty() { "" } else { "; it wrote:" };
        Error::user(format!("its `describe` failed: {failure}{says}{lines}"))
    };
    let world = World::new(around, 0);
    let mut instance = Instance::new(host, pre, world).map_err(|(failure, _)| failed(failure))?;
    let said = instance.describe().map_err(failed)?;
    Manifest::read(said).map_err(|what| Error::user(format!("its manifest is wrong: {what}")))
}
