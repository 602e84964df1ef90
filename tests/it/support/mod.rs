//! What the stories are told with.

pub(crate) mod broker;
pub(crate) mod ear;
pub(crate) mod link;
pub(crate) mod mosquitto;
pub(crate) mod world;
