//! Follows topics of a pipeline and says what comes, until Ctrl-C.
//!
//! ```sh
//! make demo                                                  # in another terminal
//! cargo run -p zaraba-client --example follow -- ws://127.0.0.1:8225/ws bars
//! ```

use futures::stream::{StreamExt as _, select_all};
use zaraba_client::change::Change;
use zaraba_client::client::{Client, Options};
use zaraba_client::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or("ws://127.0.0.1:8225/ws".to_owned());
    let mut options = Options::new(url).until_end();
    if let Ok(token) = std::env::var("ZARABA_TOKEN") {
        options = options.token(token);
    }
    let client = Client::connect(options);
    let named = |name: String| {
        let topic = client.topic(name.clone());
        topic.map(move |change| (name.clone(), change)).boxed()
    };
    let mut changes = select_all(args.map(named));
    while let Some((name, change)) = changes.next().await {
        match change? {
            Change::Snapshot { rows, .. } => println!("{name}: {} rows are there", rows.len()),
            Change::Append { rows, .. } => {
                for row in rows {
                    println!("{name}: {}", serde_json::Value::from(row));
                }
            }
            Change::Upsert { rows, deleted, .. } => {
                println!("{name}: {} changed, {} gone", rows.len(), deleted.len());
            }
            Change::Gap { first, last } => {
                eprintln!("{name}: {} rows were missed", last + 1 - first);
            }
        }
    }
    Ok(())
}
