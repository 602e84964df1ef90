//! The phone's web server: finds the function, applies faults, lets clients in, answers. What each function says is elsewhere.

use std::time::Instant;

use axum::{
    Extension, Router,
    extract::{Path, Request, State as Of},
    response::{IntoResponse, Response},
    routing::any,
};
use jiff::Timestamp;

use super::{
    Simulator, contacts,
    door::{self, Entry},
    fault::Fault,
    function::Function,
    orders, page,
    profile::Dialect,
    reply::Reply,
    request::Asked,
    settings,
    socket::Connection,
    state::State,
    status,
};

/// Everything that is served on the phone's port.
pub(super) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/cgi-bin/{path}", any(cgi))
        .merge(page::router())
        .fallback(async || Reply::not_found())
        .with_state(simulator)
}

async fn cgi(
    Of(simulator): Of<Simulator>,
    Extension(connection): Extension<Connection>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let Some((function, fault)) = simulator.with(|state, _| asked_for(state, &path)) else {
        return Reply::not_found().into_response();
    };
    if let Some(fault) = &fault
        && let Some(instead) = fault.instead().await
    {
        return instead;
    }
    let asked = Asked::read(request).await;
    let reply = simulator.with(|state, now| answer(state, function, &asked, now));
    if reply.then_reboots {
        simulator.reboot_soon();
    }
    match fault {
        Some(fault) => fault.spoil(reply, &connection).await,
        None => reply.into_response(),
    }
}

/// Counts the request; with a passcode there are no sessions to open.
fn asked_for(state: &mut State, path: &str) -> Option<(Function, Option<Fault>)> {
    let sessions = state.profile.dialect == Dialect::Gxv;
    let function = Function::at(path).filter(|one| sessions || !one.opens_session())?;
    *state.requests.entry(function).or_default() += 1;
    Some((function, state.faults.of(function)))
}

fn answer(state: &mut State, function: Function, asked: &Asked, now: Instant) -> Reply {
    let entry = if function.opens_session() {
        Entry::Full
    } else {
        door::entry(state, function, asked, now)
    };
    let limited = match entry {
        Entry::Refused(reply) => return reply,
        Entry::Limited => true,
        Entry::Full => false,
    };
    match function {
        Function::RandomNumber => door::random_number(state),
        Function::Login => door::login(state, asked, now),
        Function::GetValues => status::values(state, asked, limited),
        Function::SetValues => settings::set_values(state, asked),
        Function::ChangePassword => settings::change_password(state, asked),
        Function::GetContacts => contacts::list(state, asked),
        Function::SaveContact => contacts::save(state, asked),
        Function::DeleteContact => contacts::delete(state, asked),
        Function::DeleteAllContacts => contacts::delete_all(state),
        Function::GetGroups => contacts::list_groups(state, asked),
        Function::AddGroup => contacts::add_group(state, asked),
        Function::EditGroup => contacts::edit_group(state, asked),
        Function::DownloadPhonebook => contacts::download(state),
        Function::GetAccounts => status::accounts(state, asked),
        Function::GetLineStatus => status::lines(state, asked),
        Function::GetPhoneStatus => status::phone(state),
        Function::GetTime => status::time(state, now, Timestamp::now()),
        Function::MakeCall => orders::make_call(state, asked, now),
        Function::PhoneOperation => orders::phone_operation(state, asked, now),
        Function::SystemOperation => orders::system_operation(state, asked),
    }
}
