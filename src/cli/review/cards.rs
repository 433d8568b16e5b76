//! What is reviewed: one card for each row, with all of its targets, on lists for what is to be done about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::ResourceExt;

use super::before::Before;
use crate::{
    api::{Asset, AssetPhase, AssetType, Intent},
    domain::{schedule, slot::compared},
};

/// The lists, in the order of their tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tab {
    /// What waits for a decision.
    Waiting,
    /// What nobody says is ready.
    Drafts,
    /// What waits and goes to people's inboxes.
    Email,
    /// What failed, is in doubt, was missed, or changed after it went out.
    Trouble,
}

impl Tab {
    pub(super) const ALL: [Self; 4] = [Self::Waiting, Self::Drafts, Self::Email, Self::Trouble];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Drafts => "Drafts",
            Self::Email => "E-mail",
            Self::Trouble => "Trouble",
        }
    }

    /// The tab after it; after the last one the first.
    pub(super) fn next(self) -> Self {
        let after = Self::ALL.into_iter().skip_while(|tab| *tab != self).nth(1);
        after.unwrap_or(Self::Waiting)
    }

    fn of(asset: &Asset) -> Option<Self> {
        let status = asset.status.as_ref()?;
        let is_mail = matches!(asset.spec.type_, AssetType::Email | AssetType::Template);
        match status.phase? {
            AssetPhase::AwaitingApproval if is_mail => Some(Self::Email),
            AssetPhase::AwaitingApproval if asset.spec.intent == Intent::Draft => Some(Self::Drafts),
            AssetPhase::AwaitingApproval => Some(Self::Waiting),
            AssetPhase::Failed | AssetPhase::Unknown | AssetPhase::Missed => Some(Self::Trouble),
            AssetPhase::Posted if status.reason.as_deref() == Some("Drifted") => Some(Self::Trouble),
            _ => None,
        }
    }
}

/// One row with the assets that came from it.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// Its assets on this list, by target; never empty.
    pub(super) assets: Vec<Asset>,
    /// The same post in other locales.
    pub(super) siblings: Vec<Asset>,
    /// What was approved of it before.
    pub(super) before: Before,
}

/// What makes assets one row: instant first, so that cards come in the order in which they are due.
type Key = (Option<Timestamp>, String, String, String, String);

fn key(asset: &Asset) -> Key {
    let spec = &asset.spec;
    (
        schedule::instant(&spec.schedule).ok(),
        spec.campaign.clone(),
        compared(&spec.post_id),
        spec.locale.clone(),
        spec.occurrence.clone(),
    )
}

/// The cards of each list, in the order in which they are due.
pub(super) fn cards(assets: &[Asset], campaign: Option<&str>) -> BTreeMap<Tab, Vec<Card>> {
    let mut rows: BTreeMap<(Tab, Key), Vec<Asset>> = BTreeMap::new();
    let asked_for = |asset: &&Asset| campaign.is_none_or(|campaign| campaign == asset.spec.campaign);
    for asset in assets.iter().filter(asked_for) {
        if let Some(tab) = Tab::of(asset) {
            rows.entry((tab, key(asset))).or_default().push(asset.clone());
        }
    }
    let mut lists: BTreeMap<Tab, Vec<Card>> = BTreeMap::new();
    for ((tab, _), mut of_row) in rows {
        of_row.sort_by_key(|asset| (asset.spec.target.clone(), asset.name_any()));
        let siblings = of_row.first().map(|first| siblings(first, assets));
        lists.entry(tab).or_default().push(Card {
            siblings: siblings.unwrap_or_default(),
            assets: of_row,
            before: Before::Unasked,
        });
    }
    lists
}

fn siblings(of: &Asset, assets: &[Asset]) -> Vec<Asset> {
    let is_sibling = |other: &&Asset| {
        other.spec.campaign == of.spec.campaign
            && compared(&other.spec.post_id) == compared(&of.spec.post_id)
            && other.spec.locale != of.spec.locale
    };
    let mut found: Vec<Asset> = assets.iter().filter(is_sibling).cloned().collect();
    found.sort_by_key(|asset| (asset.spec.locale.clone(), asset.spec.target.clone()));
    found
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// An asset of a post, as it stands in a phase.
    pub(in super::super) fn asset(name: &str, more: &Value, status: &Value) -> Asset {
        let mut asset = json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Asset", "metadata": {"name": name},
            "spec": {
                "campaign": "week1", "postId": "launch", "target": {"platform": "linkedin", "account": "company"},
                "locale": "en", "type": "Post", "intent": "Pending",
                "schedule": {"date": "2026-03-02", "time": "09:00", "timeZone": "UTC"},
                "content": {"text": "We open on Monday."},
            },
            "status": {"phase": "AwaitingApproval", "reason": "ReviewPending", "message": "It waits."},
        });
        for (field, more) in [("spec", more), ("status", status)] {
            let fields = asset[field].as_object_mut().unwrap();
            fields.extend(more.as_object().cloned().unwrap_or_default());
        }
        serde_json::from_value(asset).unwrap()
    }

    fn told(lists: &BTreeMap<Tab, Vec<Card>>) -> Vec<String> {
        let cards = lists
            .iter()
            .flat_map(|(tab, cards)| cards.iter().map(move |card| (tab, card)));
        cards
            .map(|(tab, card)| {
                let names: Vec<String> = card.assets.iter().map(ResourceExt::name_any).collect();
                format!(
                    "{}: {} ({} siblings)",
                    tab.title(),
                    names.join(" "),
                    card.siblings.len()
                )
            })
            .collect()
    }

    #[test]
    fn a_row_is_one_card_with_its_targets_and_lists_follow_what_is_to_be_done() {
        let nothing = json!({});
        let personal = json!({"target": {"platform": "linkedin", "account": "personal"}});
        let later = json!({"postId": "second", "schedule": {"date": "2026-03-03", "time": "09:00", "timeZone": "UTC"}});
        let assets = vec![
            asset("later", &later, &nothing),
            asset("personal", &personal, &nothing),
            asset("company", &nothing, &nothing),
            asset("hebrew", &json!({"locale": "he"}), &nothing),
            asset("draft", &json!({"postId": "draft", "intent": "Draft"}), &nothing),
            asset("mail", &json!({"postId": "mail", "type": "Email"}), &nothing),
            asset(
                "failed",
                &json!({"postId": "failed"}),
                &json!({"phase": "Failed"}),
            ),
            asset(
                "drifted",
                &json!({"postId": "drifted"}),
                &json!({"phase": "Posted", "reason": "Drifted"}),
            ),
            asset(
                "posted",
                &json!({"postId": "posted"}),
                &json!({"phase": "Posted"}),
            ),
            asset("week2", &json!({"campaign": "week2"}), &nothing),
        ];
        assert_eq!(
            told(&cards(&assets, Some("week1"))),
            [
                "Waiting: company personal (1 siblings)",
                "Waiting: hebrew (2 siblings)",
                "Waiting: later (0 siblings)",
                "Drafts: draft (0 siblings)",
                "E-mail: mail (0 siblings)",
                "Trouble: drifted (0 siblings)",
                "Trouble: failed (0 siblings)",
            ]
        );
        assert_eq!(cards(&assets, None).values().map(Vec::len).sum::<usize>(), 8);
    }

    #[test]
    fn tabs_go_round() {
        assert_eq!(Tab::Waiting.next(), Tab::Drafts);
        assert_eq!(Tab::Trouble.next(), Tab::Waiting);
    }
}
