//! From a push to its publication, woken by the webhook of the git host.

use std::time::{Duration, Instant};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{
    Options,
    rig::{Rig, WEBHOOK_SECRET},
    sheet::{When, rows},
    table::{Table, quantile},
};

/// How many rows stand in the sheet beside the pushed ones.
const STANDING: usize = 100;

pub(crate) async fn measure(options: &Options, table: &mut Table) {
    let standing = rows("standing", STANDING, When::Later, "company");
    let rig = Rig::start(options, Duration::ZERO, &standing).await;
    rig.campaign(true).await;
    let operator = rig.operator();
    rig.wait_for_counts(None, STANDING).await;
    operator.wait_until_quiet().await;
    let (mut arrived, mut recorded) = (Vec::new(), Vec::new());
    for push in 1..=options.pushes {
        rig.push(&format!(
            "{}{standing}",
            rows("pushed", push, When::Now, "company")
        ));
        let began = Instant::now();
        tell(&operator.url("/api/webhook/git"), &rig.git.url("gtm")).await;
        let answered = tokio::time::timeout(Duration::from_mins(1), rig.sink.answered(push)).await;
        let at = answered.expect("the row is published");
        arrived.push(at.duration_since(began).as_secs_f64() * 1000.0);
        let at = operator.wait_until_published(push as f64).await;
        recorded.push(at.duration_since(began).as_secs_f64() * 1000.0);
        operator.wait_until_quiet().await;
    }
    let p99 = quantile(&arrived, 0.99);
    table.add(
        "push to published, through the webhook, p50",
        "1000 ms",
        "ms",
        arrived,
    );
    table.add(
        "push to published, through the webhook, p99",
        "1000 ms",
        "ms",
        vec![p99],
    );
    table.add("push to receipt written, p50", "", "ms", recorded);
    operator.stop();
}

async fn tell(url: &str, repository: &str) {
    let body =
        serde_json::json!({"ref": "refs/heads/main", "repository": {"clone_url": repository}}).to_string();
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    let signature = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    let answer = reqwest::Client::new()
        .post(url)
        .header("X-Hub-Signature-256", format!("sha256={signature}"))
        .body(body)
        .send()
        .await
        .expect("the webhook is answered");
    assert!(
        answer.status().is_success(),
        "the webhook was answered {}",
        answer.status()
    );
}
