//! Keeps the address book of the settings: reads it again when it has changed, and tells everybody.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{AddressBook, NamesOptions, read};
use crate::domain::contacts::directory::Directory;

/// Interval at which the file is checked for a change.
const LOOK: Duration = Duration::from_secs(15);
/// Maximum number of mistakes that are logged one by one.
const MISTAKES: usize = 5;

/// A file that is read within this time is known before the first call; a slower one keeps nobody waiting.
const START: Duration = Duration::from_secs(1);

/// What tells one version of a file from another.
type Version = (SystemTime, u64);

/// What was read: the version of the file, and the names in it with what is broken, or why it can't be read.
type Read = (Option<Version>, Result<(Directory, AddressBook), String>);

/// The watcher of the address book.
#[derive(Debug)]
pub struct AddressBookWatcher {
    options: watch::Receiver<NamesOptions>,
    names: watch::Sender<Arc<Directory>>,
    /// The version that was read last, or is broken.
    version: Option<Version>,
    /// Why the file can't be read, as it was said.
    error: Option<String>,
    /// The file that is being read.
    reading: Option<(PathBuf, JoinHandle<Read>)>,
}

impl AddressBookWatcher {
    /// Begins to read the book, and returns who keeps it, and the names.
    pub async fn open(
        options: watch::Receiver<NamesOptions>,
    ) -> (Self, watch::Receiver<Arc<Directory>>) {
        let (names, known) = watch::channel(Arc::default());
        let mut watcher = Self { options, names, version: None, error: None, reading: None };
        watcher.read();
        if let Ok(read) = timeout(START, finished(&mut watcher.reading)).await {
            watcher.take(read);
        }
        (watcher, known)
    }

    /// Keeps the book until it is stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = self.options.changed() => {
                    self.error = None;
                    self.read();
                }
                read = finished(&mut self.reading) => self.take(read),
                _ = look.tick(), if self.reading.is_none() => self.look().await,
            }
        }
    }

    /// Reads the file, if it is another than before.
    async fn look(&mut self) {
        let Some(file) = self.options.borrow().file.clone() else { return };
        let version = spawn_blocking(move || version(&file)).await.unwrap_or_default();
        if version != self.version || self.error.is_some() && version.is_some() {
            self.read();
        }
    }

    /// Begins to read the file.
    fn read(&mut self) {
        let NamesOptions { file, country } = self.options.borrow_and_update().clone();
        let Some(file) = file else {
            (self.version, self.reading) = (None, None);
            self.names.send_replace(Arc::new(Directory::new(country, [])));
            return;
        };
        let path = file.clone();
        let task = spawn_blocking(move || {
            // before it is read: a change while it is read is seen by the next poll
            let version = version(&path);
            let names = read(&path).map(|book| (Directory::new(country, book.cards.clone()), book));
            (version, names)
        });
        self.reading = Some((file, task));
    }

    /// Handles what was read. Where that failed, all names stay as they were.
    fn take(&mut self, (file, read): (PathBuf, Result<Read, JoinError>)) {
        self.reading = None;
        let Ok((version, outcome)) = read else { return };
        self.version = version;
        match outcome {
            Ok((names, book)) => {
                self.error = None;
                report(&file, &names, &book);
                self.names.send_replace(Arc::new(names));
            }
            Err(why) => {
                if self.error.as_ref() != Some(&why) {
                    tracing::warn!(
                        known = self.names.borrow().len(),
                        "names stay as they were: {why}; once that is fixed, the file is read by itself"
                    );
                }
                self.error = Some(why);
            }
        }
    }

    /// Does what [`Self::run`] does when it is time to look.
    #[cfg(test)]
    pub(super) async fn look_and_read(&mut self) {
        self.look().await;
        if self.reading.is_some() {
            let read = finished(&mut self.reading).await;
            self.take(read);
        }
    }
}

/// Waits until the file is read; for ever, if nobody reads it.
async fn finished(
    reading: &mut Option<(PathBuf, JoinHandle<Read>)>,
) -> (PathBuf, Result<Read, JoinError>) {
    match reading {
        Some((file, task)) => (file.clone(), task.await),
        None => std::future::pending().await,
    }
}

fn version(file: &Path) -> Option<Version> {
    let facts = std::fs::metadata(file).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

fn report(file: &PathBuf, names: &Directory, book: &AddressBook) {
    tracing::info!(?file, contacts = book.cards.len(), numbers = names.len(), "names are read");
    if let Some(strange) = book.strangeness() {
        tracing::warn!(?file, "{strange}");
    }
    for mistake in book.mistakes.iter().take(MISTAKES) {
        tracing::warn!(?file, line = mistake.line, "left out: {}", mistake.what);
    }
    if let Some(more) = book.mistakes.len().checked_sub(MISTAKES).filter(|more| *more > 0) {
        tracing::warn!(?file, more, "left out, too");
    }
}
