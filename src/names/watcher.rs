//! Keeps the address book of the settings: reads it again when it has changed, and tells everybody.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{AddressBook, NamesOptions, read};
use crate::domain::contacts::directory::Directory;

/// Interval at which the file is checked for a change.
const LOOK: Duration = Duration::from_secs(15);
/// Maximum number of mistakes that are logged one by one.
const MISTAKES: usize = 5;

/// What tells one version of a file from another.
type Version = (SystemTime, u64);

/// The watcher of the address book.
#[derive(Debug)]
pub struct AddressBookWatcher {
    options: watch::Receiver<NamesOptions>,
    names: watch::Sender<Arc<Directory>>,
    /// The version that was read last, or is broken.
    version: Option<Version>,
    /// Why the file can't be read, as it was said.
    error: Option<String>,
}

impl AddressBookWatcher {
    /// Reads the book, and returns who keeps it, and the names.
    pub async fn open(
        options: watch::Receiver<NamesOptions>,
    ) -> (Self, watch::Receiver<Arc<Directory>>) {
        let (names, known) = watch::channel(Arc::default());
        let mut watcher = Self { options, names, version: None, error: None };
        watcher.read().await;
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
                    self.read().await;
                }
                _ = look.tick() => self.look().await,
            }
        }
    }

    /// Reads the file, if it is another than before.
    pub(super) async fn look(&mut self) {
        let Some(file) = self.options.borrow().file.clone() else { return };
        let version = spawn_blocking(move || version(&file)).await.unwrap_or_default();
        if version != self.version || self.error.is_some() && version.is_some() {
            self.read().await;
        }
    }

    /// Reads the file. Where that fails, all names stay as they were.
    async fn read(&mut self) {
        let NamesOptions { file, country } = self.options.borrow_and_update().clone();
        let Some(file) = file else {
            self.version = None;
            self.names.send_replace(Arc::new(Directory::new(country, [])));
            return;
        };
        let path = file.clone();
        let outcome = spawn_blocking(move || {
            // before it is read: a change while it is read is seen by the next poll
            let version = version(&path);
            let names = read(&path).map(|book| (Directory::new(country, book.cards.clone()), book));
            (version, names)
        });
        let Ok((version, outcome)) = outcome.await else { return };
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
