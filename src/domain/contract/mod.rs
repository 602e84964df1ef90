//! What MQTT and Home Assistant see: topics, the states on them, entities, requests to the bridge and its health. Each is one
//! table, from which the reference and discovery follow.

pub mod bridge_request;
pub mod entity;
pub mod health;
pub mod snapshot;
pub mod topic;
