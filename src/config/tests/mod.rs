//! What settings mean, in which order sources win, and that secrets stay secret. Mistakes: `mistakes.rs`.

mod example;
mod mistakes;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::strangers;
use super::{Error, Format, Level, Log, Settings, load_from};
use crate::domain::command::Command;
use crate::domain::command::calls::CallCommand;
use crate::domain::command::dial_allow::DialAllow;
use crate::domain::command::policy::Guarded;
use crate::domain::request::Function;
use crate::domain::values::named::ValueKind;
use crate::phone::dialect::{DialectKind, Digest};
use crate::phone::{self, Tls};

const KITCHEN: &str = "[phones.kitchen]\nurl = \"http://192.168.1.50\"\n";

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

/// Loads a text as the named file `gxv2mqtt.toml` of a new directory, which is `$DIR` in texts and values.
fn load(toml: &str, env: &[(&str, &str)]) -> Result<Settings, Error> {
    let dir = directory();
    load_in(dir.path(), toml, env)
}

fn load_in(dir: &Path, toml: &str, env: &[(&str, &str)]) -> Result<Settings, Error> {
    let place = |text: &str| text.replace("$DIR", &dir.display().to_string());
    let file = write(dir, "gxv2mqtt.toml", place(toml));
    let env: Vec<_> = env.iter().map(|(k, v)| (*k, place(v))).collect();
    load_from(Some(&file), Path::new("/nowhere"), vars(&env))
}

/// Makes a directory with the files that settings may name.
fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "secret", "hunter2\n");
    write(dir.path(), "long", "0123456789abcdef\n");
    write(dir.path(), "crlf", " hunter2 \r\n");
    write(dir.path(), "blank", "\n");
    write(dir.path(), "binary", [0xff, 0xfe]);
    write(dir.path(), "lines", "hunter2\n\n");
    write(dir.path(), "ca.pem", PEM);
    write(dir.path(), "contacts.vcf", "BEGIN:VCARD\nVERSION:4.0\nFN:Ann\nTEL:1001\nEND:VCARD\n");
    for (name, label) in [("key", "PRIVATE KEY"), ("locked", "ENCRYPTED PRIVATE KEY")] {
        write(dir.path(), &format!("{name}.pem"), PEM.replace("CERTIFICATE", label));
    }
    dir
}

fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn vars<V: AsRef<str>>(env: &[(&str, V)]) -> Vec<(OsString, OsString)> {
    env.iter().map(|(name, value)| (name.into(), value.as_ref().into())).collect()
}

fn password(phone: &phone::PhoneOptions) -> &str {
    phone.password.as_ref().unwrap().expose()
}

#[test]
fn a_url_is_enough() {
    let settings = load(KITCHEN, &[]).unwrap();
    let mqtt = &settings.mqtt;
    assert_eq!((&*mqtt.host, mqtt.port, &*mqtt.client_id), ("localhost", 1883, "gxv2mqtt"));
    assert!(mqtt.tls.is_none() && mqtt.username.is_none() && mqtt.password.is_none());
    assert_eq!(settings.log, Log { format: Format::Text, level: Level::Info });
    let phone = &settings.phones[0];
    assert_eq!((phone.id.as_str(), &*phone.name), ("kitchen", "kitchen"));
    assert!(phone.password.is_none() && phone.endpoints.is_empty());
    assert_eq!(phone.tls, Tls::System);
    // The other defaults are those that the example shows: `example.rs`.
}

#[test]
fn the_broker_and_the_rest_can_be_set() {
    let toml = r#"
        [mqtt]
        url = "mqtts://broker.lan"
        username = "bridge"
        password_file = "$DIR/secret"
        client_id = "bridge-2"
        base_topic = "home/phones"
        ca_file = "$DIR/ca.pem"
        client_cert_file = "$DIR/ca.pem"
        client_key_file = "$DIR/key.pem"
        [homeassistant]
        discovery = false
        discovery_prefix = "ha"
        status_topic = "ha/status"
        [log]
        format = "json"
        level = "debug"
    "#;
    let settings = load(&format!("{toml}{KITCHEN}"), &[]).unwrap();
    let mqtt = &settings.mqtt;
    assert_eq!((&*mqtt.host, mqtt.port, &*mqtt.client_id), ("broker.lan", 8883, "bridge-2"));
    assert_eq!(mqtt.username.as_deref(), Some("bridge"));
    assert_eq!(mqtt.password.as_ref().unwrap().expose(), "hunter2");
    let tls = mqtt.tls.as_ref().unwrap();
    assert_eq!(tls.ca.as_deref(), Some(PEM.as_bytes()));
    assert!(tls.client.as_ref().unwrap().key.expose().contains("PRIVATE KEY"));
    assert_eq!(settings.base_topic, "home/phones");
    assert!(!settings.homeassistant.discovery);
    assert_eq!(settings.homeassistant.discovery_prefix, "ha");
    assert_eq!(settings.homeassistant.status_topic, "ha/status");
    assert_eq!(settings.log, Log { format: Format::Json, level: Level::Debug });
}

#[test]
fn everything_of_a_phone_can_be_set() {
    let toml = r#"
        [phones.front-door]
        url = "https://[fe80::1]:8443/"
        name = "Front door"
        dialect = "cti"
        username = "admin"
        password = "0123"
        digest = "sha256"
        timeout = "2m"
        tls_ca_file = "$DIR/ca.pem"
        poll = "1h"
        active_poll = "100ms"
        min_ring = "800ms"
        values_poll = "1m"
        account_base = 1
        allow = ["set_values", "factory_reset"]
        dial_allow = ["1.", "2."]
        [phones.front-door.endpoints]
        get_contacts = "/manager/contacts"
        [[phones.front-door.doorbell]]
        number = "8001"
        account = 2
        label = "Front door"
        [[phones.front-door.doorbell]]
        name = "/^(Gate|Door)/"
        [[phones.front-door.doorbell]]
        caller_name = "Yard"
    "#;
    let settings = load(toml, &[]).unwrap();
    let [phone] = &settings.phones[..] else { panic!("one phone") };
    assert_eq!((phone.id.as_str(), &*phone.name), ("front-door", "Front door"));
    assert_eq!(phone.url.as_str(), "https://[fe80::1]:8443/");
    assert_eq!((phone.dialect, phone.digest), (DialectKind::Cti, Digest::Sha256));
    assert_eq!((&*phone.username, password(phone)), ("admin", "0123"));
    assert_eq!(phone.tls, Tls::Ca(PEM.into()));
    assert_eq!(
        (phone.timeout, phone.poll, phone.active_poll),
        (Duration::from_mins(2), Duration::from_hours(1), Duration::from_millis(100))
    );
    assert_eq!(phone.min_ring, Duration::from_millis(800));
    let is_doorbell =
        |number, name, account| phone.doorbell.iter().any(|rule| rule.fits(number, name, account));
    assert!(is_doorbell(Some("8001"), None, Some(2)) && is_doorbell(None, Some("Gate 2"), None));
    assert!(!is_doorbell(Some("8001"), Some("the Gate"), Some(1)));
    assert!(is_doorbell(None, Some("yard"), None));
    assert_eq!(phone.doorbell[0].label.as_deref(), Some("Front door"));
    let cautions: Vec<_> = phone.cautions().collect();
    assert!(cautions[0].contains("`caller_name`") && cautions.len() == 1, "{cautions:?}");
    assert_eq!(phone.values_poll, Duration::from_mins(1));
    assert_eq!(phone.account_base, 1);
    assert!(phone.policy.allow.iter().eq(&[Guarded::FactoryReset, Guarded::SetValues]));
    let dial_allow = &phone.policy.dial_allow;
    assert!(dial_allow.check("21").is_ok() && dial_allow.check("31").is_err());
    assert_eq!(phone.endpoints[&Function::GetContacts], "/manager/contacts");
}

#[test]
fn values_of_a_phone_can_be_named() {
    let toml = r#"
        [[phones.kitchen.values]]
        key = "ring_volume"
        value = "P8352"
        kind = "number"
        min = 0
        max = 10
        [[phones.kitchen.values]]
        key = "keys"
        name = "Key light"
        value = "22234"
        kind = "select"
        options = { "On" = "10", "Off" = "2", "Auto" = "x" }
        icon = "mdi:keyboard"
        [[phones.kitchen.values]]
        key = "dnd"
        value = "p0001"
        kind = "switch"
        off = "no"
        [[phones.kitchen.values]]
        key = "maker"
        value = "vendor_name"
        kind = "sensor"
    "#;
    let toml = format!("{KITCHEN}{toml}");
    let phone = &load(&toml, &[]).unwrap().phones[0];
    let values = |place: usize| (&*phone.values[place].name, &*phone.values[place].value);
    assert_eq!([values(0), values(1)], [("Ring volume", "8352"), ("Key light", "22234")]);
    let number = ValueKind::Number { min: 0, max: 10, step: 1, unit: None };
    assert_eq!(phone.values[0].kind, number);
    let ValueKind::Select(choices) = &phone.values[1].kind else { panic!("a select") };
    let labels: Vec<_> = choices.iter().map(|choice| &*choice.label).collect();
    assert_eq!(labels, ["Off", "On", "Auto"], "in the order of the phone's values");
    assert_eq!(phone.values[2].kind, ValueKind::Switch { on: "1".into(), off: "no".into() });
    assert_eq!((values(2), values(3)), (("Dnd", "1"), ("Maker", "vendor_name")));
}

fn dial_allow(patterns: &[&str]) -> DialAllow {
    DialAllow::new(patterns.iter().map(|pattern| (*pattern).to_owned()).collect()).unwrap()
}

#[test]
fn the_environment_wins_key_by_key() {
    let env = [
        ("GXV2MQTT_MQTT__URL", "mqtt://[::1]"),
        ("gxv2mqtt_phones__Kitchen__POLL", "3s"),
        ("GXV2MQTT_PHONES__KITCHEN__ACCOUNT_BASE", "1"),
        ("GXV2MQTT_PHONES__KITCHEN__ALLOW", "set_values"),
        ("GXV2MQTT_PHONES__KITCHEN__DIAL_ALLOW", "['^1$', '^2$']"),
        ("GXV2MQTT_PHONES__KITCHEN__ENDPOINTS__LOGIN", "login2"),
        ("GXV2MQTT_PHONES__HALL__URL", "https://hall.lan"),
        ("GXV2MQTT_PHONES__HALL__TLS_INSECURE", "true"),
        ("GXV2MQTT_PHONES__HALL__DIAL_ALLOW", "[0-9]+"),
        ("GXV2MQTT_PHONES__HALL__ALLOW", ""),
        ("GXV2MQTT_PHONES__HALL__VALUES", "[{ key = 'a', value = 'P1', kind = 'text' }]"),
        ("GXV2MQTT_HOMEASSISTANT__DISCOVERY", "false"),
        ("UNRELATED", "x"),
    ];
    let toml = format!("{KITCHEN}poll = \"9s\"\ntimeout = \"9s\"\n[mqtt]\nurl = \"mqtt://a\"\n");
    let settings = load(&toml, &env).unwrap();
    assert_eq!((&*settings.mqtt.host, settings.mqtt.port), ("::1", 1883));
    assert!(!settings.homeassistant.discovery);
    let [hall, kitchen] = &settings.phones[..] else { panic!("two phones") };
    assert_eq!((kitchen.poll, kitchen.timeout), (Duration::from_secs(3), Duration::from_secs(9)));
    assert_eq!(kitchen.account_base, 1);
    assert!(kitchen.policy.allow.contains(&Guarded::SetValues));
    assert_eq!(kitchen.policy.dial_allow, dial_allow(&["^1$", "^2$"]));
    assert_eq!(kitchen.endpoints[&Function::Login], "login2");
    assert_eq!(hall.tls, Tls::Insecure);
    assert_eq!(hall.policy.dial_allow, dial_allow(&["[0-9]+"]));
    assert!(hall.policy.allow.is_empty());
    assert_eq!(hall.values[0].kind, ValueKind::Text);
}

#[test]
fn a_pattern_of_dial_allow_matches_the_whole_number() {
    let cases = [
        (r#"["1001", "0800"]"#, &["1001", "0800"][..], &["", "11001", "10011", "09001001999"][..]),
        (r#"["1001", "0800"]"#, &[], &["1001@evil.example", "x1001y z", "1001\n", " 1001"]),
        (r#"["49*"]"#, &["4", "49", "4999"], &["0900123456", "0449", "491"]),
        // alternatives, anchors and flags are those of the pattern alone
        (r#"["1|200|30."]"#, &["1", "200", "305"], &["12", "0200", "3000", "130"]),
        (r#"["^1001$", "^2[0-9]{3}$"]"#, &["1001", "2999"], &["21001", "29990"]),
        (r#"["^1", "2$"]"#, &["1", "2"], &["10", "12"]),
        (r#"["(?m)^5$", "(?x) 6 [0-9]"]"#, &["5", "67"], &["5\n6", "6", "678", "6 7"]),
        // what no keypad has is never dialled, whatever the patterns say
        (
            r#"[".*"]"#,
            &["*21#", "+4930"],
            &["", "1001@evil.example", "1&account=2", "x", "1 2", "١"],
        ),
        (r#"["(?s).*", "a"]"#, &["0"], &["a", "1\n2", "012345678901234567890123456789012"]),
        ("[]", &[], &["1001"]),
    ];
    for (patterns, allowed, refused) in cases {
        let settings = load(&format!("{KITCHEN}dial_allow = {patterns}"), &[]).unwrap();
        let dials = |number: &str| {
            let dial = CallCommand::Dial { number: number.into(), account: 1, hang_up_after: None };
            Command::Call(dial).permitted(&settings.phones[0].policy, &[]).is_ok()
        };
        for number in allowed {
            assert!(dials(number), "{patterns} {number:?}");
        }
        for number in refused {
            assert!(!dials(number), "{patterns} {number:?}");
        }
    }
}

#[test]
fn phones_may_call_if_it_says_where() {
    let secret = "secret_file = '$DIR/long'";
    let cases = [
        ("", None),
        ("[push]", None),
        ("[push]\nsecret = 'short'", None),
        ("[push]\nurl = 'http://bridge.lan:81'", None),
        ("[push]\nlisten = '10.0.0.1:81'", Some("http://10.0.0.1:81/")),
        ("[push]\nlisten = '10.0.0.1:80'", Some("http://10.0.0.1/")),
        ("[push]\nlisten = '[fd00::1]:81'", Some("http://[fd00::1]:81/")),
        (
            "[push]\nlisten = '0.0.0.0:81'\nurl = 'http://bridge.lan:82'",
            Some("http://bridge.lan:82/"),
        ),
    ];
    for (toml, expected) in cases {
        let secret = if expected.is_some() { secret } else { "" };
        let push = load(&format!("{toml}\n{secret}\n{KITCHEN}"), &[]).unwrap().push;
        assert_eq!(push.as_ref().map(|push| push.url.as_str()), expected, "{toml}");
        assert!(push.is_none_or(|push| push.secret.expose() == "0123456789abcdef"));
    }
    let env = [
        ("GXV2MQTT_PUSH__LISTEN", "127.0.0.1:81"),
        ("GXV2MQTT_PUSH__URL", "http://bridge.lan"),
        ("GXV2MQTT_PUSH__SECRET", "1234567890123456"),
    ];
    let push = load(KITCHEN, &env).unwrap().push.unwrap();
    assert_eq!((push.listen.port(), push.url.as_str()), (81, "http://bridge.lan/"));
    assert_eq!(push.secret.expose(), "1234567890123456");
}

#[test]
fn an_empty_variable_is_as_if_not_set() {
    let env = [
        ("GXV2MQTT_CONFIG", ""),
        ("GXV2MQTT_MQTT__USERNAME", ""),
        ("GXV2MQTT_MQTT__PASSWORD_FILE", ""),
        ("GXV2MQTT_MQTT", ""),
        ("GXV2MQTT_PUSH__LISTEN", ""),
        ("GXV2MQTT_LOG__FORMAT", ""),
        ("GXV2MQTT_PHONES__KITCHEN__POLL", ""),
        ("GXV2MQTT_PHONES__KITCHEN__ALLOW", ""),
        ("GXV2MQTT_PHONES__HALL__URL", ""),
        ("GXV2MQTT_MQTT.URL", ""),
    ];
    let settings =
        load(&format!("{KITCHEN}poll = \"9s\"\nallow = [\"set_values\"]"), &env).unwrap();
    assert!(settings.mqtt.username.is_none() && settings.mqtt.password.is_none());
    let [kitchen] = &settings.phones[..] else { panic!("one phone") };
    assert_eq!(kitchen.poll, Duration::from_secs(9));
    assert!(kitchen.policy.allow.contains(&Guarded::SetValues));
    let nothing = load_from(None, Path::new("/nowhere"), vars(&env)).unwrap_err();
    assert!(matches!(nothing, Error::Absent(_)), "{nothing}");
}

#[test]
fn variables_of_others_are_left_alone() {
    // what Kubernetes sets for services called gxv2mqtt and gxv2mqtt-mqtt, and what was meant for us
    let env = [
        ("GXV2MQTT_PORT", "tcp://10.96.0.7:8099"),
        ("GXV2MQTT_PORT_8099_TCP_ADDR", "10.96.0.7"),
        ("GXV2MQTT_SERVICE_HOST", "10.96.0.7"),
        ("GXV2MQTT_SERVICE_PORT_HTTP", "8099"),
        ("GXV2MQTT_MQTT_SERVICE_HOST", "10.96.0.8"),
        ("GXV2MQTT_MQTT_PORT_1883_TCP", "tcp://10.96.0.8:1883"),
        ("GXV2MQTT_", "x"),
        ("GXV2MQTT_FOO", "1"),
        ("GXV2MQTT_MQTT_URL", "mqtt://broker"),
        ("GXV2MQTT_MQT__URL", "mqtt://broker"),
        ("GXV2MQTT_PHONE__KITCHEN__POLL", "9s"),
        ("gxv2mqtt_phones_kitchen_password", "hunter2"),
        ("GXV2MQTT_UNSET", ""),
    ];
    let settings = load(KITCHEN, &env).unwrap();
    assert_eq!(settings.mqtt.host, "localhost");
    insta::assert_snapshot!(strangers(vars(&env)).unwrap(), @"variables that name no section of the settings are left alone: GXV2MQTT_, GXV2MQTT_FOO, GXV2MQTT_MQTT_PORT_1883_TCP, GXV2MQTT_MQTT_SERVICE_HOST, GXV2MQTT_MQTT_URL (did you mean GXV2MQTT_MQTT__URL?), GXV2MQTT_MQT__URL (did you mean GXV2MQTT_MQTT__URL?), GXV2MQTT_PHONE__KITCHEN__POLL (did you mean GXV2MQTT_PHONES__KITCHEN__POLL?), GXV2MQTT_PORT, GXV2MQTT_PORT_8099_TCP_ADDR, GXV2MQTT_SERVICE_HOST, GXV2MQTT_SERVICE_PORT_HTTP, gxv2mqtt_phones_kitchen_password (did you mean GXV2MQTT_PHONES__<ID>__<KEY>?)");
    let ours = [("GXV2MQTT_MQTT__URL", "x"), ("GXV2MQTT_CONFIG", "x"), ("PATH", "x")];
    assert_eq!(strangers(vars(&ours)), None);
}

#[test]
fn a_password_in_the_environment_is_text() {
    for text in ["0123", "1e5", "true", "[1]", "{a=1}", "\"quoted\"", " blanks ", "ä"] {
        let settings = load(KITCHEN, &[("GXV2MQTT_PHONES__KITCHEN__PASSWORD", text)]).unwrap();
        assert_eq!(password(&settings.phones[0]), text);
    }
}

#[test]
fn one_newline_of_a_secret_file_is_cut() {
    for (file, expected) in [("secret", "hunter2"), ("crlf", " hunter2 ")] {
        let toml = format!("{KITCHEN}password_file = \"$DIR/{file}\"");
        assert_eq!(password(&load(&toml, &[]).unwrap().phones[0]), expected);
    }
}

#[test]
fn a_fingerprint_may_have_colons() {
    let bare = "ab".repeat(32);
    let colons = vec!["AB"; 32].join(":");
    for text in [bare, colons] {
        let toml =
            format!("[phones.kitchen]\nurl = \"https://k\"\ntls_fingerprint = \"sha256:{text}\"");
        assert_eq!(load(&toml, &[]).unwrap().phones[0].tls, Tls::Fingerprint([0xab; 32]));
    }
}

#[test]
fn the_file_is_the_named_one_or_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let write = |id: &str| write(dir.path(), id, KITCHEN.replace("kitchen", id));
    let (option, variable, default) = (write("o"), write("v"), write("d"));
    let absent = dir.path().join("absent");
    let by_variable = vars(&[("GXV2MQTT_CONFIG", variable.to_str().unwrap())]);
    let phone_only = vars(&[("GXV2MQTT_PHONES__E__URL", "http://e")]);
    let id = |settings: Result<Settings, Error>| settings.unwrap().phones[0].id.to_string();

    assert_eq!(id(load_from(Some(&option), &default, by_variable.clone())), "o");
    assert_eq!(id(load_from(None, &default, by_variable)), "v");
    assert_eq!(id(load_from(None, &default, [])), "d");
    assert_eq!(id(load_from(None, &absent, phone_only.clone())), "e");

    let message = |named, default| load_from(named, default, []).unwrap_err().to_string();
    let error = message(None, &absent);
    assert!(
        error.starts_with("find settings: there is no ") && error.contains("absent"),
        "{error}"
    );
    let error = message(None, dir.path());
    assert!(error.starts_with(&format!("read {}: ", dir.path().display())), "{error}");
    let error = load_from(Some(&absent), &default, phone_only).unwrap_err().to_string();
    assert!(error.contains("absent (named by --config): No such file"), "{error}");
    let gone = vars(&[("GXV2MQTT_CONFIG", "/gone.toml")]);
    let error = load_from(None, &default, gone).unwrap_err().to_string();
    assert!(error.starts_with("read /gone.toml (named by GXV2MQTT_CONFIG): No such"), "{error}");
}

#[test]
fn debug_output_shows_no_secret() {
    let toml = format!(
        "{KITCHEN}password = \"hunter2\"\n[mqtt]\nusername = \"u\"\npassword_file = \"$DIR/secret\"
         [push]\nlisten = \"10.0.0.1:81\"\nsecret = \"hunter2hunter2hunter2\""
    );
    let settings = load(&toml, &[]).unwrap();
    assert_eq!(password(&settings.phones[0]), "hunter2");
    assert!(!format!("{settings:?} {settings:#?}").contains("hunter2"));
}
