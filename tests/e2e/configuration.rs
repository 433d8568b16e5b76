//! Channels, their Secrets, and the switches.

use crate::scene::Scene;

const KEY: &str = "only linkedin/company";

async fn with_one_row(prefix: &str, manifests: impl AsyncFnOnce(&Scene) -> String) -> Scene {
    let scene = Scene::start(prefix).await;
    let manifests = manifests(&scene).await;
    scene.apply(&manifests).await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    scene
}

#[tokio::test]
async fn a_missing_secret_blocks_by_its_name_and_goes_on_when_it_is_there() {
    let signed = ", secretKeyRef: {name: linkedin-hook, key: signingSecret}";
    let scene = with_one_row("secret", async |scene: &Scene| {
        scene.webhook("linkedin-company", "linkedin", "company", signed) + &scene.campaign("week1", "")
    })
    .await;
    let asset = scene.until_asset(KEY, "Blocked MissingConfig").await;
    for name in ["linkedin-company", "linkedin-hook", "signingSecret"] {
        assert!(asset.message.contains(name), "{}", asset.message);
    }
    let message = scene
        .until_condition(
            "channelconfig/linkedin-company",
            "CredentialsReady",
            "False MissingConfig",
        )
        .await;
    assert!(
        message.contains("linkedin-hook") && message.contains("signingSecret"),
        "{message}"
    );
    let described = scene.kubectl(&["describe", "asset", &asset.name]).await;
    assert!(
        described.contains("MissingConfig") && described.contains("linkedin-hook"),
        "{described}"
    );
    assert_eq!(scene.events_of(&asset.name).await, ["Warning MissingConfig"]);

    // The Secret without the key is as good as none; with it, the post goes out.
    let secret = scene.secret("linkedin-hook", &["signingSecret"]).await;
    scene.until_asset(KEY, "Posted Published").await;
    assert!(scene.sent()[0].is_signed_by(&secret[0]));

    // It vanishes: what is due then waits, and is not signed with nothing.
    scene.kubectl(&["delete", "secret", "linkedin-hook"]).await;
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "False MissingConfig")
        .await;
    let rows = [scene.row("only", "Once."), scene.row("next", "Another.")];
    scene.push_sheet(&rows, "Next");
    scene
        .until_assets_are(&[
            ("next linkedin/company", "Blocked MissingConfig"),
            (KEY, "Posted Published"),
        ])
        .await;
    let rotated = scene.secret("linkedin-hook", &["signingSecret"]).await;
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    assert!(scene.sent()[1].is_signed_by(&rotated[0]));
    assert_eq!(scene.sent().len(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_missing_git_secret_stalls_the_campaign_by_its_name() {
    let scene = Scene::start("git-secret").await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    let source = format!("    sheets: [{{path: {}}}]\n", crate::scene::SHEET);
    let git = ", secretRef: {name: git-credentials}";
    scene.apply(&scene.campaign_of("week1", git, &source, "")).await;
    let message = scene
        .until_condition("campaign/week1", "SourceFetched", "False MissingConfig")
        .await;
    assert!(message.contains("Secret git-credentials"), "{message}");
    scene.secret("git-credentials", &["bearerToken"]).await;
    scene.until_asset(KEY, "Blocked NoChannel").await;
    scene.end().await;
}

#[tokio::test]
async fn no_channel_and_two_channels_block_and_one_goes_on() {
    let scene = with_one_row("channels", async |scene: &Scene| scene.campaign("week1", "")).await;
    let asset = scene.until_asset(KEY, "Blocked NoChannel").await;
    assert!(
        asset.message.contains("linkedin") && asset.message.contains("company"),
        "{}",
        asset.message
    );
    scene
        .patch("campaign/week1", r#"{"spec": {"publishEnabled": false}}"#)
        .await;
    scene
        .apply(
            &(scene.webhook("one", "linkedin", "company", "")
                + &scene.webhook("two", "LinkedIn", "Company", "")),
        )
        .await;
    let asset = scene.until_asset(KEY, "Blocked AmbiguousChannel").await;
    assert!(asset.message.contains("one, two"), "{}", asset.message);
    for channel in ["channelconfig/one", "channelconfig/two"] {
        scene
            .until_condition(channel, "Ready", "False AmbiguousChannel")
            .await;
    }
    scene
        .patch("campaign/week1", r#"{"spec": {"publishEnabled": true}}"#)
        .await;
    scene
        .until_condition("campaign/week1", "Ready", "True Applied")
        .await;
    scene.until_asset(KEY, "Blocked AmbiguousChannel").await;
    assert!(scene.sent().is_empty());

    scene.kubectl(&["delete", "channelconfig", "two"]).await;
    scene.until_asset(KEY, "Posted Published").await;
    scene
        .until_condition("channelconfig/one", "Ready", "True Ready")
        .await;
    assert_eq!(scene.sent_posts(), ["only one"]);
    scene.end().await;
}

#[tokio::test]
async fn each_switch_holds_and_lets_go() {
    let scene = with_one_row("switches", async |scene: &Scene| {
        scene.webhook("linkedin-company", "linkedin", "company", "")
            + &scene.campaign("week1", "  publishEnabled: false\n")
    })
    .await;
    scene.until_asset(KEY, "Halted CampaignDisabled").await;

    scene
        .patch(
            "channelconfig/linkedin-company",
            r#"{"spec": {"publishEnabled": false}}"#,
        )
        .await;
    scene
        .patch("campaign/week1", r#"{"spec": {"publishEnabled": true}}"#)
        .await;
    let asset = scene.until_asset(KEY, "Halted ChannelDisabled").await;
    assert!(asset.message.contains("linkedin-company"), "{}", asset.message);

    scene
        .patch("campaign/week1", r#"{"spec": {"suspend": true}}"#)
        .await;
    scene
        .patch(
            "channelconfig/linkedin-company",
            r#"{"spec": {"publishEnabled": true}}"#,
        )
        .await;
    scene.until_asset(KEY, "Halted CampaignSuspended").await;
    scene
        .until_condition("campaign/week1", "Ready", "True Suspended")
        .await;
    assert!(scene.sent().is_empty());

    // What is pushed meanwhile is not read, and what is read afterwards counts.
    scene.push_sheet(
        &[
            scene.row("only", "Once.").status("skip"),
            scene.row("next", "Another."),
        ],
        "While it sleeps",
    );
    scene
        .patch("campaign/week1", r#"{"spec": {"suspend": false}}"#)
        .await;
    scene
        .until_assets_are(&[
            ("next linkedin/company", "Posted Published"),
            (KEY, "Skipped Skip"),
        ])
        .await;
    assert_eq!(scene.sent_posts(), ["next linkedin-company"]);
    scene.end().await;
}

#[tokio::test]
async fn what_was_posted_by_hand_takes_its_slot() {
    let scene = Scene::start("by-hand").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let only = scene.row("only", "Once.");
    scene.push_sheet(&[only.clone().status("posted")], "Done by hand");
    scene.apply(&scene.campaign("week1", "")).await;
    let asset = scene.until_asset(KEY, "Posted ByHand").await;
    let receipt = scene.json(&["receipt", &asset.receipt()]).await;
    assert_eq!(receipt["status"]["phase"], "Published");

    let revision = scene.push_sheet(&[only], "Approved after all");
    scene.until_applied("week1", &revision).await;
    scene
        .until("the row is read", async || {
            let asset = scene.asset(KEY).await;
            if asset.json["spec"]["intent"] == "Approved" {
                Ok(())
            } else {
                Err(asset.standing())
            }
        })
        .await;
    scene.until_asset(KEY, "Posted ByHand").await;
    let rows = [scene.row("only", "Once."), scene.row("next", "Another.")];
    scene.push_sheet(&rows, "Next");
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    assert_eq!(scene.sent_posts(), ["next linkedin-company"]);
    scene.end().await;
}
