//! The command line: which subcommand was given. It reads no settings and runs nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser};

#[cfg(feature = "simulator")]
use crate::simulator::{PushEvent, UnknownEvent};

/// The exit code of a wrong command line (`EX_USAGE`).
pub const WRONG_USAGE: u8 = 64;

/// What was asked of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subcommand {
    /// The daemon.
    Run {
        /// The settings file, if named.
        config: Option<PathBuf>,
    },
    /// Tries broker and phones.
    Check {
        /// The settings file, if named.
        config: Option<PathBuf>,
    },
    /// Asks the broker whether the bridge is online.
    Health {
        /// The settings file, if named.
        config: Option<PathBuf>,
    },
    /// Everything in one process, nothing to install.
    #[cfg(feature = "demo")]
    Demo,
    /// A simulated phone.
    #[cfg(feature = "simulator")]
    Simulate(Simulate),
    /// The URLs that phones call when something happens.
    PushUrls {
        /// The settings file, if named.
        config: Option<PathBuf>,
    },
    /// The reference of topics, commands and entities.
    Topics,
}

/// The simulated phone that was asked for.
#[cfg(feature = "simulator")]
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Simulate {
    /// Where to listen, such as 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    pub listen: std::net::SocketAddr,
    /// Which HTTP API the phone speaks
    #[arg(long, value_enum, default_value_t)]
    pub dialect: Dialect,
    /// The password that logs in
    #[arg(long, value_name = "TEXT", default_value = "admin")]
    pub password: String,
    /// The model that the phone says it is
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// A URL that the phone calls when something happens, once per event, such as
    /// 'incoming=127.0.0.1:8125/in?from=$remote'
    #[arg(long, value_name = "EVENT=URL", value_parser = push)]
    pub push: Vec<(PushEvent, String)>,
}

/// The HTTP API of a simulated phone.
#[cfg(feature = "simulator")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// The Web API of GXV phones
    #[default]
    Gxv,
    /// The CTI API of GXP and GRP phones
    Cti,
}

/// Bridges Grandstream GXV phones to MQTT and Home Assistant
#[derive(Debug, Parser)]
#[command(name = "gxv2mqtt", version, long_about = LONG_ABOUT, after_long_help = AFTER_LONG_HELP)]
struct Line {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    call: Option<Word>,
}

#[derive(Debug, Args)]
struct Config {
    #[arg(long, value_name = "FILE", help = CONFIG_HELP)]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Word {
    /// Runs the bridge; the same as no command
    Run(Config),
    /// Tries the settings, the broker and each phone, and says how to fix what fails
    ///
    /// Changes nothing on a phone, and never burns more than one login.
    Check(Config),
    /// Asks the broker whether it holds the bridge to be online
    ///
    /// For health checks of containers: asks no phone, and publishes nothing.
    Health(Config),
    /// Shows it all on this machine: a broker, two simulated phones and the bridge
    ///
    /// Needs no settings, and nothing installed. A call arrives now and then.
    #[cfg(feature = "demo")]
    Demo,
    /// Runs a simulated phone, to try automations without hardware
    #[cfg(feature = "simulator")]
    Simulate(Simulate),
    /// Prints the URLs to paste into the phones' web pages, so that they push
    ///
    /// Needs `listen` under `[push]` in the settings. The URLs are the phones' secrets: keep them to yourself.
    PushUrls(Config),
    /// Prints the reference of topics, commands and entities
    Topics,
}

const CONFIG_HELP: &str =
    "The settings file; else the one of $GXV2MQTT_CONFIG, else /etc/gxv2mqtt/gxv2mqtt.toml";

const LONG_ABOUT: &str = "\
Bridges Grandstream GXV phones to MQTT and Home Assistant.

Polls each phone's HTTP API, publishes its lines, calls and accounts over MQTT, and carries out commands such as dial,
answer and hang up.";

const AFTER_LONG_HELP: &str = "\
Settings:
  A TOML file: --config, else $GXV2MQTT_CONFIG, else /etc/gxv2mqtt/gxv2mqtt.toml.
  Every key also from the environment, which wins: GXV2MQTT_ + the path joined by __, such as
  GXV2MQTT_MQTT__URL or GXV2MQTT_PHONES__KITCHEN__PASSWORD_FILE. With a phone named there, no file is needed.
  RUST_LOG sets how much is logged, such as RUST_LOG=debug; else the key log.level.

Exit codes:
  0   stopped on request
  1   failed at run time
  64  wrong usage
  78  the settings are wrong

Results go to standard output, logs to standard error.";

/// Reads the command line, program name first. Else help, version or a complaint is printed, and the exit code to leave
/// with returned.
pub fn parse<I, T>(args: I) -> Result<Subcommand, ExitCode>
where
    I: IntoIterator<Item = T>,
    T: Into<std::ffi::OsString> + Clone,
{
    read(args).map_err(|error| {
        // Nobody is left to tell when standard output or standard error is closed.
        drop(error.print());
        exit_code(&error).into()
    })
}

fn read<I, T>(args: I) -> Result<Subcommand, clap::Error>
where
    I: IntoIterator<Item = T>,
    T: Into<std::ffi::OsString> + Clone,
{
    let Line { config, call } = Line::try_parse_from(args)?;
    let before = config.config;
    let call = match (call, before) {
        (None, config) => Subcommand::Run { config },
        (Some(Word::Run(after)), before) => {
            Subcommand::Run { config: one_of(before, after.config)? }
        }
        (Some(Word::Check(after)), before) => {
            Subcommand::Check { config: one_of(before, after.config)? }
        }
        (Some(Word::Health(after)), before) => {
            Subcommand::Health { config: one_of(before, after.config)? }
        }
        (Some(Word::PushUrls(after)), before) => {
            Subcommand::PushUrls { config: one_of(before, after.config)? }
        }
        (Some(_), Some(_)) => {
            return Err(conflict("--config goes with run, check, health and push-urls only"));
        }
        #[cfg(feature = "demo")]
        (Some(Word::Demo), None) => Subcommand::Demo,
        #[cfg(feature = "simulator")]
        (Some(Word::Simulate(simulate)), None) => Subcommand::Simulate(simulate),
        (Some(Word::Topics), None) => Subcommand::Topics,
    };
    Ok(call)
}

#[cfg(feature = "simulator")]
fn push(text: &str) -> Result<(PushEvent, String), String> {
    let (event, url) = text.split_once('=').ok_or("there is no = in it")?;
    let event = event.parse().map_err(|unknown: UnknownEvent| unknown.to_string())?;
    Ok((event, url.to_owned()))
}

fn one_of(before: Option<PathBuf>, after: Option<PathBuf>) -> Result<Option<PathBuf>, clap::Error> {
    if before.is_some() && after.is_some() {
        return Err(conflict("--config cannot be used more than once"));
    }
    Ok(before.or(after))
}

fn conflict(message: &str) -> clap::Error {
    Line::command().error(ErrorKind::ArgumentConflict, message)
}

fn exit_code(error: &clap::Error) -> u8 {
    if error.use_stderr() { WRONG_USAGE } else { 0 }
}

#[cfg(feature = "demo")]
#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Result<Subcommand, u8> {
        let words = std::iter::once("gxv2mqtt").chain(line.split_whitespace());
        read(words).map_err(|error| exit_code(&error))
    }

    fn printed(line: &str) -> String {
        let words = std::iter::once("gxv2mqtt").chain(line.split_whitespace());
        let text = read(words).unwrap_err().to_string();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    }

    #[test]
    fn calls() {
        let file = || Some(PathBuf::from("a.toml"));
        let simulate = |dialect, password: &str, model: Option<&str>| {
            Subcommand::Simulate(Simulate {
                listen: "127.0.0.1:8080".parse().unwrap(),
                dialect,
                password: password.to_owned(),
                model: model.map(str::to_owned),
                push: Vec::new(),
            })
        };
        let cases = [
            ("", Ok(Subcommand::Run { config: None })),
            ("run", Ok(Subcommand::Run { config: None })),
            ("--config a.toml", Ok(Subcommand::Run { config: file() })),
            ("run --config a.toml", Ok(Subcommand::Run { config: file() })),
            ("--config=a.toml run", Ok(Subcommand::Run { config: file() })),
            ("check", Ok(Subcommand::Check { config: None })),
            ("--config a.toml check", Ok(Subcommand::Check { config: file() })),
            ("check --config a.toml", Ok(Subcommand::Check { config: file() })),
            ("push-urls", Ok(Subcommand::PushUrls { config: None })),
            ("push-urls --config a.toml", Ok(Subcommand::PushUrls { config: file() })),
            ("--config a.toml push-urls", Ok(Subcommand::PushUrls { config: file() })),
            ("demo", Ok(Subcommand::Demo)),
            ("topics", Ok(Subcommand::Topics)),
            ("simulate --listen 127.0.0.1:8080", Ok(simulate(Dialect::Gxv, "admin", None))),
            (
                "simulate --listen 127.0.0.1:8080 --dialect cti --password 0123 --model GRP2616",
                Ok(simulate(Dialect::Cti, "0123", Some("GRP2616"))),
            ),
            ("--help", Err(0)),
            ("-h", Err(0)),
            ("help check", Err(0)),
            ("--version", Err(0)),
            ("dance", Err(64)),
            ("--config", Err(64)),
            ("--config a --config b", Err(64)),
            ("--config a check --config b", Err(64)),
            ("--config a demo", Err(64)),
            ("demo --config a", Err(64)),
            ("simulate", Err(64)),
            ("simulate --listen 8080", Err(64)),
            ("simulate --listen 127.0.0.1:8080 --dialect sip", Err(64)),
            ("simulate --listen 127.0.0.1:8080 --push incoming", Err(64)),
            ("simulate --listen 127.0.0.1:8080 --push dance=host/x", Err(64)),
        ];
        for (line, expected) in cases {
            assert_eq!(call(line), expected, "{line}");
        }
    }

    #[test]
    fn pushes() {
        let line = "simulate --listen 127.0.0.1:8080 --push incoming=host/a=$mac --push booted=";
        let Ok(Subcommand::Simulate(seen)) = call(line) else { panic!("not understood") };
        let expected = [(PushEvent::Incoming, "host/a=$mac"), (PushEvent::Booted, "")];
        assert!(seen.push.iter().map(|(event, url)| (*event, url.as_str())).eq(expected));
        let error = printed("simulate --listen 127.0.0.1:8080 --push dance=host/x");
        assert!(error.contains("\"dance\"") && error.contains("off_hook"), "{error}");
    }

    #[test]
    fn version() {
        assert_eq!(printed("--version"), concat!("gxv2mqtt ", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn help() {
        insta::assert_snapshot!(printed("--help"), @"
        Bridges Grandstream GXV phones to MQTT and Home Assistant.

        Polls each phone's HTTP API, publishes its lines, calls and accounts over MQTT, and carries out commands such as dial,
        answer and hang up.

        Usage: gxv2mqtt [OPTIONS] [COMMAND]

        Commands:
          run        Runs the bridge; the same as no command
          check      Tries the settings, the broker and each phone, and says how to fix what fails
          health     Asks the broker whether it holds the bridge to be online
          demo       Shows it all on this machine: a broker, two simulated phones and the bridge
          simulate   Runs a simulated phone, to try automations without hardware
          push-urls  Prints the URLs to paste into the phones' web pages, so that they push
          topics     Prints the reference of topics, commands and entities
          help       Print this message or the help of the given subcommand(s)

        Options:
              --config <FILE>
                  The settings file; else the one of $GXV2MQTT_CONFIG, else /etc/gxv2mqtt/gxv2mqtt.toml

          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version

        Settings:
          A TOML file: --config, else $GXV2MQTT_CONFIG, else /etc/gxv2mqtt/gxv2mqtt.toml.
          Every key also from the environment, which wins: GXV2MQTT_ + the path joined by __, such as
          GXV2MQTT_MQTT__URL or GXV2MQTT_PHONES__KITCHEN__PASSWORD_FILE. With a phone named there, no file is needed.
          RUST_LOG sets how much is logged, such as RUST_LOG=debug; else the key log.level.

        Exit codes:
          0   stopped on request
          1   failed at run time
          64  wrong usage
          78  the settings are wrong

        Results go to standard output, logs to standard error.
        ");
    }

    #[test]
    fn help_of_simulate() {
        insta::assert_snapshot!(printed("simulate --help"), @r"
        Runs a simulated phone, to try automations without hardware

        Usage: gxv2mqtt simulate [OPTIONS] --listen <ADDR>

        Options:
              --listen <ADDR>
                  Where to listen, such as 127.0.0.1:8080

              --dialect <DIALECT>
                  Which HTTP API the phone speaks

                  Possible values:
                  - gxv: The Web API of GXV phones
                  - cti: The CTI API of GXP and GRP phones

                  [default: gxv]

              --password <TEXT>
                  The password that logs in

                  [default: admin]

              --model <NAME>
                  The model that the phone says it is

              --push <EVENT=URL>
                  A URL that the phone calls when something happens, once per event, such as 'incoming=127.0.0.1:8125/in?from=$remote'

          -h, --help
                  Print help (see a summary with '-h')
        ");
    }
}
