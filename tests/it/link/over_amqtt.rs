//! Over amqtt, which somebody else wrote and which knows MQTT 3.1.1 only: it keeps a connection of MQTT 5 without a word.

use gxv2mqtt::mqtt::{Trial, probe};

use crate::support::link::options;
use crate::support::port::Port;
use crate::support::process::Process;

#[tokio::test]
#[ignore = "needs amqtt"]
async fn a_broker_of_mqtt_3_is_told_by_its_silence() {
    let port = Port::reserve();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("amqtt.yaml");
    let settings = format!(
        "listeners: {{default: {{type: tcp, bind: '{}'}}}}\n\
         plugins: {{amqtt.plugins.authentication.AnonymousAuthPlugin: {{allow_anonymous: true}}}}\n",
        port.address
    );
    std::fs::write(&file, settings).unwrap();
    let arguments = ["-c".as_ref(), file.as_os_str()];
    let ready = |line: &str| line.contains("Starting session expiration monitor");
    let _broker = Process::start("amqtt", arguments, ready).await;

    let error = probe(&options(port.address), &Trial::default()).await.unwrap_err().to_string();
    assert!(error.contains("within 10s") && error.contains("MQTT 5"), "{error}");
}
