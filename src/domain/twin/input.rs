//! What a twin handles, and what it wants done.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::call::doorbell::DoorbellRule;
use crate::domain::call::push::Push;
use crate::domain::call::{Call, EventType};
use crate::domain::command::Command;
use crate::domain::command::policy::Policy;
use crate::domain::command::result::{CommandHeader, Failure};
use crate::domain::contacts::directory::Directory;
use crate::domain::contract::entity::Device;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::polling::Pace;
use crate::domain::request::{Answer, PhoneError, PhoneRequest, StatusQuery};
use crate::domain::telephony::PhoneId;
use crate::domain::values::named::{NamedValue, ValueKey};

pub use crate::domain::time::Now;

/// What a twin must know of the settings of its phone.
#[derive(Debug, Clone)]
pub struct TwinOptions {
    /// The phone.
    pub id: PhoneId,
    /// Its name for people.
    pub name: String,
    /// Its web page, without credentials.
    pub url: String,
    /// The dialect that it speaks.
    pub dialect: &'static str,
    /// How often its lines are read.
    pub pace: Pace,
    /// A call that rings shorter than this is none.
    pub min_ring: Duration,
    /// Which calls are the doorbell.
    pub doorbell: Vec<DoorbellRule>,
    /// How often its contacts are read, if at all.
    pub contacts_poll: Option<Duration>,
    /// What may be asked of it.
    pub policy: Policy,
    /// Its values that are shown, and perhaps set.
    pub values: Arc<[NamedValue]>,
    /// How often these are read.
    pub values_every: Duration,
}

/// Everything that can happen to a phone.
#[derive(Debug)]
pub enum Input {
    /// The time of [`wake`](super::Twin::wake) has come.
    Woke,
    /// The request under way has ended; without an answer it may have been obeyed all the same.
    Answered(Result<Answer, PhoneError>),
    /// The request under way came to nothing because of this, and surely never reached the phone.
    NotSent(PhoneError),
    /// A message came on a command topic.
    Commanded {
        /// Whom to answer.
        header: CommandHeader,
        /// What is to be done, or why not.
        command: Result<Command, Failure>,
    },
    /// The broker, or somebody who reads there, knows nothing any more.
    RepublishAll,
    /// The broker still has this message on this topic of the phone.
    Retained(PhoneTopic, String),
    /// The broker has no other.
    RetainedComplete,
    /// The phone called our URL.
    Pushed(Push),
    /// These are the names that the settings give to numbers, from now on.
    Named(Arc<Directory>),
    /// Somebody wants the phone for themselves: ask nothing of it until then.
    Paused(Now),
    /// It may be asked again.
    Resumed,
    /// This twin will stop: it sends nothing more, and handles what is still to come.
    Leaving,
    /// It stops: it says goodbye.
    Stopping,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Publish this below `P`.
    Publish(PhoneTopic, String),
    /// Send this request, and come back with the answer.
    Send(PhoneRequest),
    /// Tell Home Assistant what the phone is now.
    Describe(Box<Device>),
    /// Tell the log.
    Note(Note),
}

/// What a person who reads the log should know; each is said when it changes, not each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It was not heard for the first time.
    Missed(PhoneError),
    /// It is offline from now on.
    Offline(PhoneError),
    /// Our login was refused; nothing is sent to it for this long.
    LoginRefused(PhoneError, Duration),
    /// Its sessions keep ending soon after we have logged in.
    SessionsEnd,
    /// It is online from now on; it was not for so long.
    Online(Option<Duration>),
    /// Nothing is asked of it until then: somebody wants that.
    Paused(Timestamp),
    /// It is asked again, after a pause.
    Resumed,
    /// One of its functions fails, though the phone is there.
    Failing(StatusQuery, PhoneError),
    /// A function works again.
    Works(StatusQuery),
    /// Something about the values of the settings.
    Values(ValuesNote),
    /// Its contacts can't be read.
    NoContacts(PhoneError),
    /// Its contacts have changed; so many numbers have names.
    Contacts(usize),
    /// A line said a code that is not known.
    UnknownCode(String),
    /// Something happened to a call.
    Call(EventType, Box<Call>),
    /// The call on this line is being ended: it was dialled with a time limit, and nobody answered.
    GivenUp(u16),
    /// The call to this number, dialled with a time limit, was never seen.
    NeverSeen(String),
    /// The password that the bridge logs in with was changed, and the settings have the old one.
    PasswordChanged,
    /// A phone with this MAC address calls the URL of this phone.
    StrangePush(String),
    /// A command came to nothing.
    NotDone(String, Failure),
    /// A command was carried out.
    Done(String),
}

/// What a person should know about the values of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuesNote {
    /// They can't be read, though the phone is there.
    Failing(PhoneError),
    /// They can be read again.
    Work,
    /// The phone does not know one, or says something of it that does not fit.
    Odd {
        /// The setting.
        key: ValueKey,
        /// The phone's name of the value, without the `P`.
        value: String,
        /// What the phone said, if anything.
        raw: Option<String>,
    },
}
