//! The loop of one phone: it owns the phone's twin and client, waits for what happens, and does what the twin says.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::domain::alarm::Alarm;
use crate::domain::call::push::Push;
use crate::domain::command::Command;
use crate::domain::command::result::{CommandHeader, Failure};
use crate::domain::contacts::directory::Directory;
use crate::domain::contract::entity::Device;
use crate::domain::contract::health::Vitals;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::request::{Answer, PhoneRequest};
use crate::domain::telephony::PhoneId;
use crate::domain::twin::{Effect, Handover, Input, Now, Twin};

use super::http::{Failed, PhoneClient};
use super::notes::log;

/// A message for a phone's task.
#[derive(Debug)]
pub enum Message {
    /// Something came on a command topic.
    Command {
        /// Whom to answer.
        header: CommandHeader,
        /// What is to be done, or why not.
        command: Result<Command, Failure>,
    },
    /// The broker still has this message on this topic.
    Retained(PhoneTopic, String),
    /// The phone called our URL.
    Pushed(Push),
    /// Somebody wants the phone for themselves until then.
    Pause(Now),
    /// They don't any more.
    Resume,
}

impl Message {
    /// Returns the name of the command, if it is one.
    pub fn command(&self) -> Option<&str> {
        match self {
            Self::Command { header, .. } => Some(&header.name),
            Self::Retained(..) | Self::Pushed(_) | Self::Pause(_) | Self::Resume => None,
        }
    }
}

/// The ways into a phone's task.
#[derive(Debug)]
pub struct Inbox {
    /// What users want of the phone, and what the broker knows of it.
    pub messages: mpsc::Receiver<Box<Message>>,
    /// Everything is to be published again.
    pub republish: Arc<Notify>,
    /// All that the broker had retained has been passed on.
    pub retained_complete: Arc<Notify>,
    /// The names that the settings give to numbers.
    pub names: watch::Receiver<Arc<Directory>>,
}

/// The ways out of a phone's task.
#[derive(Debug)]
pub struct Exits {
    /// What happens.
    pub reports: mpsc::Sender<Report>,
    /// How the phone is.
    pub vitals: watch::Sender<Vitals>,
}

/// What a phone's task tells the rest of the bridge.
#[derive(Debug)]
pub enum Report {
    /// Publish this below `P`.
    Publish(PhoneId, PhoneTopic, String),
    /// This is what the phone is now.
    Describe(Box<Device>),
    /// Everything was published again, as [`Inbox::republish`] wants it.
    Republished(PhoneId),
}

/// When the task ends it waits so long for the answer to the request that is under way.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// The request in flight: it owns the client, and comes back with it and the answer.
type InFlight = Pin<Box<dyn Future<Output = (Box<PhoneClient>, Result<Answer, Failed>)> + Send>>;

/// Serves one phone until it is stopped, and says goodbye for it; returns what the next one goes on with.
pub async fn run(
    id: PhoneId,
    mut twin: Box<Twin>,
    client: Box<PhoneClient>,
    mut inbox: Inbox,
    Exits { reports, vitals }: Exits,
    stop: CancellationToken,
) -> Handover {
    let mut idle = Some(client);
    let mut in_flight: Option<InFlight> = None;
    let mut alarm = Alarm::default();
    wind(&mut alarm, &twin, now().instant);
    loop {
        let wake = alarm.at().map(Instant::from_std);
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = inbox.republish.notified() => Input::RepublishAll,
            Some(message) = inbox.messages.recv() => (*message).into(),
            // after the messages: those of before are among them
            () = inbox.retained_complete.notified() => Input::RetainedComplete,
            Ok(()) = inbox.names.changed() => {
                Input::Named(Arc::clone(&inbox.names.borrow_and_update()))
            }
            (client, answer) = ended(&mut in_flight) => {
                in_flight = None;
                idle = Some(client);
                answer.into()
            }
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Input::Woke,
        };
        let republished = matches!(event, Input::RepublishAll);
        let now = now();
        for effect in twin.handle(event, now) {
            match effect {
                Effect::Send(request) => {
                    in_flight = idle.take().map(|client| send_request(client, request));
                }
                Effect::Note(note) => log(&note),
                Effect::Publish(topic, text) => {
                    report(&reports, Report::Publish(id.clone(), topic, text)).await;
                }
                Effect::Describe(device) => report(&reports, Report::Describe(device)).await,
            }
        }
        wind(&mut alarm, &twin, now.instant);
        // nobody waits for it: it is there for those who request
        vitals.send_replace(twin.vitals());
        if republished {
            report(&reports, Report::Republished(id.clone())).await;
        }
    }
    // apart: it is needed once, and would take room in the task for as long as it lives
    Box::pin(say_goodbye(&mut twin, &mut inbox, &mut in_flight, |topic, text| {
        let (reports, id) = (&reports, id.clone());
        async move { report(reports, Report::Publish(id, topic, text)).await }
    }))
    .await;
    vitals.send_replace(twin.vitals());
    twin.into_handover()
}

/// Handles what came before the end, and how the last request went, and lets the twin say goodbye.
async fn say_goodbye<F: Future<Output = ()>>(
    twin: &mut Twin,
    inbox: &mut Inbox,
    in_flight: &mut Option<InFlight>,
    publish: impl Fn(PhoneTopic, String) -> F,
) {
    inbox.messages.close();
    let mut left: Vec<Input> = vec![Input::Leaving];
    left.extend(
        std::iter::from_fn(|| inbox.messages.try_recv().ok()).map(|message| (*message).into()),
    );
    // how the last request went is worth a moment: the phone counts refused logins, too
    if in_flight.is_some()
        && let Ok((_, answer)) = timeout(LAST_ANSWER, ended(in_flight)).await
    {
        left.push(answer.into());
    }
    for event in left.into_iter().chain([Input::Stopping]) {
        for effect in twin.handle(event, now()) {
            match effect {
                Effect::Publish(topic, text) => publish(topic, text).await,
                Effect::Note(note) => log(&note),
                // the next twin describes it; and a twin that leaves asks nothing
                Effect::Describe(_) | Effect::Send(_) => {}
            }
        }
    }
}

impl From<Message> for Input {
    fn from(message: Message) -> Self {
        match message {
            Message::Command { header, command } => Self::Commanded { header, command },
            Message::Retained(topic, payload) => Self::Retained(topic, payload),
            Message::Pushed(push) => Self::Pushed(push),
            Message::Pause(until) => Self::Paused(until),
            Message::Resume => Self::Resumed,
        }
    }
}

impl From<Result<Answer, Failed>> for Input {
    fn from(answer: Result<Answer, Failed>) -> Self {
        match answer {
            Ok(answer) => Self::Answered(Ok(answer)),
            Err(failed) if failed.sent => Self::Answered(Err(failed.error)),
            Err(failed) => Self::NotSent(failed.error),
        }
    }
}

fn wind(alarm: &mut Alarm, twin: &Twin, now: std::time::Instant) {
    if alarm.set(twin.wake(), now) {
        tracing::warn!(
            "this is a bug: the phone's task is woken without a reason, and is slowed down; please report it"
        );
    }
}

/// Returns what time it is.
pub fn now() -> Now {
    Now { instant: Instant::now().into_std(), wall: Timestamp::now() }
}

fn send_request(mut client: Box<PhoneClient>, request: PhoneRequest) -> InFlight {
    Box::pin(async move {
        let function = request.function().name();
        if matches!(request, PhoneRequest::Read(_)) {
            tracing::trace!(?request, "sending a query");
        } else if matches!(
            request,
            PhoneRequest::Dial { .. } | PhoneRequest::Operate { .. } | PhoneRequest::System(_)
        ) {
            tracing::info!(?request, "sending a command");
        } else if request.changes() {
            // what is written may be a secret
            tracing::info!(function, "sending a command");
        } else {
            tracing::debug!(function, "sending a query");
        }
        let answer = client.send(&request).await;
        (client, answer)
    })
}

/// Waits for the request in flight; for ever, if there is none.
async fn ended(in_flight: &mut Option<InFlight>) -> (Box<PhoneClient>, Result<Answer, Failed>) {
    match in_flight {
        Some(request) => request.await,
        None => std::future::pending().await,
    }
}

/// Hands a report on; waits while the bridge is behind.
async fn report(reports: &mpsc::Sender<Report>, report: Report) {
    if reports.send(report).await.is_err() {
        tracing::debug!("nobody takes reports");
    }
}
