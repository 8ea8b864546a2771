//! Static files of one folder. Nothing outside of it can be named, by dots, by encoded slashes or
//! by links; hidden files do not exist.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse as _, Response};
use zaraba_core::error::{Error, Result};

/// Largest file that is served: it is read into memory.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Content types by a file's ending.
const TYPES: [(&str, &str); 18] = [
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("gif", "image/gif"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
];

/// A folder that is served.
#[derive(Clone, Debug)]
pub struct Assets {
    root: PathBuf,
}

impl Assets {
    /// Opens the folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let root = folder
            .canonicalize()
            .ok()
            .filter(|root| root.is_dir())
            .ok_or_else(|| {
                Error::user(format!(
                    "expected a folder of static files at {}",
                    folder.display()
                ))
            })?;
        Ok(Self { root })
    }

    /// Answers a request for a path as it stands in the URL (`/`, `/app.js`); a folder is its
    /// `index.html`.
    pub async fn get(&self, path: &str) -> Response {
        let (root, path) = (self.root.clone(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || read(&root, &path));
        match read.await {
            Ok(Some((kind, bytes))) => (
                [
                    (CONTENT_TYPE, kind),
                    (CACHE_CONTROL, "no-cache"),
                    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                ],
                bytes,
            )
                .into_response(),
            _ => (StatusCode::NOT_FOUND, "no such file").into_response(),
        }
    }
}

fn read(root: &Path, path: &str) -> Option<(&'static str, Vec<u8>)> {
    let mut file = root.join(relative(path)?).canonicalize().ok()?;
    if file.is_dir() {
        file = file.join("index.html").canonicalize().ok()?;
    }
    let about = file.metadata().ok()?;
    // Links have been followed: what they lead to must still be inside.
    if !file.starts_with(root) || !about.is_file() || about.len() > FILE_BYTES_MAX {
        return None;
    }
    let ending = file
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or("")
        .to_ascii_lowercase();
    let known = TYPES.iter().find(|(e, _)| *e == ending);
    let kind = known.map_or("application/octet-stream", |(_, kind)| *kind);
    Some((kind, std::fs::read(file).ok()?))
}

/// The path below the root that a URL's path means; none if it would lead elsewhere.
fn relative(path: &str) -> Option<PathBuf> {
    let mut below = PathBuf::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let name = decode(part)?;
        if name.starts_with('.') || name.contains(['/', '\\', ':', '\0']) {
            return None;
        }
        below.push(name);
    }
    Some(below)
}

/// Puts in what `%2e` stands for.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let code = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, expected) in [
            ("/", Some("")),
            ("/app.js", Some("app.js")),
            ("//a//b.css", Some("a/b.css")),
            ("/%E6%9D%BF.html", Some("板.html")),
            ("/../secret", None),
            ("/a/../../secret", None),
            ("/%2e%2e/secret", None),
            ("/..%2fsecret", None),
            ("/%2fetc/passwd", None),
            ("/a%5c..%5csecret", None),
            ("/.env", None),
            ("/a%00.js", None),
            ("/C:/x", None),
            ("/%zz", None),
            ("/%2", None),
        ] {
            assert_eq!(relative(path), expected.map(PathBuf::from), "{path}");
        }
    }

    #[test]
    fn only_what_is_inside() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("dist");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(outer.path().join("secret"), "no").unwrap();
        std::fs::write(root.join("index.html"), "<p>").unwrap();
        std::fs::write(root.join("sub/A.JS"), "1").unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret"), root.join("link.txt")).unwrap();
        let assets = Assets::open(&root).unwrap();
        let got = |path| read(&assets.root, path);
        assert_eq!(
            got("/"),
            Some(("text/html; charset=utf-8", b"<p>".to_vec()))
        );
        assert_eq!(
            got("/sub/A.JS"),
            Some(("text/javascript; charset=utf-8", b"1".to_vec()))
        );
        assert_eq!(got("/link.txt"), None);
        assert_eq!(got("/sub"), None);
        assert_eq!(got("/../secret"), None);
        assert!(Assets::open(&outer.path().join("secret")).is_err());
    }
}
