//! The suite that every publisher passes: what it says of each thing that can happen to a request, what the platform
//! has then, and what the next call makes of it.

mod bluesky;
mod cases;
mod chat;
mod connection;
mod devto;
mod discord;
mod facebook_page;
mod folder;
mod git_pages;
mod linkedin;
mod mastodon;
mod object_store;
mod openapi;
mod reddit;
mod slack;
mod smtp;
mod store;
mod table;
mod telegram;
mod webhook;
mod wordpress;
mod x;

use campanile::{
    api::{AssetContent, AssetType, ChannelConfigSpec, Direction, Environment, Link, ReceiptSlot},
    domain::{
        publication::{Publication, Written},
        slot::Slot,
    },
    egress::{EgressPolicy, HttpClientOptions, http_client},
    publish::{Outcome, PublishError, Published, Publisher, PublisherOptions, Secrets, select},
};
use serde_json::{Value, json};

use crate::sink::Sink;

/// Longer than anything takes that is meant to arrive.
const PATIENT: &str = "30s";
/// Shorter than anything takes that is meant not to arrive.
const HASTY: &str = "500ms";

/// A publisher's platform, as a test sees it.
trait Rig {
    /// A publisher that waits so long.
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher>;
    /// Where its requests arrive.
    fn sink(&self) -> &Sink;
    /// How often the platform has this publication.
    fn effects(&self, publication: &Publication) -> usize;
    /// Something to publish that this platform takes.
    fn publication(&self, post_id: &str) -> Publication {
        publication(post_id, AssetType::Post)
    }
    /// Whether this is the API of a platform, which has refusals of its own, and whose success has to say what its
    /// successes say; else any success is one.
    fn reads_its_answers(&self) -> bool {
        false
    }
}

fn publication(post_id: &str, type_: AssetType) -> Publication {
    let slot = Slot::new(&ReceiptSlot {
        environment: Environment::Production,
        campaign: "week1-launch".into(),
        post_id: post_id.into(),
        platform: "linkedin".into(),
        account: "company".into(),
        locale: "he".into(),
        item: "main".into(),
        occurrence: String::new(),
    });
    let link = format!(
        "https://example.com/?utm_source=linkedin&cid={}",
        slot.parameter()
    );
    let revision = u32::from(matches!(type_, AssetType::Page | AssetType::Template));
    Publication {
        slot,
        epoch: 0,
        revision,
        attempt: "attempt-1".into(),
        earlier_attempts: Vec::new(),
        type_,
        content: AssetContent {
            text: format!("שלום \u{1F514} \"quoted\"\nsecond line\n\n{link}"),
            html: Some("<!doctype html>\n<html dir=\"rtl\"><body>שלום</body></html>\n".into()),
            links: vec![Link { url: link }],
            language: "he".into(),
            direction: Direction::Rtl,
            ..AssetContent::default()
        },
        content_digest: "sha256:0".into(),
        scheduled_for: "2026-11-22T07:00:00Z".parse().unwrap(),
        prepared_id: None,
        reply_to: None,
        replaces: None,
    }
}

/// The same publication, tried again.
fn next_attempt(publication: &Publication) -> Publication {
    let mut earlier_attempts = publication.earlier_attempts.clone();
    earlier_attempts.push(publication.attempt.clone());
    let attempt = format!("attempt-{}", earlier_attempts.len() + 1);
    Publication {
        attempt,
        earlier_attempts,
        ..publication.clone()
    }
}

/// The next version of a page or template, over the one that was published.
fn next_revision(before: &Publication, html: &str) -> Publication {
    let mut attempts = before.earlier_attempts.clone();
    attempts.push(before.attempt.clone());
    let replaces = Written {
        remote_id: String::new(),
        epoch: before.epoch,
        revision: before.revision,
        attempts,
    };
    let revision = before.revision + 1;
    let mut content = before.content.clone();
    content.html = Some(html.to_owned());
    Publication {
        revision,
        attempt: format!("revision-{revision}-attempt-1"),
        earlier_attempts: Vec::new(),
        content,
        replaces: Some(replaces),
        ..before.clone()
    }
}

async fn publish(publisher: &dyn Publisher, publication: &Publication) -> Result<Published, PublishError> {
    let prepared = publisher.prepare(publication).await?;
    publisher.commit(publication, &prepared.id).await
}

/// What is known, and the word for it.
fn known(result: Result<Published, PublishError>) -> (Outcome, &'static str) {
    let error = result.unwrap_err();
    (error.outcome, error.reason)
}

fn options(allowed: &str) -> PublisherOptions {
    let egress = EgressPolicy::new([allowed.parse().unwrap()]);
    let client = http_client(&egress, &HttpClientOptions::default()).unwrap();
    PublisherOptions {
        client,
        egress,
        allow_local_paths: true,
        branches: None,
    }
}

fn channel(channel: &Value, secrets: &Secrets) -> Box<dyn Publisher> {
    let mut spec = json!({"platform": "linkedin", "account": "company"});
    spec.as_object_mut()
        .unwrap()
        .extend(channel.as_object().unwrap().clone());
    let spec: ChannelConfigSpec = serde_json::from_value(spec).unwrap();
    select(&spec, secrets, &options("127.0.0.0/8")).unwrap()
}
