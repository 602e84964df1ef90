//! The example that we ship says what the code does.

use super::{directory, load, load_in};
use crate::config::raw::SECTIONS;

const EXAMPLE: &str = include_str!("../../../config/gxv2mqtt.toml");

/// Uncomments each line that is a key or a table.
fn uncommented() -> String {
    let key = |line: &str| {
        line.strip_prefix("# ")
            .filter(|line| {
                let word = line.split(" = ").next().unwrap_or_default();
                line.starts_with('[') || word != *line && !word.contains(' ')
            })
            .map(str::to_owned)
    };
    let lines: Vec<String> =
        EXAMPLE.lines().map(|line| key(line).unwrap_or_else(|| line.to_owned())).collect();
    lines.join("\n")
}

#[test]
fn the_example_loads_as_it_is() {
    let settings = load(EXAMPLE, &[]).unwrap();
    assert_eq!(settings.phones[0].id.as_str(), "kitchen");
}

#[test]
fn its_comments_show_the_defaults() {
    // doorbells and values are examples: there are none by default
    let whole = uncommented();
    let (before, rules) = whole.split_once("[[phones.kitchen.doorbell]]").unwrap();
    let (_, after) = rules.split_once("[phones.kitchen.endpoints]").unwrap();
    let mut defaults = format!("{before}[phones.kitchen.endpoints]{after}");
    for key in [
        "username = \"gxv2mqtt\"",
        "name = ",
        "password",
        "listen",
        "file = ",
        "country",
        "url = \"http://192.168.1.10:",
        "secret",
        "tls_",
        "ca_file",
        "client_cert",
        "client_key",
    ] {
        defaults =
            defaults.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n");
    }
    let mut settings = load(&defaults, &[]).unwrap();
    settings.phones[0].endpoints.retain(|function, path| {
        !crate::phone::dialect::ENDPOINTS.iter().any(|(f, _, p)| f == function && p == path)
    });
    let plain = load(EXAMPLE, &[]).unwrap();
    assert_eq!(format!("{settings:#?}"), format!("{plain:#?}"));
}

#[test]
fn every_key_of_it_can_be_uncommented() {
    let text = uncommented()
        .replace("mqtt://", "mqtts://")
        .replace("http://192.168.1.50", "https://192.168.1.50")
        .replace("/run/secrets/mqtt", "$DIR/secret")
        .replace("/run/secrets/kitchen", "$DIR/secret")
        .replace("/run/secrets/push", "$DIR/long")
        .replace("/etc/gxv2mqtt/client.key", "$DIR/key.pem")
        .replace("/etc/gxv2mqtt/client.pem", "$DIR/ca.pem")
        .replace("/etc/gxv2mqtt/ca.pem", "$DIR/ca.pem")
        .replace("/etc/gxv2mqtt/contacts.vcf", "$DIR/contacts.vcf")
        .replace("/etc/gxv2mqtt/phones-ca.pem", "$DIR/ca.pem");
    let dir = directory();
    for (password, secret) in [("password = ", "secret = "), ("password_file", "secret_file")] {
        for tls in ["tls_ca_file", "tls_fingerprint", "tls_insecure"] {
            let lines = text.lines().filter(|line| {
                let keep = |prefix, wanted| !line.starts_with(prefix) || line.starts_with(wanted);
                keep("password", password)
                    && keep("secret", secret)
                    && keep("tls_", tls)
                    && !(line.starts_with("ca_file") && tls == "tls_fingerprint")
            });
            let toml = lines.collect::<Vec<_>>().join("\n");
            let settings = load_in(dir.path(), &toml, &[]).unwrap();
            assert_eq!(settings.phones[0].endpoints.len(), 20);
            assert_eq!(settings.phones[0].values.len(), 6);
            assert_eq!(settings.push.unwrap().url.port(), Some(8099));
        }
    }
}

#[test]
fn it_names_every_key() {
    let text = uncommented();
    let dir = directory();
    for (table, others) in [
        ("", 6),
        ("mqtt.", 10),
        ("homeassistant.", 3),
        ("log.", 2),
        ("names.", 2),
        ("push.", 4),
        ("phones.kitchen.", 23),
        ("phones.kitchen.values", 12),
    ] {
        let toml = if table.is_empty() {
            "zzzzzzzzzzzz = 1".to_owned()
        } else if table.ends_with("values") {
            format!("{table} = [{{ zzzzzzzzzzzz = 1 }}]")
        } else {
            format!("{table}zzzzzzzzzzzz = 1")
        };
        let message = load_in(dir.path(), &toml, &[]).unwrap_err().to_string();
        let (_, known) = message.split_once("known here: ").unwrap();
        if table.is_empty() {
            assert_eq!(known, SECTIONS.join(", "));
        }
        assert_eq!(known.split(", ").count(), others, "{known}");
        for key in known.split(", ") {
            let there = text.lines().any(|line| {
                line.starts_with(&format!("{key} = "))
                    || line.contains(&format!("[{key}"))
                    || line.contains(&format!(".{key}]"))
            });
            assert!(there, "{table}{key}");
        }
    }
}
