//! What kind of phone to simulate: its identity, its dialect, its habits. Plain values, settled before the phone starts.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::SignedDuration;

/// How the phone talks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Sessions by `loginrealm` and `login`, numbers for line states (vendor guide, GXV32xx/33xx).
    #[default]
    Gxv,
    /// A passcode with each request, words for line states (CTI guide; WP826 capture).
    Cti,
}

/// How the secret of a login is hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// MD5, or SHA-256 where the client asks for it with `t=sha`.
    #[default]
    Md5,
    /// SHA-256 only, as newer firmware wants it.
    Sha256,
}

/// What a client without a session is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unauthorized {
    /// 200 `{"response":"success","body":"unauthorized"}` (GXP1625).
    #[default]
    InSuccess,
    /// HTTP 401 (WP826).
    Status401,
    /// 200 `{"response":"error","body":{"status":"session-expired"}}` (WP826, GXP1625).
    SessionExpired,
}

/// The form of the answer to a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginAnswer {
    /// `Response=Success` lines (GMI guide; GXV web interface).
    #[default]
    Text,
    /// `{"response":..,"body":..}` (as `dologin` of other families answers).
    Json,
    /// `{"response":"success","body":{"sid":..}}` and no cookie: the client sends it as one (as `dologin` of other families).
    Sid,
    /// Nothing but the cookie; a refusal is as of [`LoginAnswer::Text`].
    Cookie,
}

/// What an operation on a call on hold does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// `holdcall` toggles (clients of GXP phones).
    #[default]
    Toggles,
    /// `holdcall` is refused, and `unhold` is wanted (the vendor's extension for browsers has it).
    Unhold,
    /// `holdcall` is a success that does nothing, and `unhold` is wanted.
    UnholdSilently,
    /// `holdcall` toggles, and `unhold` is refused.
    NoUnhold,
}

/// How long the far end takes for each step of a call from here; `None` waits for the test or the person to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FarEnd {
    /// From dialled to ringing over there.
    pub rings_after: Option<Duration>,
    /// From ringing to answered; numbers that end in 999 are never answered.
    pub answers_after: Option<Duration>,
    /// From ringing to busy, for numbers that end in 000.
    pub busy_after: Option<Duration>,
    /// From failed back to idle.
    pub clears_after: Option<Duration>,
}

impl FarEnd {
    /// Nothing happens by itself.
    pub const MANUAL: Self =
        Self { rings_after: None, answers_after: None, busy_after: None, clears_after: None };
}

impl Default for FarEnd {
    fn default() -> Self {
        Self {
            rings_after: Some(Duration::from_secs(1)),
            answers_after: Some(Duration::from_secs(4)),
            busy_after: Some(Duration::from_secs(2)),
            clears_after: Some(Duration::from_secs(3)),
        }
    }
}

/// One SIP account (vendor guide, Get Account Status).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which one, from 1.
    pub id: u16,
    /// Server that it registers at.
    pub sip_server: String,
    /// User id at that server.
    pub sip_id: String,
    /// Name on the display.
    pub name: String,
    /// Whether it is registered now.
    pub registered: bool,
}

/// A contact that a phone has from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Number at work.
    pub number: String,
    /// Name of the group; none for the phone's default one.
    pub group: Option<String>,
}

impl Person {
    /// Somebody in no special group.
    pub fn new(name: &str, number: &str) -> Self {
        Self { name: name.into(), number: number.into(), group: None }
    }

    /// The same person in this group.
    #[must_use]
    pub fn of(self, group: &str) -> Self {
        Self { group: Some(group.into()), ..self }
    }
}

/// One kind of phone; `Profile { model: "GXV3370".into(), ..Profile::default() }`.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How it talks.
    pub dialect: Dialect,
    /// `phone_model`.
    pub model: String,
    /// `vendor_name`.
    pub vendor: String,
    /// Value 68.
    pub firmware: String,
    /// `hw_rev`.
    pub hardware: String,
    /// Value 67.
    pub mac: String,
    /// Who may log in.
    pub username: String,
    /// The password, or in the CTI dialect the passcode.
    pub password: String,
    /// How the secret is hashed.
    pub digest: Digest,
    /// Name of the session's cookie (`phonecookie` on GXV3240 and GXV3275).
    pub cookie: String,
    /// Form of the answer to a login.
    pub login_answer: LoginAnswer,
    /// What a client without a session is told.
    pub unauthorized: Unauthorized,
    /// Whether a login ends all other sessions, as on many firmwares.
    pub single_session: bool,
    /// A session without a request for this long is over (GMI guide p. 6: 900 s).
    pub session_idle: Duration,
    /// Bad tries until nobody gets in.
    pub bad_tries: u8,
    /// How long nobody gets in then; `None`: until the next boot.
    pub lockout: Option<Duration>,
    /// How many lines.
    pub lines: u16,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// What `api-make_call` calls account 1 (GMI guide: from 0).
    pub account_base: u16,
    /// What `acct` in the line status calls account 1; no guide says, so both occur.
    pub line_account_base: u16,
    /// Whether it may be told to dial: value 1561, and `misc` of the phone status.
    pub click_to_dial: bool,
    /// More values by name, on top of those that follow from the rest.
    pub values: BTreeMap<String, String>,
    /// Values that no client can change: the phone says success, and keeps them (seen with a WP826).
    pub stubborn_values: BTreeSet<String>,
    /// Contacts that it has when the simulation starts.
    pub contacts: Vec<Person>,
    /// How a call is taken off hold.
    pub resume: Resume,
    /// How far ends behave.
    pub far_end: FarEnd,
    /// How long it is up when the simulation starts.
    pub uptime: Duration,
    /// How long a reboot takes.
    pub reboot: Duration,
    /// By how much its clock differs from UTC: its time zone, and what it is wrong by.
    pub clock_offset: SignedDuration,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            dialect: Dialect::Gxv,
            model: "GXV3370".into(),
            vendor: "Grandstream".into(),
            firmware: "1.0.3.62".into(),
            hardware: "V2.2A".into(),
            mac: "00:0B:82:12:34:56".into(),
            username: "gmiadmin".into(),
            password: "admin".into(),
            digest: Digest::default(),
            cookie: "phonecookie".into(),
            login_answer: LoginAnswer::default(),
            unauthorized: Unauthorized::default(),
            single_session: false,
            session_idle: Duration::from_mins(15),
            bad_tries: 5,
            lockout: Some(Duration::from_mins(5)),
            lines: 4,
            accounts: vec![account(1, "1001", "Home", true), account(2, "1002", "Office", false)],
            account_base: 0,
            line_account_base: 1,
            click_to_dial: true,
            values: BTreeMap::new(),
            stubborn_values: BTreeSet::new(),
            contacts: Vec::new(),
            resume: Resume::default(),
            far_end: FarEnd::default(),
            uptime: Duration::ZERO,
            reboot: Duration::from_secs(20),
            clock_offset: SignedDuration::ZERO,
        }
    }
}

impl Profile {
    /// A desk phone that speaks the CTI dialect.
    pub fn cti() -> Self {
        Self {
            dialect: Dialect::Cti,
            model: "GRP2614".into(),
            firmware: "1.0.13.47".into(),
            hardware: "V1.3A".into(),
            mac: "C0:74:AD:12:34:56".into(),
            username: "admin".into(),
            unauthorized: Unauthorized::Status401,
            ..Self::default()
        }
    }

    /// What `api.values.get` knows when the phone leaves the factory.
    pub(super) fn factory_values(&self) -> BTreeMap<String, String> {
        let own = [
            ("68", self.firmware.as_str()),
            ("67", &self.mac),
            ("phone_model", &self.model),
            ("1395", &self.model),
            ("vendor_name", &self.vendor),
            ("vendor_fullname", "Grandstream Networks, Inc."),
            ("hw_rev", &self.hardware),
            ("1561", if self.click_to_dial { "1" } else { "0" }),
            // display's brightness, seconds until it is dark, keypad's light, ring volume (WP826 1.0.3.35)
            ("334", "60"),
            ("1413", "30"),
            ("22234", "2"),
            ("8352", "5"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.into_iter().chain(self.values.clone()).collect()
    }
}

fn account(id: u16, sip_id: &str, name: &str, registered: bool) -> Account {
    Account {
        id,
        sip_server: "pbx.example.com".into(),
        sip_id: sip_id.into(),
        name: name.into(),
        registered,
    }
}
