//! Where plugins are: a file that the pipeline names, or a name that is looked for in a few folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use zaraba_config::document::PluginDoc;
use zaraba_core::error::Error;
use zaraba_core::suggest::hint;
use zaraba_rules::host::Host;
use zaraba_rules::plugin::Plugin;

use crate::rules::watch::Stamp;

/// Names a folder of plugins.
const VARIABLE: &str = "ZARABA_PLUGINS";

/// Why a plugin cannot be had, and what helps.
pub(crate) type NoPlugin = (String, Option<String>);

/// A plugin and the file that it came from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) plugin: Plugin,
    pub(crate) file: PathBuf,
    /// As the file was just before it was read.
    pub(crate) stamp: Option<Stamp>,
}

/// The plugins of one pipeline, each loaded once.
pub(crate) struct Plugins {
    folders: Vec<PathBuf>,
    loaded: Mutex<BTreeMap<PathBuf, Result<Found, String>>>,
}

impl Plugins {
    /// They are looked for in `given`, or else in the folder that `ZARABA_PLUGINS` names, or else
    /// beside the program; and beside the pipeline.
    pub(crate) fn new(given: Option<&Path>, pipeline: &Path) -> Self {
        let given = given.map(Path::to_owned);
        let variable = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty());
        let named = given.or_else(|| variable.map(PathBuf::from));
        let mut folders = match named {
            Some(folder) => vec![folder],
            None => beside_the_program(),
        };
        folders.push(pipeline.join("plugins"));
        Self {
            folders,
            loaded: Mutex::default(),
        }
    }

    /// Finds and loads one.
    pub(crate) fn get(&self, doc: &PluginDoc) -> Result<Found, NoPlugin> {
        let file = match doc {
            PluginDoc::File(path) => path.clone(),
            PluginDoc::Name(name) => self.find(name)?,
        };
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let found = loaded.entry(file.clone()).or_insert_with(|| load(&file));
        found.clone().map_err(|what| (what, None))
    }

    fn find(&self, name: &str) -> Result<PathBuf, NoPlugin> {
        let files = self
            .folders
            .iter()
            .map(|folder| folder.join(format!("{name}.wasm")));
        let mut files = files.filter(|file| file.is_file());
        files.next().ok_or_else(|| {
            let names = self.names();
            let hint = hint(name, names.iter().map(String::as_str));
            let folders = self.folders.iter().map(|f| f.display().to_string());
            let help = format!(
                "looked in {}; `make plugins` builds those of zaraba itself, and `--plugins DIR` or \
                 {VARIABLE} names another folder",
                folders.collect::<Vec<_>>().join(", ")
            );
            (format!("no plugin `{name}`{hint}"), Some(help))
        })
    }

    /// Those that there are.
    fn names(&self) -> Vec<String> {
        let entries = self
            .folders
            .iter()
            .filter_map(|f| std::fs::read_dir(f).ok());
        let files = entries.flatten().flatten().map(|entry| entry.path());
        let plugins = files.filter(|file| file.extension().is_some_and(|e| e == "wasm"));
        let name = |file: PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
        let mut names: Vec<String> = plugins.filter_map(name).collect();
        names.sort();
        names
    }
}

/// `make plugins` puts them beside the folder of the program that `make demo` builds; who installs
/// zaraba may put them into a folder beside the program itself.
fn beside_the_program() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let Some(folder) = program.as_deref().and_then(Path::parent) else {
        return Vec::new();
    };
    let above = folder.parent().map(|above| above.join("plugins"));
    std::iter::once(folder.join("plugins"))
        .chain(above)
        .collect()
}

/// Loads a file.
pub(crate) fn load(file: &Path) -> Result<Found, String> {
    let stamp = Stamp::of(file);
    let plugin = Plugin::from_file(host()?, file).map_err(|error| error.to_string())?;
    Ok(Found {
        plugin,
        file: file.to_owned(),
        stamp,
    })
}

/// Loads a plugin off any pipeline, from where its compiled code is kept.
///
/// # Errors
/// The user's: the file is not there, or is no plugin.
pub fn load_plugin(file: &Path) -> Result<Plugin, Error> {
    let found = load(file).map_err(Error::user)?;
    Ok(found.plugin)
}

/// What all rules of the process share.
fn host() -> Result<&'static Host, String> {
    static HOST: OnceLock<Result<Host, String>> = OnceLock::new();
    let made = HOST.get_or_init(|| Host::new(cache()).map_err(|error| error.to_string()));
    made.as_ref().map_err(Clone::clone)
}

/// Where compiled plugins are kept; none: nowhere.
fn cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let caches = folder("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.or_else(|| Some(PathBuf::from(folder("HOME")?).join(".cache")));
    Some(caches?.join("zaraba").join("compiled"))
}
