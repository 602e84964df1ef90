//! Stories of the link to the broker.

mod odd_answers;
mod over_a_broker;
mod over_a_scripted_broker;
mod over_amqtt;
mod words;
