//! Pages and templates: states, which are replaced in place when they change.

use std::fs;
use std::path::Path;

use crate::scene::Scene;

const SOURCE: &str = "    emails: [{path: emails.md, account: welcome, variables: [dashboard_link]}]\n    queues: [{path: queue.json, \
                      pages: {platform: web, account: site}}]\n";
const KEYS: [&str; 2] = ["blog_en web/site", "welcome-d0.en email/welcome"];

fn page(body: &str) -> String {
    format!("---\ntitle: A page\nexcerpt: What it says\ndate: 2026-02-16\ntags: [one]\n---\n\n{body}\n")
}

fn emails(subject: &str) -> String {
    format!(
        "# E-mails\n\n## EN D0 — Welcome\nSubject: {subject}\nPreview: A preview.\n\nBody:\nHi {{{{first_name | there}}}},\n\nYour \
         place: {{{{dashboard_link}}}}\n\n---\n"
    )
}

fn queue(scene: &Scene, pages: bool) -> String {
    let day = &scene.day.today;
    let page = format!(
        r#"{{"id": "blog_en", "type": "content_publish", "locale": "en", "asset": "blog/en.md", "due_date": "{day}", "status": "approved"}},"#
    );
    let page = if pages { page.as_str() } else { "" };
    format!(
        r#"{{"week_id": "w1", "tasks": [{page}
        {{"id": "mails", "type": "email_sequence", "asset": "emails.md", "due_date": "{day}", "status": "approved"}}]}}"#
    )
}

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join("en").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

async fn revision_of(scene: &Scene, receipt: &str) -> i64 {
    scene.json(&["receipt", receipt]).await["status"]["revision"]
        .as_i64()
        .unwrap()
}

#[tokio::test]
async fn a_page_and_a_template_that_change_are_replaced_in_place() {
    let scene = Scene::start("pages").await;
    scene
        .apply(&(scene.store("site", "web", "site") + &scene.store("mails", "email", "welcome")))
        .await;
    let (site, mails) = (scene.folder("site"), scene.folder("mails"));
    scene.repository.write("blog/en.md", page("The first words."));
    scene.repository.write("emails.md", emails("First subject"));
    scene.push("queue.json", queue(&scene, true), "Week 1");
    scene
        .apply(&scene.campaign_of("week1", "", SOURCE, "  weekId: w1\n"))
        .await;
    let posted = KEYS.map(|key| (key, "Posted Published"));
    scene.until_assets_are(&posted).await;
    let html = read(&site, "blog_en.html");
    assert!(
        html.contains("The first words.") && html.contains("<!-- campanile slot="),
        "{html}"
    );
    let asset = scene.asset(KEYS[0]).await;
    assert_eq!(
        asset.json["status"]["url"],
        "https://www.example.com/en/blog_en.html"
    );
    let receipts = [asset.receipt(), scene.asset(KEYS[1]).await.receipt()];
    assert_eq!(revision_of(&scene, &receipts[0]).await, 1);

    // Other words go through the same gates.
    scene.repository.write("blog/en.md", page("The second words."));
    scene.push("emails.md", emails("Second subject"), "Edit both");
    let changed = KEYS.map(|key| (key, "AwaitingApproval ChangedSinceApproval"));
    scene.until_assets_are(&changed).await;
    assert!(read(&site, "blog_en.html").contains("The first words."));

    scene
        .repository
        .commit("Fine\n\nCampanile-Approve: blog_en\nCampanile-Approve: welcome-D0");
    scene.repository.push();
    scene.until_assets_are(&posted).await;
    scene
        .until("the page is replaced", async || {
            let html = read(&site, "blog_en.html");
            if html.contains("The second words.") {
                Ok(())
            } else {
                Err(html)
            }
        })
        .await;
    for (key, receipt) in KEYS.iter().zip(&receipts) {
        assert_eq!(scene.asset(key).await.receipt(), *receipt);
        assert_eq!(revision_of(&scene, receipt).await, 2);
    }
    let stored: Vec<_> = fs::read_dir(mails.join("en")).unwrap().flatten().collect();
    let texts = stored
        .iter()
        .map(|entry| fs::read_to_string(entry.path()).unwrap());
    assert!(texts.into_iter().any(|text| text.contains("{{dashboard_link}}")));

    a_page_that_leaves_the_queue_stays_published(&scene, &site).await;
    scene.end().await;
}

async fn a_page_that_leaves_the_queue_stays_published(scene: &Scene, site: &Path) {
    scene.push("queue.json", queue(scene, false), "No page");
    let asset = scene.until_asset(KEYS[0], "Posted Published").await;
    let before = read(site, "blog_en.html");
    scene
        .until("it is marked", async || {
            let asset = scene.asset(KEYS[0]).await;
            let withdrawn = &asset.json["status"]["made"]["withdrawn"];
            if withdrawn == "RowWithdrawn" {
                Ok(())
            } else {
                Err(asset.json["status"].to_string())
            }
        })
        .await;
    assert_eq!(read(site, "blog_en.html"), before);
    assert_eq!(scene.asset(KEYS[0]).await.receipt(), asset.receipt());
}

#[tokio::test]
async fn a_page_that_somebody_else_changed_is_not_overwritten() {
    let scene = Scene::start("touched").await;
    scene
        .apply(&(scene.store("site", "web", "site") + &scene.store("mails", "email", "welcome")))
        .await;
    let site = scene.folder("site");
    scene.repository.write("blog/en.md", page("The first words."));
    scene.repository.write("emails.md", emails("First subject"));
    scene.push("queue.json", queue(&scene, true), "Week 1");
    let more = "  weekId: w1\n  approval: {branch: PerRevision}\n";
    scene.apply(&scene.campaign_of("week1", "", SOURCE, more)).await;
    scene
        .until_assets_are(&KEYS.map(|key| (key, "Posted Published")))
        .await;

    let touched = read(&site, "blog_en.html").replace("The first words.", "Words of somebody else.");
    fs::write(site.join("en/blog_en.html"), &touched).unwrap();
    scene.push("blog/en.md", page("The second words."), "Edit");
    let asset = scene
        .until("the page is not overwritten", async || {
            let asset = scene.asset(KEYS[0]).await;
            if asset.phase == "Failed" {
                Ok(asset)
            } else {
                Err(asset.standing())
            }
        })
        .await;
    assert_eq!(read(&site, "blog_en.html"), touched);
    assert!(
        asset.message.to_lowercase().contains("changed") || asset.reason == "Drifted",
        "{}: {}",
        asset.reason,
        asset.message
    );
    scene.end().await;
}
