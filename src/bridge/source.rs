//! Where the settings are read again, and who at this machine wants that.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::config::Settings;

/// Where the settings are read again.
pub struct Source {
    /// Reads them; the error is what the program would print if it were started now.
    pub read: Arc<dyn Fn() -> Result<Settings, String> + Send + Sync>,
    /// Somebody at this machine wants that.
    pub asked: mpsc::Receiver<()>,
}

/// Waits until somebody at this machine wants the settings to be read again; for ever, if nobody can.
pub(super) async fn asked(source: &mut Option<Source>) {
    if let Some(source) = source
        && source.asked.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}
