//! Rung when there is something new; the herald hears it. Ringing costs the pipeline the same
//! however many clients there are.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::websocket::connection::Client;

/// The bell.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    news: Mutex<News>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct News {
    /// There is something that nobody was told yet.
    fresh: bool,
    /// Nobody is to listen any more.
    dismissed: bool,
    newcomers: Vec<Arc<Client>>,
}

impl Bell {
    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something new.
    pub(crate) fn ring(&self) {
        let mut news = self.news();
        if !std::mem::replace(&mut news.fresh, true) {
            self.rung.notify_one();
        }
    }

    /// A client wants to hear of what is new from here on.
    pub(crate) fn join(&self, client: Arc<Client>) {
        self.news().newcomers.push(client);
    }

    /// Ends the waiting for good.
    pub(crate) fn dismiss(&self) {
        self.news().dismissed = true;
        self.rung.notify_one();
    }

    /// Waits for news, at most so long. Answers who has come since; none: the waiting is over.
    pub(crate) fn wait(&self, limit: Duration) -> Option<Vec<Arc<Client>>> {
        let idle = |news: &mut News| !news.fresh && !news.dismissed;
        let waited = self.rung.wait_timeout_while(self.news(), limit, idle);
        let (mut news, _) = waited.unwrap_or_else(PoisonError::into_inner);
        news.fresh = false;
        (!news.dismissed).then(|| std::mem::take(&mut news.newcomers))
    }
}
