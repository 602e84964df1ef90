//! Commands about the phone as a whole: its state, and restarts.

use serde_json::{Value, json};

use super::group::{Gathered, Group, Row, Step, Urgency};
use super::policy::{Guarded, Policy};
use super::result::{ErrorCode, Failure};
use crate::domain::request::{PhoneRequest, StatusQuery, SystemOperation};
use crate::domain::telephony::{Account, CallState, Line};
use crate::domain::values::named::NamedValue;

/// Something to be done with the whole phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemCommand {
    /// Does something to the whole phone.
    Operate(SystemOperation),
    /// Restarts the phone.
    Reboot {
        /// Even if that ends a call.
        force: bool,
    },
    /// Lists the accounts.
    ListAccounts {
        /// Only those that are registered.
        registered: bool,
    },
    /// Reads everything.
    Refresh,
    /// Reads the clock.
    GetTime,
}

/// Every command about the phone as a whole.
pub(super) const ROWS: &[Row<SystemCommand>] = &[
    Row {
        name: "reboot",
        main: None,
        others: &["force"],
        help: "Restarts the phone; refused during a call unless `force` is `true`",
        build: |arguments| Ok(SystemCommand::Reboot { force: arguments.flag("force")? }),
    },
    Row {
        name: "provision",
        main: None,
        others: &[],
        help: "Lets the phone fetch its settings from its provisioning server",
        build: |_| Ok(SystemCommand::Operate(SystemOperation::Provision)),
    },
    Row {
        name: "factory_reset",
        main: None,
        others: &[],
        help: "Erases the phone; runs only if the phone's `allow` names it",
        build: |_| Ok(SystemCommand::Operate(SystemOperation::FactoryReset)),
    },
    Row {
        name: "refresh",
        main: None,
        others: &[],
        help: "Reads everything now",
        build: |_| Ok(SystemCommand::Refresh),
    },
    Row {
        name: "get_time",
        main: None,
        others: &[],
        help: "Reads the phone's clock; `data` is as in `P/system`",
        build: |_| Ok(SystemCommand::GetTime),
    },
    Row {
        name: "list_accounts",
        main: Some("registered"),
        others: &[],
        help: "Asks the phone for its accounts, with `true` (`registered`) only for those that are registered; `data.accounts` is a list, each as on `P/accounts/<n>`",
        build: |arguments| {
            Ok(SystemCommand::ListAccounts { registered: arguments.flag("registered")? })
        },
    },
];

impl Group for SystemCommand {
    fn permits(&self, policy: &Policy, _: &[NamedValue]) -> Result<(), Failure> {
        let erases = *self == Self::Operate(SystemOperation::FactoryReset);
        if erases { policy.guards(Guarded::FactoryReset) } else { Ok(()) }
    }

    fn urgency(&self) -> Urgency {
        match self {
            Self::Operate(_) | Self::Reboot { .. } => Urgency::AtOnce,
            Self::ListAccounts { .. } | Self::GetTime => Urgency::InOrder,
            Self::Refresh => Urgency::Yielding,
        }
    }

    fn on_lines(&self, lines: &[Line], fresh: bool) -> Option<Step> {
        match self {
            Self::Operate(operation) => Some(Step::Send(PhoneRequest::System(*operation))),
            Self::Reboot { force: false } if !fresh => {
                Some(Step::Send(PhoneRequest::Read(StatusQuery::Lines)))
            }
            Self::Reboot { force } => Some(match busy(lines).filter(|_| !force) {
                Some(line) => {
                    let message = format!(
                        "line {} is {}: it would be cut off; \"force\": true restarts the phone all the same",
                        line.line,
                        line.state.word()
                    );
                    Step::Done(Err(Failure::new(ErrorCode::NotAllowed, message)))
                }
                None => Step::Send(PhoneRequest::System(SystemOperation::Reboot)),
            }),
            Self::ListAccounts { .. } | Self::Refresh | Self::GetTime => None,
        }
    }

    fn requests(&self, values: Vec<Vec<String>>) -> Vec<PhoneRequest> {
        match self {
            Self::Refresh => {
                let values = values.into_iter().map(PhoneRequest::GetValues);
                StatusQuery::ALL.map(PhoneRequest::Read).into_iter().chain(values).collect()
            }
            Self::GetTime => vec![PhoneRequest::Read(StatusQuery::Clock)],
            Self::ListAccounts { registered: true } => vec![PhoneRequest::GetRegistered],
            Self::ListAccounts { .. } => vec![PhoneRequest::Read(StatusQuery::Accounts)],
            Self::Operate(_) | Self::Reboot { .. } => Vec::new(),
        }
    }

    fn result(&self, gathered: &Gathered) -> Result<Value, Failure> {
        let Self::ListAccounts { registered } = self else { return Ok(Value::Null) };
        // not every firmware has the filter
        let wanted = |a: &&Account| !registered || a.registered == Some(true);
        let accounts: Vec<_> = gathered.accounts.iter().filter(wanted).collect();
        Ok(json!({ "accounts": accounts }))
    }
}

/// Returns a line that would be cut off by a restart; one whose state is not known may be.
fn busy(lines: &[Line]) -> Option<&Line> {
    lines.iter().find(|line| !matches!(line.state.folded(), CallState::Idle | CallState::Failed))
}
