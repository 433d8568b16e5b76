//! Publications that meet: in one slot, or on one account at one instant.

use jiff::Timestamp;

use super::{Wanted, candidate::Candidate};
use crate::{
    api::{Intent, Severity},
    domain::content::{
        diagnostic::Diagnostic,
        text::{Span, Text, quoted},
    },
};

/// More places than this are counted instead of named.
const NAMED: usize = 5;
/// More warnings than a person reads.
const MAX_WARNINGS: usize = 1_000;

/// Finds what meets, says so, and leaves one candidate for each slot.
pub(super) fn report(texts: &[Text<'_>], candidates: &mut Vec<Candidate<'_>>, wanted: &mut Wanted) {
    one_slot_each(texts, candidates, wanted);
    one_instant_each(texts, candidates, wanted);
}

fn one_slot_each(texts: &[Text<'_>], candidates: &mut Vec<Candidate<'_>>, wanted: &mut Wanted) {
    // Stable: of two in one slot the first of the file stays first.
    candidates.sort_by(|one, other| one.slot.cmp(&other.slot));
    let groups = candidates.chunk_by(|one, other| one.slot == other.slot);
    let repeated: Vec<(usize, Diagnostic)> = groups
        .scan(0, |start, group| {
            let first = *start;
            *start += group.len();
            Some((first, group))
        })
        .filter(|(_, group)| group.len() > 1)
        .map(|(first, group)| (first, duplicate(texts, group)))
        .collect();
    let mut said = 0;
    for (first, diagnostic) in repeated {
        if let Some(candidate) = candidates.get_mut(first) {
            candidate.find(diagnostic.finding());
        }
        // The accounts of one row repeat what was said of the first.
        if said < MAX_WARNINGS && wanted.diagnostics.last() != Some(&diagnostic) {
            wanted.diagnostics.push(diagnostic);
            said += 1;
        }
    }
    candidates.dedup_by(|later, first| later.slot == first.slot);
}

fn duplicate(texts: &[Text<'_>], group: &[Candidate<'_>]) -> Diagnostic {
    let places: Vec<String> = group.iter().map(place).collect();
    let post = group
        .first()
        .map_or("", |candidate| &candidate.slot.fields().post_id);
    let message = format!(
        "The post {} stands more than once for one target: {}.",
        quoted(post),
        listed(&places)
    );
    let help = "A slot is published once. Use a Campaign for each week, give the post another post_id, or declare \
                a repeat in the column occurrence.";
    // Shown at the second: the first was there before.
    let shown = group.get(1).or(group.first());
    diagnostic(texts, shown, (Severity::Error, "DuplicateSlot"), (message, help))
}

fn one_instant_each(texts: &[Text<'_>], candidates: &mut [Candidate<'_>], wanted: &mut Wanted) {
    let mut posts: Vec<(Meeting, usize)> = candidates
        .iter()
        .enumerate()
        .filter_map(|(index, candidate)| Some((meeting(candidate)?, index)))
        .collect();
    posts.sort();
    let mut warnings: Vec<(usize, Diagnostic)> = Vec::new();
    for group in posts.chunk_by(|(one, _), (other, _)| one == other) {
        let members: Vec<&Candidate<'_>> = group
            .iter()
            .filter_map(|(_, index)| candidates.get(*index))
            .collect();
        if members.len() < 2 || are_one_issue(&members) {
            continue;
        }
        for ((_, index), member) in group.iter().zip(&members) {
            if warnings.len() < MAX_WARNINGS {
                warnings.push((*index, same_instant(texts, member, &members)));
            }
        }
    }
    for (index, warning) in warnings {
        if let Some(candidate) = candidates.get_mut(index) {
            candidate.find(warning.finding());
        }
        wanted.diagnostics.push(warning);
    }
}

/// The versions of an issue are meant to go out together.
fn are_one_issue(members: &[&Candidate<'_>]) -> bool {
    let id = |member: &Candidate<'_>| member.slot.fields().post_id.clone();
    let first = members.first().map(|first| id(first));
    let same = |member: &&Candidate<'_>| member.is_broadcast() && Some(id(member)) == first;
    members.iter().all(same)
}

/// Environment, platform, account and instant: where two posts meet.
type Meeting = (crate::api::Environment, String, String, Timestamp);

/// Where a post would meet another one; pages, templates, replies, and what never goes, meet none.
fn meeting(candidate: &Candidate<'_>) -> Option<Meeting> {
    if candidate.is_state()
        || !candidate.is_main()
        || candidate.is_stopped()
        || matches!(candidate.intent, Intent::Skip | Intent::Posted)
    {
        return None;
    }
    let fields = candidate.slot.fields();
    let target = (fields.platform.clone(), fields.account.clone());
    Some((fields.environment, target.0, target.1, candidate.instant?))
}

fn same_instant(texts: &[Text<'_>], member: &Candidate<'_>, group: &[&Candidate<'_>]) -> Diagnostic {
    let others: Vec<String> = group
        .iter()
        .filter(|other| other.slot != member.slot)
        .take(NAMED + 1)
        // Without their lines: those move with every row above, and this stands in the Asset.
        .map(|other| quoted(&other.slot.fields().post_id))
        .collect();
    let fields = member.slot.fields();
    let message = format!(
        "The post {} goes to {} on {} at the same instant as {}.",
        quoted(&fields.post_id),
        fields.account,
        fields.platform,
        listed(&others)
    );
    let help = "Give one of them a publish_time of its own, if that is not meant.";
    diagnostic(
        texts,
        Some(member),
        (Severity::Warning, "SameInstantOnAccount"),
        (message, help),
    )
}

fn place(candidate: &Candidate<'_>) -> String {
    format!("{} line {}", candidate.path, candidate.span.position.line)
}

fn listed(places: &[String]) -> String {
    let named = places.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if places.len() > NAMED {
        format!("{named} and more")
    } else {
        named
    }
}

fn diagnostic(
    texts: &[Text<'_>],
    candidate: Option<&Candidate<'_>>,
    code: (Severity, &'static str),
    said: (String, &str),
) -> Diagnostic {
    let (path, span) = candidate.map_or(("", Span::default()), |candidate| {
        (candidate.path, candidate.span)
    });
    let text = texts.iter().find(|text| text.path() == path);
    let excerpt = text.map_or_else(String::new, |text| {
        text.error(span, code.1, String::new(), "").excerpt
    });
    Diagnostic {
        excerpt,
        ..Diagnostic::at(path, span, code, said)
    }
}
