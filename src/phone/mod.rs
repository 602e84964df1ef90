//! The phone: its dialects, the HTTP that carries them, and the task that owns one phone.

pub mod dialect;
pub mod http;
mod mac;
mod notes;
mod options;
pub mod push;
pub mod task;
mod tls;

pub use options::{PhoneOptions, Tls};
