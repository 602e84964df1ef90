//! The log of the program: how much of it is written, and what never is.

mod flood;

use std::io::IsTerminal as _;

use tracing::Metadata;
use tracing_subscriber::filter::{EnvFilter, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt, registry};

use crate::config::{Format, Level};

use flood::NoFlood;

/// The variable that says how much is logged.
const VARIABLE: &str = "RUST_LOG";
/// Crates of others that may say more than warnings if `RUST_LOG` wants it. The rest (`reqwest`, `rumqttc`, …) write URLs and packets with
/// what is secret in them.
const TALKATIVE: [&str; 4] = ["gxv2mqtt", "hyper_util", "mqtt5", "rustls"];

/// Starts the log on standard error: as much as `RUST_LOG` says, else `level`. A mistake in `RUST_LOG` is warned of and
/// left out.
///
/// # Errors
/// In words, if there is a log already.
pub fn start(format: Format, level: Level) -> Result<(), String> {
    let written = std::env::var_os(VARIABLE).unwrap_or_default();
    let (directives, mistakes) = directives(&written.to_string_lossy(), level);
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let lines = match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().boxed(),
    };
    let subscriber = registry()
        .with(EnvFilter::new(directives))
        .with(no_secrets())
        .with(NoFlood::default())
        .with(lines);
    subscriber.try_init().map_err(|error| error.to_string())?;
    for mistake in mistakes {
        tracing::warn!("{VARIABLE}: {mistake}");
    }
    Ok(())
}

/// Lets through what holds no secret, whatever the directives ask for.
fn no_secrets() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(|metadata| {
        let of = metadata.target().split("::").next().unwrap_or_default();
        // what it complains of is said by the link, in words
        if of.starts_with("rumqttc") {
            return false;
        }
        *metadata.level() <= LevelFilter::WARN || TALKATIVE.contains(&of) || metadata.is_span()
    })
}

/// Returns the directives of `RUST_LOG` that make sense, or those for `level` if there are none, and what is wrong with the rest.
fn directives(written: &str, level: Level) -> (String, Vec<String>) {
    let (mut good, mut mistakes) = (Vec::new(), Vec::new());
    for directive in written.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let is_word = directive.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let is_level = directive.parse::<LevelFilter>().is_ok();
        if is_word && !is_level && directive != "gxv2mqtt" {
            mistakes.push(format!(
                "{directive:?} is no level: expected error, warn, info, debug, trace or off"
            ));
        } else if let Err(error) = EnvFilter::try_new(directive) {
            mistakes.push(format!("{directive:?} is not understood: {error}"));
        } else {
            good.push(directive);
        }
    }
    if good.is_empty() {
        return (format!("{},mqtt5=warn", level.as_str()), mistakes);
    }
    (good.join(","), mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_left_out_and_complained_of() {
        let wrong = |word: &str| format!("{word:?} is no level");
        let cases = [
            ("", "info,mqtt5=warn", vec![]),
            (" ", "info,mqtt5=warn", vec![]),
            (",", "info,mqtt5=warn", vec![]),
            ("debug", "debug", vec![]),
            ("DEBUG", "DEBUG", vec![]),
            ("off", "off", vec![]),
            ("warning", "info,mqtt5=warn", vec![wrong("warning")]),
            ("verbose,gxv2mqtt=debug", "gxv2mqtt=debug", vec![wrong("verbose")]),
            ("gxv2mqtt", "gxv2mqtt", vec![]),
            ("info,rustls=trace", "info,rustls=trace", vec![]),
            ("[phone{id=a}]=trace,warn", "[phone{id=a}]=trace,warn", vec![]),
            ("a=b=c", "info,mqtt5=warn", vec!["\"a=b=c\" is not understood".to_owned()]),
        ];
        for (written, expected, wrong) in cases {
            let (directives, mistakes) = directives(written, Level::Info);
            assert_eq!(directives, expected, "{written:?}");
            assert_eq!(mistakes.len(), wrong.len(), "{written:?} {mistakes:?}");
            assert!(
                mistakes.iter().zip(wrong).all(|(m, wrong)| m.starts_with(&wrong)),
                "{mistakes:?}"
            );
        }
    }
}
