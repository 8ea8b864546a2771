//! A connection's bytes: requests, the guard before the routes, and the assets behind it.
#![no_main]

use std::sync::LazyLock;

use axum::Router;
use axum::http::Uri;
use axum::routing::post;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};
use zaraba_net::access::{Access, Auth};
use zaraba_net::assets::Assets;
use zaraba_net::listen::{Edge, converse};

struct Site {
    runtime: Runtime,
    routes: Router,
    /// Who needs no token, and who does.
    edges: [Edge; 2],
    _folder: tempfile::TempDir,
}

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let dist = folder.path().join("dist");
    std::fs::create_dir(&dist).expect("a folder");
    std::fs::write(dist.join("index.html"), "page").expect("a file");
    std::fs::write(dist.join(".env"), "SECRET").expect("a file");
    std::fs::write(folder.path().join("secret"), "SECRET").expect("a file");
    let assets = Assets::open(&dist).expect("the folder is there");
    let page = move |uri: Uri| {
        let assets = assets.clone();
        async move { assets.get(uri.path()).await }
    };
    let access = Access {
        auth: Auth::Token("correct-horse-battery".into()),
        origins: vec!["https://desk.example".to_owned()],
    };
    Site {
        runtime: Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime"),
        routes: Router::new()
            .route("/echo", post(|body: axum::body::Bytes| async move { body }))
            .fallback(page),
        edges: [
            Edge::default(),
            Edge {
                access,
                ..Edge::default()
            },
        ],
        _folder: folder,
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let edge = SITE.edges[usize::from(*first) % 2].clone();
    let answer = SITE.runtime.block_on(async {
        let (mut near, far) = tokio::io::duplex(1 << 20);
        near.write_all(bytes).await.expect("it takes a megabyte");
        near.shutdown().await.expect("it is open");
        let mut answer = Vec::new();
        let served = converse(far, SITE.routes.clone(), edge);
        let (_, read) = tokio::join!(served, near.read_to_end(&mut answer));
        read.expect("it ends");
        answer
    });
    let secret = bytes.windows(6).any(|w| w == b"SECRET");
    assert!(secret || !answer.windows(6).any(|w| w == b"SECRET"));
});
