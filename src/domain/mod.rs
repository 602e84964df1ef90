//! What the bridge knows and decides, as plain values: no I/O, no clock, nothing of the rest of the crate.

pub mod alarm;
pub mod arguments;
pub mod ask;
pub mod bridge_request;
pub mod call;
pub mod clock;
pub mod command;
pub mod dial_allow;
pub mod directory;
pub mod doorbell;
pub mod entity;
pub mod health;
pub mod number;
pub mod order;
pub mod outcome;
pub mod password;
pub mod phone;
pub mod phonebook;
pub mod policy;
pub mod push;
pub mod schedule;
pub mod setting;
pub mod snapshot;
pub mod topic;
pub mod twin;
pub mod values;
