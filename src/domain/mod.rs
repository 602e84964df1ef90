//! What the bridge knows and decides, as plain values: no I/O, no clock, nothing of the rest of the crate.

pub mod secret;
pub mod telephony;
pub mod text;
pub mod time;

pub mod contacts;
pub mod values;

pub mod request;

pub mod call;
pub mod command;
pub mod polling;
pub mod twin;

pub mod contract;

pub mod alarm;
