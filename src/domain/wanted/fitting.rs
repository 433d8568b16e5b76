//! What the channel of a post could not show as it is written, said before the day.

use super::{
    Inputs, Wanted, asset,
    candidate::{Candidate, Origin},
    places,
};
use crate::{
    api::{AssetContent, AssetType, Intent, Severity},
    domain::{
        channels::{Fitting, Misfit},
        content::diagnostic::Diagnostic,
        slot::{compared, compared_platform},
    },
};

/// Finds what does not fit its channel; what never goes, and what is stopped already, is not looked at.
pub(super) fn report(inputs: &Inputs<'_>, candidates: &mut [Candidate<'_>], wanted: &mut Wanted) {
    if inputs.channels.iter().all(|channel| channel.fitting.is_none()) {
        return;
    }
    for candidate in candidates {
        if candidate.is_stopped() || matches!(candidate.intent, Intent::Skip | Intent::Posted) {
            continue;
        }
        let Some(fitting) = of(inputs, candidate) else {
            continue;
        };
        if let Err(misfit) = fits(inputs, fitting, candidate) {
            let diagnostic = diagnostic(candidate, misfit);
            candidate.find(diagnostic.finding());
            wanted.diagnostics.push(diagnostic);
        }
    }
}

fn of(inputs: &Inputs<'_>, candidate: &Candidate<'_>) -> Option<Fitting> {
    let target = candidate.slot.fields();
    let channel = inputs.channels.iter().find(|channel| {
        compared_platform(&channel.platform) == target.platform
            && compared(&channel.account) == target.account
    })?;
    channel.fitting
}

fn fits(inputs: &Inputs<'_>, fitting: Fitting, candidate: &Candidate<'_>) -> Result<(), Misfit> {
    let row: AssetContent;
    let (type_, content) = match &candidate.origin {
        Origin::Row { post, .. } => {
            row = asset::content(inputs, &candidate.slot, post);
            (AssetType::Post, &row)
        }
        Origin::Made(spec, _) => (spec.type_, &spec.content),
    };
    fitting.fit(type_, content).map(drop)
}

fn diagnostic(candidate: &Candidate<'_>, misfit: Misfit) -> Diagnostic {
    let span = match &candidate.origin {
        Origin::Row { post, .. } => post.record.place(places::column(candidate)),
        Origin::Made(..) => candidate.span,
    };
    let code = (Severity::Error, misfit.code);
    Diagnostic::at(candidate.path, span, code, (misfit.message, misfit.help))
}
