//! End-to-end stories: broker, simulated phones and the real bridge. Nothing of it leaves this machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod faults;
mod functions;
mod idle;
mod limits;
mod link;
mod names;
mod program;
mod requests;
mod stories;
mod strict_phone;
mod support;
mod tls;
mod values;
mod wire;
