//! What happens by itself when its time has come, whether or not anybody looks.

use std::time::Instant;

use tokio::{select, time::sleep_until};

use super::handle::Simulator;

/// Lets everything happen on time until the phone stops.
pub(super) async fn run(phone: Simulator) {
    let mut plan = phone.inner.due.subscribe();
    loop {
        let due = *plan.borrow_and_update();
        select! {
            () = phone.inner.stop.cancelled() => return,
            changed = plan.changed() => if changed.is_err() { return },
            () = until(due) => phone.with(|_, _| {}),
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
