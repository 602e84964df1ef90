//! When the phone can be reached at all: the plug in the wall, and reboots. The socket follows what the state says.

use std::{io, time::Duration};

use tokio::{select, time::sleep};

use super::{handle::Simulator, http};

/// The answer to a reboot order is let out before the phone goes away.
const FAREWELL: Duration = Duration::from_millis(100);
/// Pause before the port is tried again that somebody else took while the phone was away.
const PORT_PAUSE: Duration = Duration::from_millis(100);

impl Simulator {
    /// Pulls the plug: cuts all connections and refuses new ones; returns when that is so. The phone itself stays up.
    pub async fn unplug(&self) {
        self.with(|state, _| state.plugged_in = false);
        // Going away needs no port, so it cannot fail.
        drop(self.settle().await);
    }

    /// Puts the plug back in, on the same port. Fails when another program took it.
    pub async fn plug_in(&self) -> io::Result<()> {
        self.with(|state, _| state.plugged_in = true);
        self.settle().await
    }

    /// Reboots: away when this returns, back after the profile's time with no calls, no sessions and no uptime.
    pub async fn reboot(&self) {
        let begins = self.with(|state, now| {
            let begins = !state.booting;
            state.booting = true;
            state.sessions.boot();
            state.phone.boot(now);
            begins
        });
        if begins {
            drop(self.settle().await);
            drop(tokio::spawn(self.clone().come_back()));
        }
    }

    /// Pulls the plug once the answer is out, and puts it back in after a while.
    pub(super) fn unplug_for(&self, away: Duration) {
        let phone = self.clone();
        drop(tokio::spawn(async move {
            sleep(FAREWELL).await;
            phone.unplug().await;
            select! {
                () = phone.inner.stop.cancelled() => {}
                () = sleep(away) => phone.listen_again().await,
            }
        }));
    }

    /// Reboots once the answer to the order is out.
    pub(super) fn reboot_soon(&self) {
        let phone = self.clone();
        drop(tokio::spawn(async move {
            sleep(FAREWELL).await;
            phone.reboot().await;
        }));
    }

    async fn come_back(self) {
        let down = self.with(|state, _| state.profile.reboot);
        select! {
            () = self.inner.stop.cancelled() => return,
            () = sleep(down) => {}
        }
        self.with(|state, now| {
            state.booting = false;
            state.phone.boot(now);
        });
        self.settle_at_last().await;
        // Who hears of it finds the phone listening.
        self.with(|state, _| state.phone.booted());
    }

    async fn listen_again(&self) {
        self.with(|state, _| state.plugged_in = true);
        self.settle_at_last().await;
    }

    async fn settle_at_last(&self) {
        while let Err(error) = self.settle().await {
            tracing::warn!(%error, address = %self.address(), "simulated phone cannot listen again");
            sleep(PORT_PAUSE).await;
        }
    }

    /// Makes the socket what the state wants it to be.
    async fn settle(&self) -> io::Result<()> {
        let mut socket = self.inner.socket.lock().await;
        let stop = &self.inner.stop;
        let reachable = self.with(|state, _| state.reachable());
        if reachable && !stop.is_cancelled() {
            let router = http::router(self.clone());
            socket.plug_in(self.address(), router, stop)
        } else {
            socket.unplug(self.address()).await;
            Ok(())
        }
    }
}
