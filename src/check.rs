//! `gxv2mqtt check`: tries the broker and each phone, and says what works and how to mend what does not.
//!
//! It changes nothing on a phone, and never logs in twice after a refusal.

use std::io::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::domain::contacts::phonebook::Filter;
use crate::domain::contract::entity::Device;
use crate::domain::contract::topic::{Base, Delivery, Publication, Topic};
use crate::domain::request::{Answer, Ask, Question, Trouble};
use crate::domain::telephony::Identity;
use crate::domain::values;
use crate::domain::values::named::Setting;
use crate::homeassistant::discovery;
use crate::mqtt::{self, Trial};
use crate::names;
use crate::phone::http::{Clients, Handset};
use crate::phone::{INSECURE, Options, Tls};

/// Functions that change something: they are never tried.
const CHANGING: [&str; 10] = [
    "Make Call",
    "Phone/Call Operations",
    "System Operations",
    "Post Values",
    "Save/Edit Contact",
    "Delete Contact",
    "Delete All Contacts",
    "Add Contact Group",
    "Edit/delete Contact Group",
    "Change Password",
];

/// So many mistakes of an address book are shown.
const MISTAKES: usize = 5;
/// Lines and accounts that a phone is thought to have, as long as it is not asked.
const LINES: RangeInclusive<u16> = 1..=6;
/// Messages of this size must go through at least.
const SMALL: usize = 1024;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Works,
    /// The phone does not have it.
    Unsupported,
    /// The phone has it, and not for us.
    Refused,
    Fails,
    NotTried,
}

impl From<&Trouble> for Verdict {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Unsupported(_) => Self::Unsupported,
            Trouble::Forbidden(_) | Trouble::Refused(_) => Self::Refused,
            Trouble::Unreachable(_)
            | Trouble::Timeout
            | Trouble::Unauthorized(_)
            | Trouble::BadCertificate(_)
            | Trouble::LockedOut(_)
            | Trouble::SessionEnded(_)
            | Trouble::BadAnswer(_) => Self::Fails,
        }
    }
}

struct Row {
    whose: String,
    what: &'static str,
    verdict: Verdict,
    took: Option<Duration>,
    remark: String,
    /// Whether the bridge asks for it by itself, and so can't do without.
    needed: bool,
    /// So many values of the settings are empty, or not known to the phone.
    nothing_for: usize,
}

impl Row {
    fn is_bad(&self) -> bool {
        match self.verdict {
            Verdict::Works | Verdict::NotTried => false,
            Verdict::Unsupported | Verdict::Refused => self.needed,
            Verdict::Fails => true,
        }
    }
}

async fn try_all(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let mut rows = vec![broker(settings).await];
    rows.extend(settings.names.file.as_deref().map(names));
    let mut clients = Clients::default();
    for options in &settings.phones {
        let id = &options.id;
        let client = clients.client(options).map_err(|why| anyhow!("phones.{id}.{why}"))?;
        rows.extend(phone(options, Handset::new(client, options)).await);
    }
    Ok(rows)
}

/// Reads the address book, and says what is left out.
fn names(file: &Path) -> Row {
    let started = Instant::now();
    let (verdict, remark) = match names::read(file) {
        Ok(book) => {
            let mut remark = vec![format!("{} contacts with a number", book.cards.len())];
            remark.extend(book.strangeness());
            let mistakes = book.mistakes.iter().take(MISTAKES);
            remark.extend(mistakes.map(|m| format!("left out: line {}, {}", m.line, m.what)));
            let more = book.mistakes.len().saturating_sub(MISTAKES);
            remark.extend((more > 0).then(|| format!("and {more} more")));
            (Verdict::Works, remark.join("; "))
        }
        Err(why) => (Verdict::Fails, why),
    };
    let took = Some(started.elapsed());
    Row {
        whose: "names".to_owned(),
        what: "read",
        verdict,
        took,
        remark,
        needed: true,
        nothing_for: 0,
    }
}

/// Returns what `run` needs of the broker, on topics that nobody looks at.
fn trial(settings: &Settings) -> Trial {
    let base = Base::new(&settings.base_topic);
    let topic = |place: &str| format!("{}/{place}", settings.base_topic);
    let mut filters =
        vec![base.commands(), base.requests(), settings.homeassistant.status_topic.clone()];
    filters.extend(base.states());
    let message = |topic, payload: &str, delivery| Publication {
        topic,
        payload: payload.as_bytes().to_vec(),
        delivery,
    };
    let mut topics = Vec::new();
    let mut largest = SMALL;
    for options in &settings.phones {
        let mine = topic(&format!("{}/check", options.id));
        topics.push(message(mine, "check", Delivery::Event));
        let device = Device {
            id: options.id.clone(),
            name: options.name.clone(),
            identity: Identity::default(),
            url: options.url.to_string(),
            lines: LINES.collect(),
            accounts: LINES.collect(),
            values: Arc::clone(&options.values),
            complete: true,
        };
        largest = largest.max(discovery::phone(&base, &device).to_string().len());
    }
    if settings.homeassistant.discovery {
        let prefix = &settings.homeassistant.discovery_prefix;
        filters.push(format!("{prefix}/device/+/config"));
        // Home Assistant looks at what ends in config only
        let device = format!("{prefix}/device/{}/check", discovery::bridge_id(&base));
        topics.push(message(device, "check", Delivery::Event));
    }
    Trial { filters, topics, echo: topic("bridge/response/check"), largest }
}

async fn broker(settings: &Settings) -> Row {
    let started = Instant::now();
    let trial = trial(settings);
    let (verdict, remark) = match mqtt::probe(&settings.mqtt, &trial).await {
        Ok(probe) if probe.refused.is_empty() => (
            Verdict::Works,
            format!("MQTT 5, messages up to {} bytes; may write and read", probe.largest_message),
        ),
        Ok(probe) => {
            let refused: Vec<_> =
                probe.refused.iter().map(|(topic, why)| format!("{topic}: {why}")).collect();
            (Verdict::Fails, format!("it refuses {}", refused.join("; ")))
        }
        Err(error) => (Verdict::Fails, error.to_string()),
    };
    Row {
        whose: "broker".to_owned(),
        what: "connect",
        verdict,
        took: Some(started.elapsed()),
        remark,
        needed: true,
        nothing_for: 0,
    }
}

async fn phone(options: &Options, mut handset: Handset) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut barred = false;
    if options.tls == Tls::Insecure {
        tracing::warn!(phone = %options.id, "{INSECURE}");
    }
    let whose = options.id.to_string();
    let row = |what, verdict, took, remark| {
        let whose = whose.clone();
        Row { whose, what, verdict, took, remark, needed: true, nothing_for: 0 }
    };
    let started = Instant::now();
    match handset.open().await {
        Ok(true) => {
            rows.push(row("log in", Verdict::Works, Some(started.elapsed()), String::new()));
        }
        Ok(false) => {}
        Err(trouble) => {
            rows.push(row("log in", Verdict::Fails, Some(started.elapsed()), trouble.to_string()));
            barred = true;
        }
    }
    let questions = Question::ALL.map(Ask::Read);
    for ask in questions.into_iter().chain(lists()).chain(values(options)) {
        let of_settings = matches!(ask, Ask::GetValues(_));
        let what = if of_settings { "values of the settings" } else { ask.function() };
        if barred {
            rows.push(row(what, Verdict::NotTried, None, String::new()));
            continue;
        }
        let started = Instant::now();
        let answer = handset.ask(&ask).await.map_err(Trouble::from);
        let took = Some(started.elapsed());
        match answer {
            Ok(Answer::Values(values)) => {
                let unknown = unknown(&values, &options.values);
                let known = format!("{} of {} values", values.len() - unknown.len(), values.len());
                let nothing = format!("{known}; nothing for {}", unknown.join(", "));
                let remark = if unknown.is_empty() { known } else { nothing };
                let row = row(what, Verdict::Works, took, remark);
                rows.push(Row { nothing_for: unknown.len(), ..row });
            }
            Ok(answer) => rows.push(row(what, Verdict::Works, took, summary(&answer))),
            Err(trouble) => {
                barred = matches!(
                    trouble,
                    Trouble::Unauthorized(_)
                        | Trouble::LockedOut(_)
                        | Trouble::BadCertificate(_)
                        | Trouble::Unreachable(_)
                );
                let row = row(what, Verdict::from(&trouble), took, trouble.to_string());
                rows.push(Row { needed: matches!(ask, Ask::Read(_) | Ask::GetValues(_)), ..row });
            }
        }
    }
    let changing = "it changes the phone".to_owned();
    rows.extend(CHANGING.map(|what| row(what, Verdict::NotTried, None, changing.clone())));
    rows
}

/// Lists that are read only when somebody wants them.
fn lists() -> [Ask; 3] {
    [Ask::GetContacts(Filter::default()), Ask::GetGroups, Ask::DownloadPhonebook]
}

/// The values that the settings name.
fn values(options: &Options) -> impl Iterator<Item = Ask> {
    let names: Vec<_> = options.values.iter().map(|setting| setting.value.clone()).collect();
    values::lists(&names).into_iter().map(Ask::GetValues)
}

/// Returns which values the phone has nothing for.
fn unknown(values: &values::Values, settings: &[Setting]) -> Vec<String> {
    let empty = values.iter().filter(|(_, text)| text.as_deref().unwrap_or("").is_empty());
    let named = empty.map(|(name, _)| {
        let number = name.chars().all(|c| c.is_ascii_digit());
        let name_shown = format!("{}{name}", if number { "P" } else { "" });
        let setting = settings.iter().find(|setting| setting.value == *name);
        setting.map_or(name_shown.clone(), |setting| format!("{name_shown} ({})", setting.key))
    });
    named.collect()
}

fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Lines(lines) => format!("{} lines", lines.len()),
        Answer::Status(status) => status.word().to_owned(),
        Answer::Accounts(accounts) => {
            let registered = accounts.iter().filter(|a| a.registered == Some(true)).count();
            format!("{registered} of {} registered", accounts.len())
        }
        Answer::Clock(clock) => match (clock.time, clock.uptime) {
            (Some(time), Some(uptime)) => format!("{}, up for {} s", time.at, uptime.seconds),
            _ => "in a format that is not known: please report it".to_owned(),
        },
        Answer::Identity(identity) => {
            let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            format!("{} with firmware {}", word(&identity.model), word(&identity.firmware))
        }
        Answer::Contacts(contacts) | Answer::Phonebook { contacts, .. } => {
            format!("{} contacts", contacts.len())
        }
        Answer::Groups(groups) => format!("{} groups", groups.len()),
        Answer::Values(_) | Answer::PasswordChanged { .. } | Answer::Done => String::new(),
    }
}

fn print(rows: &[Row]) {
    let wide = rows.iter().map(|row| row.whose.len()).max().unwrap_or_default();
    for Row { whose, what, verdict, took, remark, .. } in rows {
        let verdict = match verdict {
            Verdict::Works => "works",
            Verdict::Unsupported => "unsupported",
            Verdict::Refused => "refused",
            Verdict::Fails => "FAILS",
            Verdict::NotTried => "not tried",
        };
        let took = took.map_or(String::new(), |took| format!("{} ms", took.as_millis()));
        say(format!("{whose:wide$}  {what:25}  {verdict:11}  {took:>8}  {remark}").trim_end());
    }
}

/// Prints a line. That nobody reads any more, such as `head`, is no reason to stop: what comes is the exit code.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").ok();
}
