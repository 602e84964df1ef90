//! Commands: everything that users can ask for. One file for each group, with the arguments, the policy, the requests and the
//! result of its commands.

pub mod arguments;
pub mod calls;
pub mod contacts;
pub mod dial_allow;
mod group;
mod payload;
pub mod pending;
pub mod policy;
pub mod result;
pub mod system;
#[cfg(test)]
mod tests;
pub mod values;

pub use group::{CommandDoc, Step};
pub use payload::{Command, commands, parse};
