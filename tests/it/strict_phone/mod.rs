//! The real bridge against the strict phone of `support/strict_phone`, which was written from the references alone.

mod calls;
mod functions;
mod sessions;
mod wire;

use serde_json::Value;

use super::support::bed::{TestBed, at};
use super::support::strict_phone::StrictPhone;
use super::support::strict_phone::habits::CallSettings;

/// A strict phone in the kitchen, and the bridge that knows it.
struct Bench {
    bed: TestBed,
    phone: StrictPhone,
}

impl Bench {
    /// Sets both up; the bridge is not started.
    async fn new(habits: CallSettings) -> Self {
        let phone = StrictPhone::start(habits).await;
        let mut bed = TestBed::embedded().await;
        bed.settings.phones = vec![phone.options("kitchen")];
        Self { bed, phone }
    }

    /// Sets both up, and waits until the phone is online.
    async fn begin(habits: CallSettings) -> Self {
        let mut bench = Self::new(habits).await;
        bench.bed.begin().await;
        bench
    }

    async fn shows(&self, place: &str, payload: &str) {
        self.bed.recorder().shows(&at(place), payload).await;
    }

    /// Sends a command, its name its id, and returns the data of its success.
    async fn does(&self, name: &str, arguments: &str) -> Value {
        let result = self.result(name, arguments).await;
        assert_eq!(result["ok"], true, "{result}; seen {:#?}", self.phone.seen().last());
        result["data"].clone()
    }

    /// Sends a command, and returns the code of its failure.
    async fn fails(&self, name: &str, arguments: &str) -> String {
        let result = self.result(name, arguments).await;
        assert_eq!(result["ok"], false, "{result}");
        result["error"]["code"].as_str().unwrap().to_owned()
    }

    async fn result(&self, name: &str, arguments: &str) -> Value {
        let id = format!("{name} {}", fastrand::u32(..));
        self.bed.command(&id, name, arguments).await
    }

    /// How many requests of a function had this parameter.
    fn count(&self, function: &str, key: &str, value: &str) -> usize {
        let asked = self.phone.asked(function);
        asked.iter().filter(|request| request.get(key) == Some(value)).count()
    }

    /// Fails if the phone was ever said to be away.
    fn assert_never_away(&self) {
        let all = self.bed.recorder().all();
        let online = |heard: &&super::support::recorder::Heard| {
            heard.topic == at("availability") && heard.payload == "online"
        };
        let first = all.iter().position(|heard| online(&heard)).unwrap();
        let mut after = all[first..].iter().filter(|heard| heard.topic == at("availability"));
        assert!(after.all(|heard| heard.payload == "online"), "{all:#?}");
    }

    /// Ends all; a phone that was not treated well fails the test.
    async fn end(self) {
        self.phone.assert_well_treated();
        self.bed.end().await;
    }
}
