//! Which assets a decision is about.

use kube::ResourceExt as _;

use crate::{
    api::{Asset, AssetPhase, AssetType, Decision, Intent},
    domain::slot::{compared, compared_platform},
};

/// What was asked for. Without names, a post or a channel it is whatever waits.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) names: Vec<String>,
    pub(super) post: Option<String>,
    /// Platform and account.
    pub(super) channel: Option<(String, String)>,
    pub(super) campaign: Option<String>,
    pub(super) decision: Decision,
}

/// The assets that are decided about, and how many a bulk decision left out.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) assets: Vec<Asset>,
    drafts: usize,
    emails: usize,
}

impl Chosen {
    /// Says what was left out, and how it is decided about; empty where nothing was.
    pub(super) fn left_out_sentence(&self) -> String {
        let count = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let parts: Vec<String> = [count(self.drafts, "drafts"), count(self.emails, "e-mails")]
            .into_iter()
            .flatten()
            .collect();
        if parts.is_empty() {
            return String::new();
        }
        format!(
            "; left out: {}, which are approved by name or with --post",
            parts.join(" and ")
        )
    }
}

/// Chooses among the Assets of a namespace.
///
/// # Errors
/// The name of an Asset that is not there.
pub(super) fn choose(assets: Vec<Asset>, selection: &Selection) -> Result<Chosen, String> {
    if !selection.names.is_empty() {
        return named(&assets, selection);
    }
    let in_question = assets.into_iter().filter(|asset| is_asked_for(asset, selection));
    if selection.post.is_some() {
        // Who names a row has read it: drafts and e-mails go with it.
        return Ok(Chosen {
            assets: in_question.collect(),
            ..Chosen::default()
        });
    }
    let mut chosen = Chosen::default();
    for asset in in_question.filter(waits) {
        if asset.spec.intent == Intent::Draft {
            chosen.drafts += 1;
        } else if matches!(asset.spec.type_, AssetType::Email | AssetType::Template) {
            chosen.emails += 1;
        } else {
            chosen.assets.push(asset);
        }
    }
    Ok(chosen)
}

fn named(assets: &[Asset], selection: &Selection) -> Result<Chosen, String> {
    let mut chosen = Chosen::default();
    for name in &selection.names {
        let bare = name.rsplit('/').next().unwrap_or(name);
        let found = assets.iter().find(|asset| asset.name_any() == bare);
        chosen.assets.push(found.ok_or_else(|| bare.to_owned())?.clone());
    }
    Ok(chosen)
}

fn is_asked_for(asset: &Asset, selection: &Selection) -> bool {
    let spec = &asset.spec;
    let of_post = selection
        .post
        .as_ref()
        .is_none_or(|post| compared(post) == compared(&spec.post_id));
    let of_channel = selection.channel.as_ref().is_none_or(|(platform, account)| {
        compared_platform(platform) == compared_platform(&spec.target.platform)
            && compared(account) == compared(&spec.target.account)
    });
    let of_campaign = selection
        .campaign
        .as_ref()
        .is_none_or(|campaign| *campaign == spec.campaign);
    of_post && of_channel && of_campaign && may_be_decided(asset, selection.decision)
}

/// What is out, or on its way, is not decided about any more; what waits for its time can still be denied.
fn may_be_decided(asset: &Asset, decision: Decision) -> bool {
    let phase = asset.status.as_ref().and_then(|status| status.phase);
    match phase {
        Some(AssetPhase::Posted | AssetPhase::Publishing | AssetPhase::Retracted | AssetPhase::Skipped) => {
            false
        }
        Some(AssetPhase::Invalid | AssetPhase::Missed) => decision == Decision::Deny,
        _ => true,
    }
}

fn waits(asset: &Asset) -> bool {
    let phase = asset.status.as_ref().and_then(|status| status.phase);
    phase == Some(AssetPhase::AwaitingApproval)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asset(post: &str, phase: &str, more: &serde_json::Value) -> Asset {
        let mut asset = json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Asset",
            "metadata": {"name": format!("{post}-linkedin")},
            "spec": {
                "campaign": "week1", "postId": post, "target": {"platform": "LinkedIn", "account": "Company"},
                "locale": "en", "type": "Post", "intent": "Pending",
                "schedule": {"date": "2026-03-02", "time": "09:00", "timeZone": "UTC"}, "content": {"text": "Words."},
            },
            "status": {"phase": phase},
        });
        let spec = asset["spec"].as_object_mut().unwrap();
        spec.extend(more.as_object().cloned().unwrap_or_default());
        serde_json::from_value(asset).unwrap()
    }

    fn assets() -> Vec<Asset> {
        vec![
            asset("ready", "AwaitingApproval", &json!({})),
            asset("draft", "AwaitingApproval", &json!({"intent": "Draft"})),
            asset("mail", "AwaitingApproval", &json!({"type": "Email"})),
            asset("template", "AwaitingApproval", &json!({"type": "Template"})),
            asset("posted", "Posted", &json!({})),
            asset("scheduled", "Scheduled", &json!({})),
            asset("elsewhere", "AwaitingApproval", &json!({"campaign": "week2"})),
            asset(
                "tweet",
                "AwaitingApproval",
                &json!({"target": {"platform": "x", "account": "company"}}),
            ),
        ]
    }

    fn all() -> Selection {
        Selection {
            names: Vec::new(),
            post: None,
            channel: None,
            campaign: None,
            decision: Decision::Approve,
        }
    }

    fn posts(selection: &Selection) -> Vec<String> {
        let chosen = choose(assets(), selection).unwrap();
        chosen
            .assets
            .into_iter()
            .map(|asset| asset.spec.post_id)
            .collect()
    }

    #[test]
    fn whatever_waits_is_chosen_without_drafts_and_e_mail_and_that_is_said() {
        assert_eq!(posts(&all()), ["ready", "elsewhere", "tweet"]);
        let chosen = choose(assets(), &all()).unwrap();
        assert_eq!(
            chosen.left_out_sentence(),
            "; left out: 1 drafts and 2 e-mails, which are approved by name or with --post"
        );
        assert_eq!(Chosen::default().left_out_sentence(), "");
    }

    #[test]
    fn a_channel_is_known_by_its_aliases_and_a_campaign_by_its_name() {
        let channel = |platform: &str| Selection {
            channel: Some((platform.to_owned(), "COMPANY".to_owned())),
            ..all()
        };
        assert_eq!(posts(&channel("twitter")), ["tweet"]);
        let of_week_one = Selection {
            campaign: Some("week1".to_owned()),
            ..channel("linkedin")
        };
        assert_eq!(posts(&of_week_one), ["ready"]);
    }

    #[test]
    fn who_names_a_row_or_an_asset_takes_drafts_and_e_mail_with_it() {
        for post in ["draft", "mail", "scheduled"] {
            let selection = Selection {
                post: Some(post.to_uppercase()),
                ..all()
            };
            assert_eq!(posts(&selection), [post]);
        }
        let named = Selection {
            names: vec!["asset/draft-linkedin".to_owned(), "mail-linkedin".to_owned()],
            ..all()
        };
        assert_eq!(posts(&named), ["draft", "mail"]);
        let unknown = Selection {
            names: vec!["nobody".to_owned()],
            ..all()
        };
        assert_eq!(choose(assets(), &unknown).unwrap_err(), "nobody");
    }

    #[test]
    fn what_is_out_is_not_decided_about_any_more() {
        let posted = Selection {
            post: Some("posted".to_owned()),
            ..all()
        };
        assert!(posts(&posted).is_empty());
    }
}
