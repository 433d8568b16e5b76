//! Posts that go out after another one: that one has to exist, and the chain has to have a beginning.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Wanted,
    candidate::{Candidate, Origin},
};
use crate::{
    api::Intent,
    domain::content::{
        diagnostic::Diagnostic,
        post::Post,
        sheet::Column,
        text::{Text, nearest, quoted},
    },
};

/// More problems than a person reads.
const MAX_PROBLEMS: usize = 1_000;
/// For so many of them the nearest of so many known names is looked for: each look compares them all.
const MAX_HINTS: usize = 20;
const MAX_NAMES: usize = 1_000;

/// Which posts go out after which, by their ids.
type Chains<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Finds rows that name a post which is not there, or which waits for them.
pub(super) fn report(texts: &[Text<'_>], candidates: &mut [Candidate<'_>], wanted: &mut Wanted) {
    let problems = problems(texts, candidates);
    let mut said = 0;
    for (index, diagnostic) in problems {
        if let Some(candidate) = candidates.get_mut(index) {
            candidate.find(diagnostic.finding());
        }
        // The accounts of one row repeat what was said of the first.
        if said < MAX_PROBLEMS && wanted.diagnostics.last() != Some(&diagnostic) {
            wanted.diagnostics.push(diagnostic);
            said += 1;
        }
    }
}

/// Every problem, with the index of the candidate that has it.
fn problems(texts: &[Text<'_>], candidates: &[Candidate<'_>]) -> Vec<(usize, Diagnostic)> {
    let posts: BTreeSet<&str> = candidates.iter().map(post_id).collect();
    let chains = chains(candidates);
    if chains.is_empty() {
        return Vec::new();
    }
    let circles = in_circles(&chains);
    let mut found: Vec<(usize, Diagnostic)> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let Some((post, after)) = following(candidate) else {
            continue;
        };
        let Some(text) = texts.iter().find(|text| text.path() == candidate.path) else {
            continue;
        };
        let own = post_id(candidate);
        if !posts.contains(after) {
            let hints = found.len() < MAX_HINTS;
            found.push((index, unknown(text, post, after, hints.then_some(&posts))));
        } else if circles.contains(own) && circles.contains(after) {
            found.push((index, circle(text, post, own, after)));
        }
    }
    found
}

fn post_id<'c>(candidate: &'c Candidate<'_>) -> &'c str {
    &candidate.slot.fields().post_id
}

/// The row of a candidate that is to go out after another post, and the id of that.
fn following<'c, 'a>(candidate: &'c Candidate<'a>) -> Option<(&'c Post<'a>, &'c str)> {
    let Origin::Row { post, .. } = &candidate.origin else {
        return None;
    };
    let closed = matches!(candidate.intent, Intent::Skip | Intent::Posted);
    let after = post.after.as_deref().filter(|_| !closed)?;
    Some((post, after))
}

fn chains<'c>(candidates: &'c [Candidate<'_>]) -> Chains<'c> {
    let mut chains = Chains::new();
    for candidate in candidates {
        if let Some((_, after)) = following(candidate) {
            chains.entry(post_id(candidate)).or_default().insert(after);
        }
    }
    chains
}

/// The posts that wait for themselves, directly or through others.
fn in_circles<'a>(chains: &Chains<'a>) -> BTreeSet<&'a str> {
    let endless = without_ends(chains);
    let mut turned = Chains::new();
    for (post, after) in chains {
        for after in after.iter().filter(|after| endless.contains(*after)) {
            if endless.contains(post) {
                turned.entry(after).or_default().insert(post);
            }
        }
    }
    // Whoever only waits for a circle is no part of it.
    without_ends(&turned)
}

/// The posts from which a chain never ends.
fn without_ends<'a>(chains: &Chains<'a>) -> BTreeSet<&'a str> {
    let mut left: BTreeMap<&str, usize> = chains.iter().map(|(post, after)| (*post, after.len())).collect();
    let mut waiting: Chains<'a> = Chains::new();
    for (post, after) in chains {
        for after in after {
            waiting.entry(after).or_default().insert(post);
        }
    }
    let mut ended: Vec<&str> = waiting
        .keys()
        .copied()
        .filter(|post| !chains.contains_key(post))
        .collect();
    while let Some(post) = ended.pop() {
        for waits in waiting.get(post).into_iter().flatten() {
            let Some(count) = left.get_mut(waits) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                left.remove(waits);
                ended.push(waits);
            }
        }
    }
    left.into_keys().collect()
}

fn unknown(text: &Text<'_>, post: &Post<'_>, after: &str, known: Option<&BTreeSet<&str>>) -> Diagnostic {
    let names: Vec<&str> = known.into_iter().flatten().copied().take(MAX_NAMES).collect();
    let help = match nearest(after, &names) {
        Some(name) => format!(
            "Did you mean {}? Where it was published before and its row is gone, empty the cell.",
            quoted(name)
        ),
        None => "Write the post_id of a post of this campaign; where it was published before and its row is gone, \
                 empty the cell."
            .to_owned(),
    };
    let message = format!("No post of this campaign has the post_id {}.", quoted(after));
    text.error(
        post.record.place(Column::After),
        "FollowedPostUnknown",
        message,
        &help,
    )
}

fn circle(text: &Text<'_>, post: &Post<'_>, own: &str, after: &str) -> Diagnostic {
    let message = if own == after {
        format!("The post {} is to go out after itself.", quoted(own))
    } else {
        format!(
            "The post {} is to go out after {}, which waits for it: neither would ever go out.",
            quoted(own),
            quoted(after)
        )
    };
    let place = post.record.place(Column::After);
    text.error(
        place,
        "FollowsItself",
        message,
        "Empty the cell, or name another post.",
    )
}
