//! Stories of the link to the broker.

mod over_a_broker;
mod over_a_stage;
mod words;
