use serde_json::{Value, json};

use super::*;
use crate::{
    api::{AssetSpec, Campaign, ChannelConfig, Receipt},
    domain::digest,
};

const NOW: &str = "2026-02-16T06:00:00Z";

/// An approved post, due an hour later, with everything in place; `change` edits the objects first.
fn scene(change: impl FnOnce(&mut Value)) -> Vec<Answer> {
    let mut objects = json!({
        "asset": {
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Asset",
            "metadata": {"name": "launch-linkedin-company-en-aaaa", "namespace": "team", "generation": 1},
            "spec": {
                "campaign": "week1", "postId": "launch", "target": {"platform": "linkedin", "account": "company"},
                "locale": "en", "type": "Post", "intent": "Approved",
                "schedule": {"date": "2026-02-16", "time": "09:00", "timeZone": "Asia/Jerusalem"},
                "content": {"text": "We are live."},
            },
            "status": {"observedGeneration": 1, "phase": "Scheduled", "reason": "WaitingForTime", "source": {
                "revision": "c0ffee1234567890", "repository": "git.example.com/team/gtm#main",
                "path": "docs/week-1.csv", "line": 7, "author": "Dana",
            }},
        },
        "campaign": {
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Campaign",
            "metadata": {"name": "week1", "namespace": "team", "generation": 1},
            "spec": {
                "source": {"git": {"url": "https://git.example.com/team/gtm.git", "branch": "main"}},
                "timeZone": "Asia/Jerusalem",
            },
            "status": {"conditions": [condition("SourceParsed", "True", "Parsed", "")], "lastFetchedAt": NOW},
        },
        "channel": {
            "apiVersion": "campanile.dev/v1alpha1", "kind": "ChannelConfig",
            "metadata": {"name": "linkedin-company", "namespace": "team", "generation": 1},
            "spec": {
                "platform": "linkedin", "account": "company",
                "webhook": {"url": "https://hooks.example.com/", "idempotency": {"window": "24h"}},
            },
            "status": {
                "observedGeneration": 1, "class": "IdempotencyKey", "conditions": [condition("Ready", "True", "Ready", "")],
            },
        },
        "receipts": [],
    });
    let spec: AssetSpec = serde_json::from_value(objects["asset"]["spec"].clone()).unwrap();
    objects["asset"]["status"]["made"] = json!({"specDigest": digest::of_spec(&spec)});
    objects["asset"]["status"]["approval"] =
        json!({"digests": [digest::of_content(&spec)], "by": "Dana", "revision": "c0ffee1234567890"});
    change(&mut objects);
    let asset: Asset = serde_json::from_value(objects["asset"].clone()).unwrap();
    let campaign: Option<Campaign> = serde_json::from_value(objects["campaign"].clone()).unwrap();
    let channel: Option<ChannelConfig> = serde_json::from_value(objects["channel"].clone()).unwrap();
    let receipts: Vec<Receipt> = serde_json::from_value(objects["receipts"].clone()).unwrap();
    let recorded = Recorded::of_objects(
        "team",
        campaign.into_iter().collect(),
        channel.into_iter().collect(),
    )
    .with_receipts(receipts)
    .with_assets(vec![asset]);
    answers(&recorded, "team", NOW.parse().unwrap())
}

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": type_, "status": status, "reason": reason, "message": message, "observedGeneration": 1,
        "lastTransitionTime": "2026-02-15T10:00:00Z",
    })
}

/// The text without colours.
fn text(answers: &[Answer]) -> String {
    let text = printed(answers, Output::Text, true).unwrap();
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn what_waits_for_its_time_shows_every_gate_on_one_screen() {
    let text = text(&scene(|_| {}));
    assert!(text.lines().count() <= 24, "{text}");
    insta::assert_snapshot!(text, @"
    launch  linkedin/company  en  post
    Scheduled WaitingForTime
      It goes out at 2026-02-16T07:00:00Z.
      asset/launch-linkedin-company-en-aaaa in team, campaign/week1

      open    Source    docs/week-1.csv:7 at c0ffee12, last changed by Dana
      open    Target    ChannelConfig linkedin-company (Production, class B)
      open    Guards    nobody judges its words: the Campaign names no policies
      open    Approval  its status is approved; its words are sha256:83432708
                        the branch approved sha256:83432708 in c0ffee12 by Dana
      open    Switches  Campaign: suspend false, publishEnabled true
                        ChannelConfig linkedin-company: publishEnabled true
      open    Limits
      waits   Time      WaitingForTime
                        due 2026-02-16 09:00 Asia/Jerusalem
                        missed: PublishWithin, it may be 2h late
                        opens: by itself at 2026-02-16 09:00 Asia/Jerusalem
      open    Claim     nobody has claimed the slot

    Next look: 2026-02-16 09:00 Asia/Jerusalem (2026-02-16T07:00:00Z), or when something of this changes.
    ");
}

#[test]
fn a_row_that_is_wrong_is_shown_at_its_line_and_column() {
    let text = text(&scene(|objects| {
        objects["asset"]["spec"]["findings"] = json!([{
            "code": "UtmMissing", "severity": "Error", "message": "The link lacks utm_medium. Add it.",
            "path": "docs/week-1.csv", "line": 7, "column": 61,
        }]);
        let spec: AssetSpec = serde_json::from_value(objects["asset"]["spec"].clone()).unwrap();
        objects["asset"]["status"]["made"] = json!({"specDigest": digest::of_spec(&spec)});
        objects["asset"]["status"]["phase"] = "Invalid".into();
        objects["asset"]["status"]["reason"] = "UtmMissing".into();
    }));
    insta::assert_snapshot!(text, @"
    launch  linkedin/company  en  post
    Invalid UtmMissing
      The link lacks utm_medium. Add it.
      asset/launch-linkedin-company-en-aaaa in team, campaign/week1

      closed  Source    UtmMissing
                        docs/week-1.csv:7 at c0ffee12, last changed by Dana
                        opens: a commit that changes docs/week-1.csv:7:61
      open    Target    ChannelConfig linkedin-company (Production, class B)
      open    Guards    nobody judges its words: the Campaign names no policies
      open    Approval  its status is approved; its words are sha256:83432708
                        the branch approved sha256:83432708 in c0ffee12 by Dana
      open    Switches  Campaign: suspend false, publishEnabled true
                        ChannelConfig linkedin-company: publishEnabled true
      open    Limits
      waits   Time      WaitingForTime: It goes out at 2026-02-16T07:00:00Z.
                        due 2026-02-16 09:00 Asia/Jerusalem
                        missed: PublishWithin, it may be 2h late
                        opens: by itself at 2026-02-16 09:00 Asia/Jerusalem
      open    Claim     nobody has claimed the slot

    Next look: when something of this changes.
    ");
}

#[test]
fn what_a_channel_lacks_is_said_as_the_operator_says_it() {
    let text = text(&scene(|objects| {
        objects["channel"]["status"]["conditions"] = json!([condition(
            "Ready",
            "False",
            "MissingConfig",
            "missing Secret linkedin-hook key signingSecret.",
        )]);
        objects["asset"]["status"]["phase"] = "Blocked".into();
        objects["asset"]["status"]["reason"] = "MissingConfig".into();
    }));
    insta::assert_snapshot!(text, @"
    launch  linkedin/company  en  post
    Blocked MissingConfig
      ChannelConfig linkedin-company needs what is not there: Secret linkedin-hook key signingSecret.
      asset/launch-linkedin-company-en-aaaa in team, campaign/week1

      open    Source    docs/week-1.csv:7 at c0ffee12, last changed by Dana
      closed  Target    MissingConfig
                        ChannelConfig linkedin-company (Production)
                        opens: whoever keeps ChannelConfig linkedin-company
      open    Guards    nobody judges its words: the Campaign names no policies
      open    Approval  its status is approved; its words are sha256:83432708
                        the branch approved sha256:83432708 in c0ffee12 by Dana
      open    Switches  Campaign: suspend false, publishEnabled true
                        ChannelConfig linkedin-company: publishEnabled true
      open    Limits
      waits   Time      WaitingForTime: It goes out at 2026-02-16T07:00:00Z.
                        due 2026-02-16 09:00 Asia/Jerusalem
                        missed: PublishWithin, it may be 2h late
                        opens: by itself at 2026-02-16 09:00 Asia/Jerusalem
      open    Claim     nobody has claimed the slot

    Next look: when something of this changes.
    ");
}

#[test]
fn what_only_the_operator_knows_is_taken_from_what_it_wrote() {
    let text = text(&scene(|objects| {
        let status = &mut objects["asset"]["status"];
        status["phase"] = "Blocked".into();
        status["reason"] = "ClockSkew".into();
        status["message"] = "The clocks of the operator and of the API server disagree by minutes.".into();
    }));
    assert!(
        text.starts_with("launch  linkedin/company  en  post\nBlocked ClockSkew\n"),
        "{text}"
    );
    assert!(!text.contains("last said"), "{text}");
}

#[test]
fn an_operator_that_has_not_looked_since_is_named() {
    let text = text(&scene(|objects| {
        objects["campaign"]["spec"]["publishEnabled"] = false.into();
    }));
    insta::assert_snapshot!(text.lines().skip_while(|line| !line.starts_with("Next")).collect::<Vec<_>>().join("\n"), @"
    Next look: when something of this changes.
    The operator last said Scheduled WaitingForTime. Either it has not looked since something changed,
    or it knows what only it can know:
    ");
}

#[test]
fn words_from_a_branch_are_escaped_and_keep_their_direction() {
    let text = text(&scene(|objects| {
        objects["asset"]["status"]["source"]["author"] = "\u{1b}]0;x\u{7}דנה".into();
    }));
    let line = text.lines().find(|line| line.contains("last changed")).unwrap();
    assert!(
        line.contains("\u{2068}") && line.ends_with("\u{fffd}]0;x\u{fffd}דנה\u{2069}"),
        "{line:?}"
    );
}

#[test]
fn json_has_the_same_words_and_no_marks_of_direction() {
    let answers = scene(|objects| objects["asset"]["status"]["source"]["author"] = "דנה".into());
    let json: Value = serde_json::from_str(&printed(&answers, Output::Json, true).unwrap()).unwrap();
    assert_eq!(json["phase"], "Scheduled");
    assert_eq!(json["operator"]["agrees"], true);
    assert_eq!(json["gates"].as_array().unwrap().len(), 8);
    assert_eq!(
        json["gates"][0]["evidence"][0],
        "docs/week-1.csv:7 at c0ffee12, last changed by דנה"
    );
    let several: Value = serde_json::from_str(&printed(&answers, Output::Json, false).unwrap()).unwrap();
    assert_eq!(several["items"][0], json);
}

#[test]
fn an_asset_is_named_as_kubectl_names_it() {
    let told = |what: &[&str]| {
        let what: Vec<String> = what.iter().map(|word| (*word).to_owned()).collect();
        asked(&what).map(named).map_err(|error| error.to_string())
    };
    for name in ["a", "asset/a", "assets/a", "ast/a", "assets.campanile.dev/a"] {
        assert_eq!(told(&[name]).unwrap(), "Asset a");
    }
    assert_eq!(
        told(&["week1", "launch"]).unwrap(),
        "Asset of Campaign week1 for the post launch"
    );
    assert_eq!(
        told(&["campaign/week1", "launch"]).unwrap(),
        "Asset of Campaign week1 for the post launch"
    );
    for other in ["receipt/a", "", "asset/"] {
        assert!(told(&[other]).unwrap_err().contains("is no Asset"), "{other:?}");
    }
}
