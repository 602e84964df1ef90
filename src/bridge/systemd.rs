//! What systemd is told.

/// Tells systemd, if it started us; elsewhere this does nothing.
pub(super) fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "failed to tell systemd");
    }
}
