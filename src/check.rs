//! `gxv2mqtt check`: tries the broker and each phone, and reports what works and how to fix what does not.
//!
//! It changes nothing on a phone, and never logs in again after a refusal.

mod address_book;
mod broker;
mod phone;
mod table;

use anyhow::{anyhow, bail};
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::domain::contract::topic::{Base, Topic};
use crate::mqtt;
use crate::phone::http::{Clients, PhoneClient};

use table::{Row, print, say};

/// Tries everything, prints a table, and fails if anything does not work.
pub async fn run(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let rows = tokio::select! {
        rows = try_all(&settings) => rows?,
        () = stop.cancelled() => bail!("stopped before everything was tried"),
    };
    print(&rows);
    match rows.iter().filter(|row| row.is_bad()).count() {
        0 => {
            match rows.iter().map(|row| row.nothing_for).sum() {
                0 => say("All of it works."),
                n => say(&format!(
                    "All of it works, but the phones have nothing for {n} of the values: see above."
                )),
            }
            Ok(())
        }
        failed => Err(anyhow!("{failed} of {} do not work", rows.len())),
    }
}

/// Asks the broker whether it holds the bridge to be online; fails if not. Asks no phone.
pub async fn health(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let topic = Base::new(&settings.base_topic).render(&Topic::BridgeState);
    let state = tokio::select! {
        state = mqtt::retained(&settings.mqtt, &topic) => state?,
        () = stop.cancelled() => bail!("stopped before the broker answered"),
    };
    match state.as_deref() {
        Some("online") => {
            say("online");
            Ok(())
        }
        Some(other) => bail!("the broker holds the bridge to be {other:?}"),
        None => bail!("the broker has never heard of the bridge, on {topic}"),
    }
}

async fn try_all(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let mut rows = vec![broker::row(settings).await];
    rows.extend(settings.names.file.as_deref().map(address_book::row));
    let mut clients = Clients::default();
    for options in &settings.phones {
        let id = &options.id;
        let client = clients.client(options).map_err(|why| anyhow!("phones.{id}.{why}"))?;
        rows.extend(phone::rows(options, PhoneClient::new(client, options)).await);
    }
    Ok(rows)
}
