//! Every mistake has a message that says where, which key, and what was expected; and none shows a secret.

use super::{KITCHEN, directory, load, load_in};
use crate::config::proposal;

/// What follows `[phones.kitchen]` and its url; the key, and what the message says of it.
#[rustfmt::skip] // one mistake, one line
const OF_A_PHONE: &[(&str, &str, &str)] = &[
    ("pol = '2s'", "pol", "unknown; did you mean \"poll\"?"),
    ("colour = 'red'", "colour", "unknown; known here: name, url, dialect"),
    ("name = ' '", "name", "expected text"),
    ("name = 5", "name", "expected text in quotes, found a bare number"),
    ("username = ''", "username", "leave the key out"),
    ("password = hunter2", "", "line 3: "),
    ("password = ''", "password", "expected text, found none"),
    ("password = 31337", "password", "expected text in quotes, found a bare number"),
    ("password = ['hunter2']", "password", "expected text in quotes, found a list"),
    ("password = { a = 'hunter2' }", "password", "found a table"),
    ("password = 'hunter2'\npassword_file = '$DIR/secret'", "password_file", "password is set too ("),
    ("password_file = '$DIR/gone'", "password_file", "No such file"),
    ("password_file = '$DIR'", "password_file", "expected a readable file"),
    ("password_file = '$DIR/blank'", "password_file", "but it is empty"),
    ("password = \"two\\nlines\"", "password", "without a line break in it"),
    ("password = \"hunter2\\t\"", "password", "without a control character in it"),
    ("username = \"admin\\n\"", "username", "without a line break in it"),
    ("password_file = '$DIR/lines'", "password_file", "without a line break in it"),
    ("password_file = '$DIR/binary'", "password_file", "expected text in UTF-8"),
    ("dialect = 'gvx'", "dialect", "expected \"gxv\" or \"cti\", found \"gvx\""),
    ("digest = 'MD5'", "digest", "expected \"md5\" or \"sha256\""),
    ("timeout = 5", "timeout", "with its unit, such as \"500ms\", \"2s\" or \"5m\", found a bare number"),
    ("timeout = '5'", "timeout", "with its unit"),
    ("timeout = '0s'", "timeout", "expected 100ms to 2m, found \"0s\""),
    ("timeout = '3m'", "timeout", "expected 100ms to 2m"),
    ("timeout = '-1s'", "timeout", "expected 100ms to 2m"),
    ("poll = 'soon'", "poll", "expected a duration as text"),
    ("poll = '99ms'", "poll", "expected 100ms to 1h"),
    ("active_poll = '2h'", "active_poll", "expected 100ms to 1h"),
    ("min_ring = '11s'", "min_ring", "expected 0s to 10s"),
    ("contacts_poll = '30s'", "contacts_poll", "expected 1m at least, or 0s for never"),
    ("contacts_poll = '25h'", "contacts_poll", "expected 0s to 24h"),
    ("contacts_poll = 'never'", "contacts_poll", "expected a duration as text"),
    ("doorbell = '8001'", "doorbell", "expected a list of tables"),
    ("doorbell = ['8001']", "doorbell", "expected a list of tables, such as [{ number = \"8001\" }], found text in it"),
    ("doorbell = [{}]", "doorbell.0.number", "expected a number, a caller_name or an account"),
    ("doorbell = [{ numbr = '1' }]", "doorbell.0.numbr", "did you mean \"number\"?"),
    ("doorbell = [{ number = 8001 }]", "doorbell.0.number", "expected text in quotes, found a bare number"),
    ("doorbell = [{ number = '/[/' }]", "doorbell.0.number", "expected a regular expression, found \"[\": error: unclosed"),
    ("doorbell = [{ name = '//' }]", "doorbell.0.name", "an empty pattern; write \".*\" if"),
    ("doorbell = [{ label = 'Door' }]", "doorbell.0.number", "expected a number, a caller_name or an account"),
    ("doorbell = [{ name = 'x', caller_name = 'x' }]", "doorbell.0.name", "caller_name is set too"),
    ("doorbell = [{ name = ' ' }]", "doorbell.0.name", "expected text, found none"),
    ("doorbell = [{ name = 'x' }, { account = 0 }]", "doorbell.1.account", "from 1"),
    ("doorbell = [{ account = 'x' }]", "doorbell.0.account", "a whole number"),
    ("values_poll = '5'", "values_poll", "with its unit"),
    ("values_poll = '9s'", "values_poll", "expected 10s to 24h"),
    ("values = 'P334'", "values", "expected a list of tables, such as [{ key = "),
    ("values = ['P334']", "values", "found text in it"),
    ("values = [{}]", "values.0.key", "a key is 1 to 64 of a-z 0-9 _, found \"\""),
    ("values = [{ key = 'ring-volume' }]", "values.0.key", "a-z 0-9 _, found \"ring-volume\""),
    ("values = [{ kinds = 'a' }]", "values.0.kinds", "did you mean \"kind\"?"),
    ("values = [{ key = 'a' }]", "values.0.kind", "missing; expected \"switch\" or \"number\" or"),
    ("values = [{ key = 'a', kind = 'slider' }]", "values.0.kind", "found \"slider\""),
    ("values = [{ key = 'a', kind = 'text' }]", "values.0.value", "missing; expected a value of the phone, such as \"P334\""),
    ("values = [{ key = 'a', kind = 'text', value = 334 }]", "values.0.value", "expected text in quotes, found a bare number"),
    ("values = [{ key = 'a', kind = 'text', value = 'P2' }]", "values.0.value", "P2 is a password"),
    ("values = [{ key = 'a', kind = 'text', value = 'P34' }]", "values.0.value", "is a password or a key"),
    ("values = [{ key = 'a', kind = 'sensor', value = 'P34' }]", "values.0.value", "is a password or a key"),
    ("values = [{ key = 'a', kind = 'sensor', value = 'x.secret' }]", "values.0.value", "is a password or a key"),
    ("values = [{ key = 'a', kind = 'text', value = 'vendor_name' }]", "values.0.value", "can't be set, only P-numbers"),
    ("values = [{ key = 'a', kind = 'sensor', value = 'a b' }]", "values.0.value", "is no name of a value"),
    ("values = [{ key = 'a', kind = 'text', value = 'P1', name = ' ' }]", "values.0.name", "expected text, found none"),
    ("values = [{ key = 'a', kind = 'text', value = 'P1', icon = 'volume' }]", "values.0.icon", "such as \"mdi:volume-high\""),
    ("values = [{ key = 'a', kind = 'text', value = 'P1', unit = '%' }]", "values.0.unit", "expected only with kind number or sensor, found with text"),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', min = 1 }]", "values.0.min", "expected only with kind number, found with select"),
    ("values = [{ key = 'a', kind = 'number', value = 'P1', on = '1' }]", "values.0.on", "expected only with kind switch"),
    ("values = [{ key = 'a', kind = 'switch', value = 'P1', options = ['1'] }]", "values.0.options", "expected only with kind select"),
    ("values = [{ key = 'a', kind = 'switch', value = 'P1', on = 1 }]", "values.0.on", "expected text in quotes, found a bare number"),
    ("values = [{ key = 'a', kind = 'switch', value = 'P1', on = '0' }]", "values.0.off", "expected another text than on, found \"0\""),
    ("values = [{ key = 'a', kind = 'number', value = 'P1' }]", "values.0.min", "missing; expected a whole number"),
    ("values = [{ key = 'a', kind = 'number', value = 'P1', min = 1 }]", "values.0.max", "missing; expected a whole number"),
    ("values = [{ key = 'a', kind = 'number', value = 'P1', min = 5, max = 5 }]", "values.0.max", "expected more than min, 5, found 5"),
    ("values = [{ key = 'a', kind = 'number', value = 'P1', min = 0, max = 5, step = 0 }]", "values.0.step", "expected 1 to 5, found 0"),
    ("values = [{ key = 'a', kind = 'number', value = 'P1', min = 0, max = 5, step = 0.5 }]", "values.0.step", "expected a whole number, such as 10, found a bare number"),
    ("values = [{ key = 'a', kind = 'number', value = 'P1', min = '0', max = 5 }]", "values.0.min", "expected a whole number, such as 10, found text"),
    ("values = [{ key = 'a', kind = 'select', value = 'P1' }]", "values.0.options", "expected a table of labels"),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', options = [] }]", "values.0.options", "expected a table of labels"),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', options = [1] }]", "values.0.options", "expected a table of labels"),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', options = { Low = 1 } }]", "values.0.options", "expected a table of labels and the phone's texts, such as { Low = \"1\""),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', options = { None = '1' } }]", "values.0.options", "another label than \"None\""),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', options = { a = '1', b = '1' } }]", "values.0.options", "each label and value once"),
    ("values = [{ key = 'a', kind = 'select', value = 'P1', options = ['1', ''] }]", "values.0.options", "a label without blanks around it, found \"\""),
    ("values = [{ key = 'a', kind = 'text', value = 'P1' }, { key = 'a', kind = 'text', value = 'P3' }]", "values.1.key", "values.0 has the same key"),
    ("values = [{ key = 'a', kind = 'text', value = 'P1' }, { key = 'b', kind = 'sensor', value = '1' }]", "values.1.value", "values.0 has the same value"),
    ("account_base = '1'", "account_base", "a whole number from 0 to 65535, found text"),
    ("account_base = -1", "account_base", "a whole number from 0 to 65535"),
    ("account_base = 2", "account_base", "expected 0 or 1, found 2"),
    ("account_base = 70000", "account_base", "a whole number from 0 to 65535"),
    ("allow = 'set_values'", "allow", "expected a list of texts"),
    ("allow = [1]", "allow", "found a bare number in it"),
    ("allow = ['set_value']", "allow", "\"set_value\" is unknown; did you mean \"set_values\"?"),
    ("allow = ['reboot']", "allow", "known here: factory_reset, change_password"),
    ("dial_allow = ['^1$', '[']", "dial_allow", "found \"[\": error: unclosed character class"),
    ("dial_allow = ['']", "dial_allow", "an empty pattern; write"),
    ("tls_insecure = 'yes'", "tls_insecure", "expected true or false, found text"),
    ("tls_insecure = true", "tls_insecure", "expected an https:// url"),
    ("tls_ca_file = '$DIR/ca.pem'", "tls_ca_file", "expected an https:// url"),
    ("endpoints = 'x'", "endpoints", "expected a table"),
    ("endpoints.logn = 'x'", "endpoints.logn", "did you mean \"login\"?"),
    ("endpoints.poll = 'x'", "endpoints.poll", "known here: loginrealm, login"),
    ("endpoints.login = ''", "endpoints.login", "expected a request path"),
    ("endpoints.login = 'a?b=hunter2'", "endpoints.login", "expected a request path"),
    ("endpoints.login = 'a#b'", "endpoints.login", "expected a request path"),
    ("endpoints.login = 'a b'", "endpoints.login", "expected a request path"),
    ("endpoints.login = '//evil/a'", "endpoints.login", "expected a request path"),
    ("endpoints.login = '/\\evil/a'", "endpoints.login", "expected a request path"),
    ("endpoints.login = 'http://k/a'", "endpoints.login", "expected a request path"),
];

/// What `[phones.kitchen]` holds; the key, and what the message says of it.
#[rustfmt::skip] // one mistake, one line
const OF_A_PHONES_URL: &[(&str, &str, &str)] = &[
    ("poll = '2s'", "url", "missing; expected the phone's address"),
    ("poll = '2s'", "url", "(or GXV2MQTT_PHONES__KITCHEN__URL)"),
    ("url = ''", "url", "expected http://HOST or https://HOST"),
    ("url = '192.168.1.50'", "url", "expected http://HOST or https://HOST"),
    ("url = 'phone.lan:80'", "url", "found another scheme"),
    ("url = 'mqtt://k'", "url", "found another scheme"),
    ("url = 'http://'", "url", "expected http://HOST"),
    ("url = 'http://k:0'", "url", "expected a port from 1 to 65535"),
    ("url = 'http://admin:hunter2@k'", "url", "put them in username and password_file"),
    ("url = 'http://admin@k'", "url", "put them in username and password_file"),
    ("url = 'http://k/?passcode=hunter2'", "url", "expected no query"),
    ("url = 'http://k#a'", "url", "expected no query (?) or fragment"),
    ("url = 'http://k/cgi-bin'", "url", "expected no path"),
    ("url = 'https://k'\ntls_insecure = true\ntls_ca_file = '$DIR/ca.pem'", "tls_insecure", "tls_ca_file is set too"),
    ("url = 'https://k'\ntls_fingerprint = 'x'\ntls_ca_file = 'x'", "tls_fingerprint", "keep one of them"),
    ("url = 'https://k'\ntls_ca_file = '$DIR/secret'", "tls_ca_file", "-----BEGIN CERTIFICATE-----"),
    ("url = 'https://k'\ntls_ca_file = '$DIR/gone'", "tls_ca_file", "No such file"),
    ("url = 'https://k'\ntls_fingerprint = 'sha256:ab'", "tls_fingerprint", "64 hexadecimal digits"),
    ("url = 'https://k'\ntls_fingerprint = 'md5:ab'", "tls_fingerprint", "expected \"sha256:\""),
];

/// A whole file but for the phone; the key, and what the message says of it.
#[rustfmt::skip] // one mistake, one line
const OF_THE_REST: &[(&str, &str, &str)] = &[
    ("log = []", "log", "expected a table with keys of its own, found a list"),
    ("mqtt = 'mqtt://a'", "mqtt", "expected a table"),
    ("[mqttt]", "mqttt", "unknown; did you mean \"mqtt\"?"),
    ("[pull]", "pull", "unknown; did you mean \"push\"?"),
    ("[telephones]", "telephones", "unknown; known here: mqtt, homeassistant, log, names, push, phones"),
    ("[mqtt]\nbase = 'x'", "mqtt.base", "unknown"),
    ("[mqtt]\nurl = 'http://a'", "mqtt.url", "expected mqtt://HOST or mqtts://HOST, found another scheme"),
    ("[mqtt]\nurl = 'mqtt:a'", "mqtt.url", "expected mqtt://HOST"),
    ("[mqtt]\nurl = 'mqtt://'", "mqtt.url", "expected mqtt://HOST"),
    ("[mqtt]\nurl = 'mqtt://u:hunter2@a'", "mqtt.url", "put them in username and password_file"),
    ("[mqtt]\nurl = 'mqtt://a/b'", "mqtt.url", "expected no path"),
    ("[mqtt]\npassword = 'hunter2'", "mqtt.username", "missing; expected the user"),
    ("[mqtt]\nbase_topic = 'a/+'", "mqtt.base_topic", "expected no wildcard"),
    ("[mqtt]\nbase_topic = 'a#'", "mqtt.base_topic", "expected no wildcard"),
    ("[mqtt]\nbase_topic = ''", "mqtt.base_topic", "expected no empty level"),
    ("[mqtt]\nbase_topic = '/a'", "mqtt.base_topic", "no / at the start or end"),
    ("[mqtt]\nbase_topic = 'a/'", "mqtt.base_topic", "no / at the start or end"),
    ("[mqtt]\nbase_topic = 'a//b'", "mqtt.base_topic", "expected no empty level"),
    ("[mqtt]\nbase_topic = '$SYS'", "mqtt.base_topic", "expected no $ at the start"),
    ("[mqtt]\nbase_topic = \"a\\u0000\"", "mqtt.base_topic", "no control characters"),
    ("[mqtt]\nclient_id = ''", "mqtt.client_id", "expected text"),
    ("[mqtt]\nclient_id = 'a/b'", "mqtt.client_id", "expected no / + or #"),
    ("[mqtt]\nca_file = '$DIR/ca.pem'", "mqtt.ca_file", "expected an mqtts:// url"),
    ("[mqtt]\ntls_fingerprint = 'sha256:00'", "mqtt.tls_fingerprint", "expected an mqtts:// url"),
    ("[mqtt]\nurl = 'mqtts://b'\ntls_fingerprint = 'sha256:00'", "mqtt.tls_fingerprint", "64 hexadecimal digits"),
    ("[mqtt]\nurl = 'mqtts://b'\nca_file = '$DIR/ca.pem'\ntls_fingerprint = 'x'", "mqtt.tls_fingerprint", "not both"),
    ("[mqtt]\nclient_cert_file = 'x'", "mqtt.client_cert_file", "expected an mqtts:// url"),
    ("[mqtt]\nurl = 'mqtts://a'\nclient_cert_file = '$DIR/ca.pem'", "mqtt.client_key_file", "missing"),
    ("[mqtt]\nurl = 'mqtts://a'\nclient_key_file = '$DIR/key.pem'", "mqtt.client_cert_file", "missing"),
    ("[mqtt]\nurl = 'mqtts://a'\nclient_key_file = '$DIR/ca.pem'", "mqtt.client_key_file", "PRIVATE KEY"),
    ("[mqtt]\nurl = 'mqtts://a'\nclient_cert_file = '$DIR/ca.pem'\nclient_key_file = '$DIR/locked.pem'", "mqtt.client_key_file", "without a passphrase"),
    ("[homeassistant]\ndiscovery = 1", "homeassistant.discovery", "expected true or false, found a bare number"),
    ("[homeassistant]\ndiscovery_prefix = '#'", "homeassistant.discovery_prefix", "no wildcard"),
    ("[homeassistant]\nstatus_topic = '$a'", "homeassistant.status_topic", "no $ at the start"),
    ("[log]\nformat = 'xml'", "log.format", "expected \"text\" or \"json\", found \"xml\""),
    ("names = '$DIR/contacts.vcf'", "names", "expected a table"),
    ("[names]\nfiel = 'x'", "names.fiel", "did you mean \"file\"?"),
    ("[names]\nfile = ''", "names.file", "expected text, found none"),
    ("[names]\nfile = '$DIR'", "names.file", "expected a file that ends in .vcf, .vcard, .csv or .xml"),
    ("[names]\nfile = '$DIR/secret'", "names.file", "expected a file that ends in .vcf, .vcard, .csv or .xml"),
    ("[names]\ncountry = 'Germany'", "names.country", "expected a country by the two letters of ISO 3166, such as \"DE\", found \"Germany\""),
    ("[names]\ncountry = 49", "names.country", "expected text in quotes, found a bare number"),
    ("push = '192.168.1.10:8099'", "push", "expected a table"),
    ("[push]\nport = 8099", "push.port", "unknown; known here: listen, url, secret, secret_file"),
    ("[push]\nlisten = 8099", "push.listen", "expected text in quotes, found a bare number"),
    ("[push]\nlisten = ''", "push.listen", "such as \"192.168.1.10:8099\", found \"\""),
    ("[push]\nlisten = '8099'", "push.listen", "an address of this machine and a port"),
    ("[push]\nlisten = 'localhost:8099'", "push.listen", "an address of this machine and a port"),
    ("[push]\nlisten = '192.168.1.10:0'", "push.listen", "an address of this machine and a port"),
    ("[push]\nlisten = '0.0.0.0:81'\nsecret_file = '$DIR/long'", "push.url", "missing; expected how the phones reach this machine, such as \"http://192.168.1.10:81\"; 0.0.0.0:81 does not say"),
    ("[push]\nlisten = '[::]:81'\nsecret_file = '$DIR/long'", "push.url", "(or GXV2MQTT_PUSH__URL)"),
    ("[push]\nurl = 'https://a'", "push.url", "expected http://HOST, found another scheme"),
    ("[push]\nurl = 'a:8099'", "push.url", "expected http://HOST, found another scheme"),
    ("[push]\nurl = 'http://a/b'", "push.url", "expected no path"),
    ("[push]\nurl = 'http://u:hunter2@a'", "push.url", "expected no credentials"),
    ("[push]\nlisten = '1.2.3.4:5'", "push.secret", "missing; expected a text that nobody can guess"),
    ("[push]\nlisten = '1.2.3.4:5'", "push.secret", "(or GXV2MQTT_PUSH__SECRET)"),
    ("[push]\nlisten = '1.2.3.4:5'\nsecret = 'hunter2'", "push.secret", "expected at least 16 characters"),
    ("[push]\nlisten = '1.2.3.4:5'\nsecret_file = '$DIR/secret'", "push.secret", "expected at least 16 characters"),
    ("[push]\nlisten = '1.2.3.4:5'\nsecret_file = '$DIR/blank'", "push.secret_file", "but it is empty"),
    ("[push]\nsecret = 'hunter2'\nsecret_file = '$DIR/secret'", "push.secret_file", "secret is set too ("),
    ("[push]\nsecret = 31337", "push.secret", "expected text in quotes, found a bare number"),
    ("[push]\nsecret_file = '$DIR/gone'", "push.secret_file", "No such file"),
    ("[phones.Hall]\nurl = 'http://h'", "phones.Hall", "a-z 0-9 _ -"),
    ("[phones.'a.b']\nurl = 'http://h'", "phones.a.b", "a-z 0-9 _ -"),
    ("[phones.bridge]\nurl = 'http://h'", "phones.bridge", "not \"bridge\""),
    ("[phones.x]\nurl = 'http://192.168.1.50:80/'", "phones.x.url", "phones.kitchen has the same url"),
];

/// Variables beside `[phones.kitchen]` and its url.
#[rustfmt::skip] // one mistake, one line
const OF_THE_ENVIRONMENT: &[(&str, &str, &str)] = &[
    ("GXV2MQTT_MQTT__", "x", "use mqtt. from GXV2MQTT_MQTT__: unknown"),
    ("GXV2MQTT_LOG", "debug", "use log from GXV2MQTT_LOG: expected a table"),
    ("GXV2MQTT_MQTT.URL", "mqtt://a", "from GXV2MQTT_MQTT.URL: unknown; expected __"),
    ("GXV2MQTT_MQTT__URI", "x", "use mqtt.uri from GXV2MQTT_MQTT__URI: unknown; did you mean \"url\"?"),
    ("GXV2MQTT_MQTT", "hunter2", "use mqtt from GXV2MQTT_MQTT: expected a table"),
    ("GXV2MQTT_MQTT__URL__X", "1", "use mqtt.url from GXV2MQTT_MQTT__URL__*: expected text in quotes, found a table"),
    ("Gxv2mqtt_Log__Format", "xml", "use log.format from Gxv2mqtt_Log__Format: expected \"text\""),
    ("GXV2MQTT_PHONES__KITCHEN__POLL", "2", "use phones.kitchen.poll from GXV2MQTT_PHONES__KITCHEN__POLL: expected a duration"),
    ("GXV2MQTT_PHONES__KITCHEN__ACCOUNT_BASE", "one", "a whole number from 0 to 65535, found text"),
    ("GXV2MQTT_PHONES__KITCHEN__ACCOUNT_BASE", "65536", "a whole number from 0 to 65535"),
    ("GXV2MQTT_PHONES__KITCHEN__TLS_INSECURE", "yes", "expected true or false, found text"),
    ("GXV2MQTT_PHONES__KITCHEN__ALLOW", "reboot", "\"reboot\" is unknown"),
    ("GXV2MQTT_PHONES__KITCHEN__DIAL_ALLOW", "['1'", "expected a list of texts"),
    ("GXV2MQTT_PHONES__KITCHEN__DIAL_ALLOW", "[1, 2]", "expected a list of texts"),
    ("GXV2MQTT_PHONES__KITCHEN__DOORBELL", "8001", "expected a list of tables"),
    ("GXV2MQTT_PHONES__KITCHEN__DOORBELL", "[{ number = 8001 }]", "expected text in quotes, found a bare number"),
    ("GXV2MQTT_PHONES__KITCHEN__PASSWORD_FILE", "/gone", "from GXV2MQTT_PHONES__KITCHEN__PASSWORD_FILE: expected a readable file"),
    ("GXV2MQTT_PUSH__LISTEN", "8099", "use push.listen from GXV2MQTT_PUSH__LISTEN: expected an address"),
    ("GXV2MQTT_PUSH__LISTEN", "1.2.3.4:5", "use push.secret from GXV2MQTT_PUSH__*: missing"),
    ("GXV2MQTT_PHONES__HALL__POLL", "2s", "use phones.hall.url from GXV2MQTT_PHONES__HALL__*: missing"),
];

/// Loads what must fail, and returns the message.
fn message(toml: &str, env: &[(&str, &str)]) -> String {
    let error = load(toml, env).expect_err(toml);
    let message = error.to_string();
    for secret in ["hunter2", "31337"] {
        assert!(!format!("{message} {error:?}").contains(secret), "{message}");
    }
    message
}

#[test]
fn of_the_file_name_the_file_and_the_key() {
    let of_a_phone = OF_A_PHONE.iter().map(|(toml, key, problem)| {
        (format!("{KITCHEN}{toml}"), format!("phones.kitchen.{key}"), problem)
    });
    let of_its_url = OF_A_PHONES_URL.iter().map(|(toml, key, problem)| {
        (format!("[phones.kitchen]\n{toml}"), format!("phones.kitchen.{key}"), problem)
    });
    let of_the_rest = OF_THE_REST
        .iter()
        .map(|(toml, key, problem)| (format!("{toml}\n{KITCHEN}"), (*key).to_owned(), problem));
    for (toml, key, problem) in of_a_phone.chain(of_its_url).chain(of_the_rest) {
        let message = message(&toml, &[]);
        assert!(message.contains("gxv2mqtt.toml"), "{message}");
        assert!(message.contains(problem), "{toml}\n{message}");
        let key = format!("use {key} from ");
        assert!(message.starts_with(&key) || message.starts_with("understand "), "{message}");
    }
}

#[test]
fn of_the_environment_name_the_variable() {
    for (name, value, expected) in OF_THE_ENVIRONMENT {
        let message = message(KITCHEN, &[(name, value)]);
        assert!(message.contains(expected), "{name}={value}\n{message}");
        assert!(message.contains(&format!("from {name}")) || expected.contains("__*"), "{message}");
    }
}

#[test]
fn between_variables_name_both() {
    const CASES: &[([(&str, &str); 2], &str)] = &[
        (
            [("GXV2MQTT_LOG__FORMAT", "json"), ("gxv2mqtt_log__format", "text")],
            "use log.format from gxv2mqtt_log__format: GXV2MQTT_LOG__FORMAT sets it too",
        ),
        (
            [("GXV2MQTT_LOG", "json"), ("GXV2MQTT_LOG__FORMAT", "text")],
            "use log.format from GXV2MQTT_LOG__FORMAT: a shorter variable",
        ),
    ];
    for (env, expected) in CASES {
        let message = message(KITCHEN, env);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn between_file_and_environment_name_both() {
    let toml = format!("{KITCHEN}password_file = '$DIR/secret'");
    let message = message(&toml, &[("GXV2MQTT_PHONES__KITCHEN__PASSWORD", "hunter2")]);
    assert!(
        message.contains("gxv2mqtt.toml: password is set too (GXV2MQTT_PHONES__KITCHEN__PASSWORD)"),
        "{message}"
    );
}

#[test]
fn a_missing_secret_is_proposed_elsewhere_than_in_the_error() {
    let secret = proposal().unwrap();
    assert_eq!(secret.len(), 32);
    assert_ne!(secret, proposal().unwrap());
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).count();
    // the answer to a reload is for all who read there
    let message = message(&format!("[push]\nlisten = '1.2.3.4:5'\n{KITCHEN}"), &[]);
    assert!(!message.split(' ').any(|word| digits(word) >= 16 && !word.contains('/')), "{message}");
    let toml = format!("[push]\nlisten = '1.2.3.4:5'\nsecret = '{secret}'\n{KITCHEN}");
    assert!(load(&toml, &[]).unwrap().push.is_some());
}

#[test]
fn what_was_written_for_a_file_and_is_a_password_is_not_shown() {
    for key in ["password_file", "password_file = '/gone/hunter2' #"] {
        let message = message(&format!("{KITCHEN}{key} = 'hunter2'"), &[]);
        assert!(message.contains("password_file") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_url_that_is_too_long_for_the_phones_is_refused() {
    let label = "a".repeat(60);
    let url = format!("url = 'http://{label}.{label}.lan'\nsecret_file = '$DIR/long'");
    let message = message(&format!("[push]\nlisten = '1.2.3.4:5'\n{url}\n{KITCHEN}"), &[]);
    assert!(message.contains("push.url") && message.contains("a shorter host"), "{message}");
}

#[test]
fn no_phone_says_how_to_add_one() {
    let message = message("[mqtt]", &[]);
    assert!(
        message.contains("use phones from ") && message.contains("GXV2MQTT_PHONES__KITCHEN__URL"),
        "{message}"
    );
}

#[test]
fn a_syntax_error_names_the_line_and_not_its_text() {
    const CASES: &[(&str, usize)] = &[
        ("password = 'hunter2", 3),
        ("\npassword = \"hunter2\" x", 4),
        ("password = hunter2", 3),
        ("password = 'a'\npassword = 'hunter2'", 4),
        ("[phones.kitchen]\npassword = 'hunter2'", 3),
    ];
    for (toml, line) in CASES {
        let message = message(&format!("{KITCHEN}{toml}"), &[]);
        assert!(
            message.contains(&format!("gxv2mqtt.toml as TOML: line {line}: ")),
            "{toml}\n{message}"
        );
    }
}

#[test]
fn a_value_that_is_not_text_names_the_variable() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let vars = [("GXV2MQTT_MQTT__USERNAME".into(), value)];
    let error = super::load_from(None, std::path::Path::new("/nowhere"), vars).unwrap_err();
    assert_eq!(
        error.to_string(),
        "use mqtt.username from GXV2MQTT_MQTT__USERNAME: expected text in UTF-8"
    );
}

#[test]
fn the_message_reads_as_a_sentence() {
    let dir = directory();
    let error = load_in(dir.path(), &format!("{KITCHEN}pol = 5"), &[]).unwrap_err();
    let error = error.to_string().replace(dir.path().to_str().unwrap(), "/etc");
    insta::assert_snapshot!(format!("failed to {error}"), @r#"failed to use phones.kitchen.pol from /etc/gxv2mqtt.toml: unknown; did you mean "poll"?"#);
}
