//! Event notifications: the phone calls the URL that is set for an event, one after the other, and never waits for a receiver
//! in anything else that it does.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    select,
    sync::Notify,
    time::timeout,
};

use super::{
    event::PushEvent,
    handle::Simulator,
    pushes::Pushed,
    state::State,
    template::{self, Values},
};

/// Maximum number of calls of a URL that wait for the one before; more are lost, as a real phone loses them.
const WAITING: usize = 32;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(3);

impl State {
    /// Makes URLs of what is new, and wakes who calls them. Without a network all of it is lost, with what waits.
    pub(super) fn push_news(&mut self, wake: &Notify) {
        let news = self.phone.news.take();
        if !self.reachable() {
            self.pushes.waiting.clear();
            return;
        }
        for event in news.iter().filter(|_| !self.pushes.lost) {
            let values = Values::of(event, &self.profile, &self.phone.accounts, self.pushes.ip);
            let template = self.pushes.urls.get(&event.what);
            let url = template.and_then(|template| template::filled(template, &values));
            if let Some(url) = url
                && self.pushes.waiting.len() < WAITING
            {
                self.pushes.waiting.push_back(Pushed { event: event.what, url });
                wake.notify_one();
            }
        }
    }
}

impl Simulator {
    /// From now on the phone calls this URL when that happens, or none. Variables in it are the vendor's, such as `$remote`.
    pub fn push_to(&self, event: PushEvent, url: Option<String>) {
        self.with(|state, _| match url.filter(|url| !url.is_empty()) {
            Some(url) => drop(state.pushes.urls.insert(event, url)),
            None => drop(state.pushes.urls.remove(&event)),
        });
    }

    /// Whether from now on events still happen, but no URL is called.
    pub fn lose_pushes(&self, lost: bool) {
        self.with(|state, _| state.pushes.lost = lost);
    }

    /// The URLs that were called, the oldest first: those that a receiver accepted the connection for.
    pub fn pushed(&self) -> Vec<Pushed> {
        self.with(|state, _| state.pushes.sent.iter().cloned().collect())
    }
}

/// Calls what waits until the phone stops.
pub(super) async fn run(phone: Simulator) {
    loop {
        select! {
            () = phone.inner.stop.cancelled() => return,
            () = phone.inner.news.notified() => {}
        }
        while let Some(pushed) = phone.with(|state, _| state.pushes.waiting.pop_front()) {
            let url = pushed.url.clone();
            select! {
                () = phone.inner.stop.cancelled() => return,
                outcome = timeout(PATIENCE, call(&phone, pushed)) => {
                    if let Ok(Err(error)) = outcome {
                        tracing::debug!(target: "simulator", %error, url, "URL is not called");
                    }
                }
            }
        }
    }
}

/// Calls one URL, in the phone's own hand: its answer is waited for, and ignored.
async fn call(phone: &Simulator, pushed: Pushed) -> io::Result<()> {
    let (address, host, target) = template::dissected(&pushed.url);
    let model = phone.with(|state, _| state.profile.model.clone());
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Grandstream {model}\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await?;
    let goes_out = phone.with(|state, _| {
        let reachable = state.reachable();
        reachable.then(|| state.pushes.note(pushed)).is_some()
    });
    if goes_out {
        stream.write_all(request.as_bytes()).await?;
        // Who hangs up at once may not be listened to.
        let _ignored = stream.read(&mut [0; 512]).await?;
    }
    Ok(())
}
