//! What people and policies said of words, and which Halts stood, by what the API server took: which sends that forbids.
//!
//! Nothing here asks the product: what is known are the objects that were made and deleted, and the words of Assets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A word that the pack refuses.
pub(crate) const BANNED: &str = "guaranteed";
/// A word that the pack refuses, and that stops the campaign on the channel.
pub(crate) const ALARMING: &str = "scandal";
/// A word that the pack wants a person for, whatever the branch says.
pub(crate) const SENSITIVE: &str = "layoffs";
/// A word that the pack refuses while it is recalled.
pub(crate) const RECALLED: &str = "recalled";

/// Words that were handed to a platform.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) post: &'a str,
    pub(crate) account: &'a str,
    pub(crate) text: &'a str,
}

/// When the last look had begun to read each kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastLook {
    pub(crate) halts: u64,
    pub(crate) approvals: u64,
    pub(crate) packs: u64,
}

/// What one person decided about the words of one asset.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) name: String,
    pub(crate) post: String,
    pub(crate) account: String,
    pub(crate) text: String,
    pub(crate) denies: bool,
}

#[derive(Debug)]
struct Standing {
    decision: Decision,
    /// When its maker knew that it stands.
    since: u64,
    /// When whoever deleted it began to, and knew that it is gone.
    gone: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Halted {
    selector: Value,
    since: u64,
}

/// Post and account.
type Place = (String, String);

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Permission {
    /// Whether people and policies watch over this run.
    watched: bool,
    /// Whether each pushed revision counts as approved.
    per_revision: bool,
    decisions: Vec<Standing>,
    halts: BTreeMap<String, Halted>,
    /// Every Halt that was ever made.
    halts_made: BTreeSet<String>,
    /// Since when a word is refused, as whoever wrote the pack knows.
    refused: BTreeMap<&'static str, u64>,
    /// The intent of each asset, as it was taken last.
    intents: BTreeMap<Place, String>,
    /// The words with which an asset was first seen approved, or turned to that.
    turned: BTreeMap<Place, BTreeSet<String>>,
}

impl Permission {
    pub(crate) fn watch_over(&mut self, per_revision: bool) {
        self.watched = true;
        self.per_revision = per_revision;
    }

    pub(crate) fn decided(&mut self, decision: Decision, since: u64) {
        self.decisions.push(Standing {
            decision,
            since,
            gone: None,
        });
    }

    /// Names of what somebody decided about a post that stands: denials, or approvals.
    pub(crate) fn standing(&self, post: &str, denies: bool) -> Vec<String> {
        let standing = self.decisions.iter().filter(|standing| standing.gone.is_none());
        let about = standing.map(|standing| &standing.decision);
        let about = about.filter(|decision| decision.post == post && decision.denies == denies);
        about
            .map(|decision| decision.name.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    pub(crate) fn taken_back(&mut self, name: &str, began: u64, known: u64) {
        for standing in &mut self.decisions {
            if standing.decision.name == name {
                standing.gone = Some((began, known));
            }
        }
    }

    pub(crate) fn halted(&mut self, halt: &Value, since: u64) {
        let name = halt.pointer("/metadata/name").and_then(Value::as_str);
        let name = name.unwrap_or_default().to_owned();
        let selector = halt.pointer("/spec/selector").cloned().unwrap_or_default();
        self.halts_made.insert(name.clone());
        self.halts.entry(name).or_insert(Halted { selector, since });
    }

    pub(crate) fn lifted(&mut self, name: &str) {
        self.halts.remove(name);
    }

    pub(crate) fn halts_made(&self) -> BTreeSet<String> {
        self.halts_made.clone()
    }

    pub(crate) fn is_halted(&self, account: &str) -> bool {
        self.halts.values().any(|halt| matches(&halt.selector, account))
    }

    /// A word is refused from now on, or no longer.
    pub(crate) fn refuses(&mut self, word: &'static str, since: Option<u64>) {
        match since {
            Some(since) => self.refused.insert(word, since),
            None => self.refused.remove(word),
        };
    }

    /// Whether a pack or a person keeps these words from ever being sent, as things stand.
    pub(crate) fn stops(&self, sent: Sent<'_>) -> bool {
        self.refused.keys().any(|word| sent.text.contains(word))
            || self.decisions.iter().any(|standing| {
                standing.decision.denies && standing.gone.is_none() && standing.decision.is_about(sent)
            })
    }

    /// The API server took a version of an asset.
    pub(crate) fn took(&mut self, asset: &Value) {
        let text = |pointer: &str| {
            let found = asset.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        let place = (text("/spec/postId"), text("/spec/target/account"));
        let intent = text("/spec/intent");
        let before = self.intents.insert(place.clone(), intent.clone());
        if intent == "Approved" && before.as_ref() != Some(&intent) {
            let turned = self.turned.entry(place).or_default();
            turned.insert(text("/spec/content/text"));
        }
    }

    /// Whether a person had approved exactly these words by an Approval that was not known to be gone when the look began.
    pub(crate) fn a_person_approves(&self, sent: Sent<'_>, look: LastLook) -> bool {
        self.decisions.iter().any(|standing| {
            let gone = standing.gone.is_some_and(|(_, known)| known < look.approvals);
            !standing.decision.denies && !gone && standing.decision.is_about(sent)
        })
    }

    /// Whether the branch may have approved these words: by the first sight of `approved`, or by turning to it.
    fn the_branch_approves(&self, sent: Sent<'_>, turned_on_the_branch: bool) -> bool {
        let place = (sent.post.to_owned(), sent.account.to_owned());
        let turned = self.turned.get(&place);
        self.per_revision || turned_on_the_branch || turned.is_some_and(|texts| texts.contains(sent.text))
    }

    /// Everything that forbids a send whose last look began then.
    pub(crate) fn forbids(&self, sent: Sent<'_>, look: LastLook, turned_on_the_branch: bool) -> Vec<String> {
        let mut wrongs = Vec::new();
        for (name, halt) in &self.halts {
            if halt.since < look.halts && matches(&halt.selector, sent.account) {
                wrongs.push(format!("although Halt {name} stood before the last look began"));
            }
        }
        if !self.watched {
            return wrongs;
        }
        let denial = self.decisions.iter().find(|standing| {
            let stands = standing.since < look.approvals && standing.gone.is_none();
            standing.decision.denies && stands && standing.decision.is_about(sent)
        });
        if let Some(Standing { decision, .. }) = denial {
            wrongs.push(format!(
                "although {} denied it before the last look began",
                decision.name
            ));
        }
        for (word, since) in &self.refused {
            if sent.text.contains(word) && *since < look.packs {
                wrongs.push(format!("although the pack refuses {word}"));
            }
        }
        if !self.a_person_approves(sent, look) {
            if sent.text.contains(SENSITIVE) {
                wrongs.push(format!(
                    "although nobody approved {SENSITIVE}: the pack wants a person"
                ));
            }
            if !self.the_branch_approves(sent, turned_on_the_branch) {
                wrongs.push(format!("with words that no approval covers: {:?}", sent.text));
            }
        }
        wrongs
    }
}

impl Decision {
    fn is_about(&self, sent: Sent<'_>) -> bool {
        self.post == sent.post && self.account == sent.account && self.text == sent.text
    }
}

/// Whether a Halt's selector matches an account of the one campaign; a channel has the name of its account.
fn matches(selector: &Value, account: &str) -> bool {
    let names = |field: &str, wanted: &str| {
        let given = selector.get(field).and_then(Value::as_array);
        given.is_none_or(|given| given.is_empty() || given.iter().any(|name| name == wanted))
    };
    names("accounts", account) && names("channels", account) && names("campaigns", "week1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SENT: Sent<'static> = Sent {
        post: "post-0",
        account: "plain",
        text: "Words.",
    };

    fn look(at: u64) -> LastLook {
        LastLook {
            halts: at,
            approvals: at,
            packs: at,
        }
    }

    fn decision(denies: bool) -> Decision {
        Decision {
            name: "review-1".to_owned(),
            post: "post-0".to_owned(),
            account: "plain".to_owned(),
            text: "Words.".to_owned(),
            denies,
        }
    }

    fn watched() -> Permission {
        let mut permission = Permission::default();
        permission.watch_over(false);
        permission
    }

    #[test]
    fn a_halt_forbids_what_was_looked_at_after_it_and_nothing_else() {
        let mut permission = Permission::default();
        permission.halted(
            &json!({"metadata": {"name": "stop"}, "spec": {"selector": {"accounts": ["plain"]}}}),
            5,
        );
        assert_eq!(permission.forbids(SENT, look(6), true).len(), 1);
        assert_eq!(permission.forbids(SENT, look(4), true), Vec::<String>::new());
        let other = Sent {
            account: "keyed",
            ..SENT
        };
        assert_eq!(permission.forbids(other, look(6), true), Vec::<String>::new());
        permission.lifted("stop");
        assert_eq!(permission.forbids(SENT, look(6), true), Vec::<String>::new());
    }

    #[test]
    fn words_need_an_approval_that_was_not_known_to_be_gone() {
        let mut permission = watched();
        assert_eq!(permission.forbids(SENT, look(6), false).len(), 1);
        permission.decided(decision(false), 3);
        assert_eq!(permission.forbids(SENT, look(6), false), Vec::<String>::new());
        permission.taken_back("review-1", 7, 9);
        assert_eq!(permission.forbids(SENT, look(8), false), Vec::<String>::new());
        assert_eq!(permission.forbids(SENT, look(10), false).len(), 1);
    }

    #[test]
    fn a_denial_and_a_refused_word_forbid_what_the_branch_approves() {
        let mut permission = watched();
        permission.decided(decision(true), 3);
        permission.refuses("Words", Some(4));
        assert_eq!(permission.forbids(SENT, look(6), true).len(), 2);
        assert_eq!(permission.forbids(SENT, look(2), true), Vec::<String>::new());
        permission.taken_back("review-1", 7, 9);
        permission.refuses("Words", None);
        assert_eq!(permission.forbids(SENT, look(10), true), Vec::<String>::new());
    }

    #[test]
    fn words_that_changed_under_the_status_approved_are_covered_by_nothing() {
        let mut permission = watched();
        let mut take = |intent: &str, text: &str| {
            permission.took(&json!({"spec": {
                "postId": "post-0", "target": {"account": "plain"}, "intent": intent, "content": {"text": text},
            }}));
            permission.forbids(SENT, look(1), false).len()
        };
        assert_eq!(take("Approved", "Other words."), 1);
        assert_eq!(take("Approved", "Words."), 1);
        assert_eq!(take("Pending", "Words."), 1);
        assert_eq!(take("Approved", "Words."), 0);
    }
}
