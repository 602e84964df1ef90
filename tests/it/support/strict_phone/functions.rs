//! What the phone answers, function by function: the vendor's guide for `gxv`, the CTI guide for `cti`.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::habits::{BeyondCti, CallSettings, Denial, Dialect, LoginAnswer};
use super::model::{Contact, Model};
use super::session::{Door, Login};
use super::wire::{Answer, Request};

/// Longest `request` of `api.values.get` that fits the buffer of 64 bytes with its end: CVE-2026-2329.
const MAX_REQUEST: usize = 63;
/// What is told without a login.
const PUBLIC: [&str; 3] = ["phone_model", "vendor_name", "vendor_fullname"];
/// What the CTI guide has.
pub(crate) const CTI: [&str; 6] = [
    "api-get_line_status",
    "api-get_phone_status",
    "api-get_accounts",
    "api-make_call",
    "api-phone_operation",
    "api-sys_operation",
];

/// A phone behind its server.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) habits: CallSettings,
    pub(crate) door: Door,
    pub(crate) model: Model,
    /// What must never happen to a phone.
    pub(crate) calamities: Vec<String>,
    /// Whether a restart was asked for.
    pub(crate) restarting: bool,
}

/// Which methods a function takes, and in which the guide puts its parameters.
fn method(function: &str) -> Option<&'static [&'static str]> {
    Some(match function {
        "loginrealm"
        | "login"
        | "api.values.get"
        | "api-get_time"
        | "api-make_call"
        | "api-phone_operation"
        | "api-sys_operation"
        | "phonebook_download" => &["GET"],
        "api-get_accounts" | "api-get_line_status" | "api-get_phone_status" => &["GET", "POST"],
        "api.values.post"
        | "api-change_password"
        | "api-get_contacts"
        | "api-save_contact"
        | "api-delete_all_contact"
        | "api-delete_contact"
        | "api-add_group"
        | "api-get_groups"
        | "api-edit_delete_group" => &["POST"],
        _ => return None,
    })
}

fn is_of_the_phonebook(function: &str) -> bool {
    matches!(function, "api-get_contacts" | "api-get_groups")
}

impl Phone {
    pub(crate) fn new(habits: CallSettings) -> Self {
        Self {
            door: Door::new(habits.session),
            habits,
            model: Model::new(),
            calamities: Vec::new(),
            restarting: false,
        }
    }

    /// Answers a request that is well formed.
    pub(crate) fn answer(&mut self, request: &Request, base: &str, now: Instant) -> Answer {
        if request.header("host").is_none_or(|host| format!("http://{host}") != base) {
            return Answer::page(400);
        }
        let function = request.function();
        let gxv = self.habits.dialect == Dialect::Gxv;
        if gxv && !is_from_its_own_page(request, base) {
            return Answer::page(403);
        }
        let Some(methods) = method(function) else { return Answer::page(404) };
        if !methods.contains(&request.method.as_str()) {
            return Answer::page(405);
        }
        if let Some(refused) = if gxv { self.door(request, now) } else { self.passcode(request) } {
            return refused;
        }
        self.function(request)
    }

    fn door(&mut self, request: &Request, now: Instant) -> Option<Answer> {
        match request.function() {
            "loginrealm" => Some(Answer::of(self.door.realm())),
            "login" => {
                let login = self.door.login(request, now);
                Some(login_answer(login, self.habits.login))
            }
            _ if self.door.knows(request, now) => None,
            "api.values.get" => Some(self.values(request, &PUBLIC)),
            function => Some(self.denial(function)),
        }
    }

    fn denial(&self, function: &str) -> Answer {
        match self.habits.denial {
            Denial::Unauthorized if is_of_the_phonebook(function) => {
                Answer::of(r#"{"res":"error","msg":"authentication required"}"#)
            }
            Denial::Unauthorized => Answer::of(r#"{"response":"success","body":"unauthorized"}"#),
            Denial::SessionExpired => {
                Answer::of(r#"{"response":"error","body":{"status":"session-expired"}}"#)
            }
            Denial::Html => Answer { close: false, ..Answer::page(401) },
            Denial::AuthenticationRequired => {
                Answer::of(r#"{"res":"error","msg":"authentication required"}"#)
            }
        }
    }

    fn passcode(&mut self, request: &Request) -> Option<Answer> {
        let denied = || Some(Answer::of(r#"{"response":"success","body":"unauthorized"}"#));
        match self.habits.beyond_cti {
            _ if CTI.contains(&request.function()) => {
                if self.door.takes_passcode(request) {
                    None
                } else {
                    denied()
                }
            }
            BeyondCti::NotFound => Some(Answer::page(404)),
            BeyondCti::Unauthorized => denied(),
        }
    }

    fn function(&mut self, request: &Request) -> Answer {
        match request.function() {
            "api.values.get" => self.values(request, &[]),
            "api.values.post" => self.set_values(request),
            "api-change_password" => self.change_password(request),
            "api-get_contacts" => self.contacts(request),
            "api-save_contact" => self.save_contact(request),
            "api-delete_contact" | "api-delete_all_contact" => self.delete_contacts(request),
            "api-add_group" | "api-edit_delete_group" => self.change_group(request),
            "api-get_groups" => self.groups(request),
            "api-get_accounts" => self.accounts(request),
            "api-get_line_status" => self.lines(request),
            "api-get_phone_status" => self.status(),
            "api-get_time" => Answer::of(self.model.clock),
            "api-make_call" => self.make_call(request),
            "api-phone_operation" => self.operation(request),
            "api-sys_operation" => self.system(request),
            _ => self.phonebook(),
        }
    }

    /// Writes a number as one, or as a text.
    fn number(&self, number: usize) -> Value {
        if self.habits.texts { json!(number.to_string()) } else { json!(number) }
    }

    fn values(&mut self, request: &Request, only: &[&str]) -> Answer {
        let asked = request.query.iter().find(|(key, _)| key == "request");
        let Some((_, asked)) = asked else { return refusal("Invalid Request") };
        let raw = request.target.split("request=").nth(1).unwrap_or_default();
        let raw = raw.split('&').next().unwrap_or_default();
        if raw.len() > MAX_REQUEST {
            self.calamities.push(format!("a `request` of {} bytes: {raw}", raw.len()));
        }
        let body: serde_json::Map<_, _> = asked
            .split(':')
            .map(|name| {
                let told = only.is_empty() || only.contains(&name);
                let value = self.model.values.get(name).filter(|_| told);
                (name.to_owned(), json!(value.map_or("", String::as_str)))
            })
            .collect();
        Answer::of(json!({"response": "success", "body": body}).to_string())
    }

    fn set_values(&mut self, request: &Request) -> Answer {
        let names = request.form.iter().map(|(name, _)| name);
        if request.form.is_empty() || names.into_iter().any(|name| !name.starts_with('P')) {
            return refusal("Invalid Request");
        }
        for (name, value) in &request.form {
            let key = name[1..].to_owned();
            if !self.model.stubborn.contains(&key) {
                self.model.values.insert(key, value.clone());
            }
        }
        right()
    }

    fn change_password(&mut self, request: &Request) -> Answer {
        let [old, new] = [request.get("oldadmin"), request.get("P2")];
        match new.filter(|new| !new.is_empty()) {
            Some(new) if old == Some(&self.door.password) => {
                new.clone_into(&mut self.door.password);
                self.door.end_session();
                right()
            }
            _ => refusal("wrong"),
        }
    }

    fn contacts(&self, request: &Request) -> Answer {
        let wanted = |name: &str| request.get(name).filter(|value| !value.is_empty());
        let found = self.model.contacts.iter().filter(|(id, contact)| {
            wanted("contactid").is_none_or(|wanted| id.to_string() == wanted)
                && wanted("contactname").is_none_or(|part| contact.name().contains(part))
                && wanted("groupid").is_none_or(|group| contact.group == group)
        });
        let list: Vec<_> = found
            .map(|(id, contact)| {
                let [work, home, mobile, fax] = &contact.numbers;
                json!({"contactID": id.to_string(), "contactName": contact.name(), "groupID": contact.group,
                    "work": work, "home": home, "mobile": mobile, "fax": fax, "email": contact.email})
            })
            .collect();
        Answer::of(json!({"res": "success", "msg": list}).to_string())
    }

    fn save_contact(&mut self, request: &Request) -> Answer {
        let text = |name| request.get(name).unwrap_or_default().to_owned();
        let contact = Contact {
            first: text("firstname"),
            last: text("lastname"),
            group: text("group"),
            numbers: ["newphone1", "newphone2", "newphone3", "newphone4"].map(text),
            email: text("email"),
        };
        if contact.name().is_empty() || !self.model.save(&text("id"), contact) {
            return refusal("Invalid Request");
        }
        done()
    }

    fn delete_contacts(&mut self, request: &Request) -> Answer {
        if request.function() == "api-delete_all_contact" {
            self.model.contacts.clear();
            return done();
        }
        match request.get("id").unwrap_or_default() {
            // GMI's `removecontact` takes an empty id for all of them.
            "" => {
                self.calamities.push("all contacts deleted by an empty id".to_owned());
                done()
            }
            id => {
                let removed = id.parse().ok().and_then(|id| self.model.contacts.remove(&id));
                if removed.is_some() { done() } else { refusal("Invalid Request") }
            }
        }
    }

    fn groups(&self, request: &Request) -> Answer {
        let key = if self.habits.texts { "goupID" } else { "groupID" };
        let id = request.get("Id").filter(|id| !id.is_empty());
        let groups = self.model.groups.iter();
        let list: Vec<_> = groups
            .filter(|(group, _)| id.is_none_or(|id| group.to_string() == id))
            .map(|(id, name)| json!({key: id.to_string(), "groupName": name}))
            .collect();
        Answer::of(json!({"res": "success", "msg": list}).to_string())
    }

    fn change_group(&mut self, request: &Request) -> Answer {
        let name = request.get("name").unwrap_or_default().to_owned();
        if request.function() == "api-add_group" {
            let id = self.model.groups.keys().next_back().map_or(0, |last| last + 1);
            if name.is_empty() || self.model.groups.values().any(|known| *known == name) {
                return refusal("Invalid Request");
            }
            self.model.groups.insert(id, name);
            return done();
        }
        let id = request.get("id").and_then(|id| id.parse().ok());
        let id = id.filter(|id| self.model.groups.contains_key(id));
        match id {
            None => refusal("Invalid Request"),
            Some(id) if name.is_empty() => {
                self.model.groups.remove(&id);
                done()
            }
            Some(id) => {
                self.model.groups.insert(id, name);
                done()
            }
        }
    }

    fn accounts(&self, request: &Request) -> Answer {
        let registered = matches!(request.get("registered"), Some("1" | "true"));
        let accounts = self.model.accounts.iter().zip(1_usize..);
        let list: Vec<_> = accounts
            .filter(|(account, _)| account.registered || !registered)
            .map(|(account, id)| {
                json!({"id": self.number(id), "sip_server": "pbx.example", "sip_id": account.sip_id,
                    "name": account.name, "reg": self.number(account.registered.into())})
            })
            .collect();
        Answer::of(json!({"response": "success", "body": list}).to_string())
    }

    fn lines(&self, request: &Request) -> Answer {
        let one = request.get("line").and_then(|line| line.parse().ok()).filter(|line| *line > 0);
        let lines = self.model.lines.iter().zip(1_usize..);
        let gxv = self.habits.dialect == Dialect::Gxv;
        let list: Vec<_> = lines
            .filter(|(_, number)| one.is_none_or(|one: usize| one == *number))
            .map(|(line, number)| {
                let idle = line.number.is_empty();
                let number = self.number(number);
                let [account, active] = [if idle { "" } else { "1" }, "0"];
                if gxv {
                    json!({"line": number, "state": line.state.number, "acct": account,
                        "name": line.name, "number": line.number, "active": self.number(0)})
                } else {
                    json!({"line": number, "state": line.state.word, "acct": account,
                        "remotename": line.name, "remotenumber": line.number, "active": active})
                }
            })
            .collect();
        Answer::of(json!({"response": "success", "body": list}).to_string())
    }

    fn status(&self) -> Answer {
        let any = |word: &str| self.model.lines.iter().any(|line| line.state.word == word);
        let busy = self.model.lines.iter().any(|line| line.state.word != "idle");
        let status = match () {
            () if any("ringing") => "ringing",
            () if busy => "busy",
            () => "available",
        };
        let misc = self.model.values.get("1561").map_or("0", String::as_str);
        Answer::of(json!({"response": "success", "body": status, "misc": misc}).to_string())
    }

    fn make_call(&mut self, request: &Request) -> Answer {
        let number = request.get("phonenumber").unwrap_or_default();
        if !self.model.dial(number, request.get("account").unwrap_or_default()) {
            return refusal("Invalid Request");
        }
        if self.habits.dialect == Dialect::Gxv { done() } else { truth(&json!(true)) }
    }

    fn operation(&mut self, request: &Request) -> Answer {
        let gxv = self.habits.dialect == Dialect::Gxv;
        let command = request.get("cmd").unwrap_or_default();
        let line = request.get(self.habits.line_parameter).and_then(|line| line.parse().ok());
        // By the guide each operation needs the line; by the CTI guide there is none, and the call is the current one.
        let can = line.is_some() || !gxv;
        let line = line.filter(|_| gxv);
        let taken = can && self.model.operate(command, line, self.habits.hold);
        match (taken, gxv) {
            (true, true) => truth(&json!("true")),
            (true, false) => truth(&json!(true)),
            (false, _) => Answer::of(r#"{"response":"error","body":false}"#),
        }
    }

    fn system(&mut self, request: &Request) -> Answer {
        match request.get("request") {
            Some("REBOOT") => {
                self.model.restarts += 1;
                self.restarting = true;
                self.door.end_session();
                Answer { close: true, ..truth(&json!("savereboot")) }
            }
            Some("PROV") => truth(&json!("prov")),
            Some("RESET") => {
                self.calamities.push("the phone was erased".to_owned());
                truth(&json!("reset"))
            }
            _ => refusal("unknown"),
        }
    }

    fn phonebook(&self) -> Answer {
        let contacts = self.model.contacts.iter().map(|(id, contact)| {
            format!(
                "<Contact><id>{id}</id><FirstName>{}</FirstName><LastName>{}</LastName><Phone type=\"Work\">\
                 <phonenumber>{}</phonenumber><accountindex>1</accountindex></Phone></Contact>",
                contact.first, contact.last, contact.numbers[0]
            )
        });
        Answer::of(format!("<AddressBook>{}</AddressBook>", contacts.collect::<String>()))
    }
}

fn is_from_its_own_page(request: &Request, base: &str) -> bool {
    let referer = request.header("referer").is_some_and(|referer| {
        referer.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
    });
    referer && request.header("origin") == Some(base)
}

fn login_answer(login: Login, words: LoginAnswer) -> Answer {
    let (cookies, text, res, response) = match login {
        Login::In(cookies) => (
            cookies,
            "Response=Success\r\nVer=1.0.1.27\r\nNeedChange=0\r\n".to_owned(),
            r#"{"res":"success","msg":"authentication accepted"}"#,
            r#"{"response":"success","body":""}"#,
        ),
        Login::Refused { times } => (
            Vec::new(),
            format!("Response=Error\r\nMessage=Authentication Required\r\nTimes={times}\r\n"),
            r#"{"res":"error","msg":"authentication failed"}"#,
            r#"{"response":"error","body":"wrong"}"#,
        ),
        Login::Locked => (
            Vec::new(),
            "Response=Error\r\nMessage=Locked\r\nLockType=1\r\nTimes=5\r\n".to_owned(),
            r#"{"res":"error","msg":"Locked"}"#,
            r#"{"response":"error","body":"locked","lockTime":5}"#,
        ),
    };
    let body = match words {
        LoginAnswer::Text => text,
        LoginAnswer::Res => res.to_owned(),
        LoginAnswer::Response => response.to_owned(),
        LoginAnswer::Empty if cookies.is_empty() => text,
        LoginAnswer::Empty => String::new(),
    };
    Answer { cookies, ..Answer::of(body) }
}

fn truth(body: &Value) -> Answer {
    Answer::of(json!({"response": "success", "body": body}).to_string())
}

fn done() -> Answer {
    truth(&json!(""))
}

fn right() -> Answer {
    truth(&json!({"status": "right"}))
}

fn refusal(words: &str) -> Answer {
    Answer::of(json!({"response": "error", "body": words}).to_string())
}
