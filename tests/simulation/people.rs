//! What people and packs do in a run while others publish: approve, deny, change their minds, stop everything.

use campanile::{
    api::{Approval, Asset, Halt, PolicyPack},
    controller::ADMISSION_POLICIES,
};
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, PostParams},
};
use serde_json::{Value, json};

use crate::{
    api_server::ADMINISTRATOR,
    branch::Row,
    permission::{ALARMING, BANNED, Decision, RECALLED, SENSITIVE, Sent},
    platforms::Kind,
    scene::Scene,
    script::Stop,
};

/// The pack of the campaign.
const PACK: &str = "brand";

impl Scene {
    /// Makes the pack, and what makes Approvals believed.
    pub(crate) async fn watch_over_words(&self) {
        let per_revision = self.script.per_revision;
        self.record.permission(|known| known.watch_over(per_revision));
        let mut documents: Vec<Value> =
            serde_saphyr::from_multiple(ADMISSION_POLICIES).expect("the shipped policies");
        let binding = documents.remove(1);
        self.create_anywhere::<ValidatingAdmissionPolicy>(documents.remove(0))
            .await;
        self.create_anywhere::<ValidatingAdmissionPolicyBinding>(binding)
            .await;
        self.create::<PolicyPack>(json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "PolicyPack",
            "metadata": {"name": PACK}, "spec": {"rules": rules(false)},
        }))
        .await;
        let since = self.record.moment();
        self.record.permission(|known| {
            known.refuses(BANNED, Some(since));
            known.refuses(ALARMING, Some(since));
        });
    }

    async fn create_anywhere<K>(&self, object: Value)
    where
        K: kube::Resource<DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        let object: K = serde_json::from_value(object).expect("an object of its kind");
        let api: Api<K> = Api::all(self.client.clone());
        let made = api.create(&PostParams::default(), &object).await;
        made.expect("create an object");
    }

    /// Recalls a word: from now on the pack refuses it, or no longer.
    pub(crate) async fn recall(&self, recalled: bool) {
        if !recalled {
            self.record.permission(|known| known.refuses(RECALLED, None));
        }
        self.patch::<PolicyPack>(PACK, json!({"spec": {"rules": rules(recalled)}}))
            .await;
        if recalled {
            let since = self.record.moment();
            self.record
                .permission(|known| known.refuses(RECALLED, Some(since)));
        }
    }

    /// A person decides about every asset of a row, as it stands.
    pub(crate) async fn decide(&self, row: usize, denies: bool) {
        let post = format!("post-{row}");
        let assets = self.list::<Asset>().await;
        for asset in assets.iter().filter(|asset| asset.spec.post_id == post) {
            let status = asset.status.clone().unwrap_or_default();
            let Some(digest) = status.content_digest else {
                continue;
            };
            let mut target = json!({"asset": asset.name_any(), "contentDigest": digest});
            if let Some(at) = status.publish_at {
                target["publishAt"] = json!(at);
            }
            let approval = json!({
                "apiVersion": "campanile.dev/v1alpha1", "kind": "Approval",
                "metadata": {"generateName": "review-"},
                "spec": {
                    "approver": ADMINISTRATOR, "decision": if denies { "Deny" } else { "Approve" },
                    "comment": "Read on Monday.", "targets": [target],
                },
            });
            let approval: Approval = serde_json::from_value(approval).expect("an Approval");
            let approvals = self.api::<Approval>();
            let made = approvals.create(&PostParams::default(), &approval).await;
            let made = made.expect("decide about an asset");
            let decision = Decision {
                name: made.name_any(),
                post: post.clone(),
                account: asset.spec.target.account.clone(),
                text: asset.spec.content.text.clone(),
                denies,
            };
            let since = self.record.moment();
            self.record.permission(|known| known.decided(decision, since));
        }
    }

    /// Whoever decided about a row takes it back.
    pub(crate) async fn take_back(&self, row: usize, denies: bool) {
        let post = format!("post-{row}");
        let names = self.record.permission(|known| known.standing(&post, denies));
        for name in names {
            let began = self.record.moment();
            // Until the API server has answered nobody knows whether a denial still stands.
            self.record
                .permission(|known| known.taken_back(&name, began, u64::MAX));
            let deleted = self
                .api::<Approval>()
                .delete(&name, &DeleteParams::default())
                .await;
            drop(deleted.expect("take a decision back"));
            let known_at = self.record.moment();
            self.record
                .permission(|known| known.taken_back(&name, began, known_at));
        }
    }

    /// Stops something; whoever stopped it knows once the API server has answered.
    pub(crate) async fn halt(&self, stop: Stop) {
        let selector = match stop.kind {
            Some(kind) => json!({"accounts": [kind.account()]}),
            None => json!({}),
        };
        let resume = if stop.asks {
            json!({"policy": "AskApproval"})
        } else {
            json!({"policy": "PublishWithin", "within": "1000h"})
        };
        let halt = json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Halt", "metadata": {"name": halt_name(stop.kind)},
            "spec": {"selector": selector, "reason": "Something is wrong.", "owner": "simulation", "resume": resume},
        });
        let taken: Halt = serde_json::from_value(halt.clone()).expect("a Halt");
        // It may stand already.
        let made = self.api::<Halt>().create(&PostParams::default(), &taken).await;
        if made.is_ok() {
            let since = self.record.moment();
            self.record.permission(|known| known.halted(&halt, since));
        }
    }

    pub(crate) async fn lift(&self, name: &str) {
        self.record.permission(|known| known.lifted(name));
        drop(self.api::<Halt>().delete(name, &DeleteParams::default()).await);
    }

    /// Lifts every Halt that stands, those of breakers too.
    pub(crate) async fn lift_all(&self) {
        for halt in self.list::<Halt>().await {
            self.lift(&halt.name_any()).await;
        }
    }

    /// Whether a row that stands approved may still stay where it is: people, a pack or a Halt keep it there.
    pub(crate) fn is_stopped(&self, row: &Row, kind: Kind, asset: Option<&Asset>) -> bool {
        let text = asset.map_or(row.text.as_str(), |asset| asset.spec.content.text.as_str());
        let sent = Sent {
            post: &row.post,
            account: kind.account(),
            text,
        };
        self.record
            .permission(|known| known.stops(sent) || known.is_halted(kind.account()))
    }
}

fn rules(recalled: bool) -> Value {
    let rule = |name: &str, action: &str, phrase: &str| {
        json!({
            "name": name, "action": action, "message": "Take it out.",
            "bannedPhrases": {"phrases": [phrase]},
        })
    };
    let mut rules = vec![
        rule("no-hype", "BlockAsset", BANNED),
        rule("alarm", "HaltChannel", ALARMING),
        rule("topics", "RequireApproval", SENSITIVE),
    ];
    if recalled {
        rules.push(rule("recalled", "BlockAsset", RECALLED));
    }
    json!(rules)
}

/// The name of the Halt on one platform, or on everything.
pub(crate) fn halt_name(kind: Option<Kind>) -> String {
    format!("halt-{}", kind.map_or("everything", Kind::account))
}
