//! Asking a person to publish by hand, and taking that back.

use kube::Resource;

use super::{
    super::{
        context::Shared,
        error::Error,
        receipt::{replace, status_of},
        report::Notice,
    },
    execute::settled,
    observe::{self, Direct, Known},
    send::{proof, words},
};
use crate::{
    api::Receipt,
    domain::{
        decide::decide,
        plan::{Action, AskOrder},
        publication::Publication,
        receipt as transitions,
    },
};

/// Looks once more, as before a send, and writes the request; answers the receipt as it then stands.
///
/// Nothing leaves here: the request is the receipt, conditional on the version that was read, so that of two operators one
/// asks. What a person hears of it follows from the Asset's status, and says the same however often it is told.
pub(super) async fn ask(
    shared: &Shared,
    direct: &Direct,
    order: &AskOrder,
) -> Result<Option<Receipt>, Error> {
    let Some(receipt) = &direct.receipt else {
        return Ok(None);
    };
    let Some(fresh) = observe::directly(shared, &direct.view, Known::Holds(receipt)).await? else {
        return Ok(None);
    };
    let now = shared.clock.now();
    if !matches!(decide(&fresh.observed, now).action, Action::Ask(again) if again == *order) {
        return Ok(None);
    }
    let before = status_of(receipt);
    let publication = Publication::of(words(&fresh), &order.send, &before, "");
    let status = transitions::ask(&before, order, proof(shared, &fresh, &publication), now);
    replace(shared, receipt, status).await
}

/// Takes back what a person was asked, and says so where the person looks.
pub(super) async fn withdraw(
    shared: &Shared,
    direct: &Direct,
    reason: &str,
) -> Result<Option<Receipt>, Error> {
    let action = Action::Withdraw {
        reason: reason.to_owned(),
    };
    let written = settled(shared, direct, &action).await?;
    let asked = written
        .as_ref()
        .and_then(|receipt| receipt.status.as_ref()?.asked.as_ref());
    if let Some(asked) = asked.filter(|asked| asked.withdrawn_at.is_some()) {
        let note = format!(
            "{} is no longer asked to publish it by hand: {reason}.",
            asked.person
        );
        let notice = Notice {
            warns: true,
            reason: "RequestWithdrawn",
            action: "Publish",
            note: &note,
            occurrence: &asked.at.0.to_string(),
        };
        let regarding = direct.view.object_ref(&());
        shared.reporter.emit(regarding, notice, shared.clock.now()).await;
    }
    Ok(written)
}
