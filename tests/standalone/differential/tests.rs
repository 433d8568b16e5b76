//! The corpus on the servers.

use std::fmt::Write as _;

use futures::StreamExt as _;

use crate::support::control_plane::{Content, ControlPlane};

use super::allowed::Allowed;
use super::compare::{Difference, differences};
use super::corpus::{self, Topic, topics};
use super::embedded::Embedded;
use super::endpoint::Endpoint;
use super::play::{Played, play};

/// Topics that are played at one time.
const AT_ONCE: usize = 4;

/// Plays the whole corpus; the topics stay in the order of their names.
async fn play_all(topics: &[Topic], endpoint: &Endpoint, run: &str) -> Vec<Played> {
    let playing = futures::stream::iter(topics).map(|topic| play(topic, endpoint, run));
    let played: Vec<Vec<Played>> = playing.buffered(AT_ONCE).collect().await;
    played.into_iter().flatten().collect()
}

/// `CAMPANILE_CORPUS` names the topics to play, for those who write one.
fn chosen_topics() -> Vec<Topic> {
    let chosen = std::env::var("CAMPANILE_CORPUS").ok();
    let all = topics().into_iter();
    all.filter(|topic| {
        chosen
            .as_ref()
            .is_none_or(|chosen| chosen.split(',').any(|name| name == topic.name))
    })
    .collect()
}

fn all_differences(left: &[Played], right: &[Played]) -> Vec<Difference> {
    let pairs = left.iter().zip(right);
    pairs
        .flat_map(|(left, right)| {
            let step = format!("{}: {}", left.topic, left.step);
            differences(&step, &left.answer, &right.answer)
        })
        .collect()
}

/// A report with one heading for each step.
fn report(differences: &[Difference]) -> String {
    let mut text = String::new();
    let mut heading = "";
    for difference in differences {
        if difference.step != heading {
            heading = &difference.step;
            writeln!(text, "{heading}").expect("write to memory");
        }
        writeln!(text, "{difference}").expect("write to memory");
    }
    text
}

/// The steps that meant something else than their author thought.
fn misunderstood(played: &[Played]) -> String {
    let wrong = played.iter().filter(|played| played.status != played.expected);
    wrong.fold(String::new(), |text, played| {
        let said = played
            .answer
            .pointer("/body/message")
            .unwrap_or(&played.answer["body"]);
        format!(
            "{text}{}: {}\n  expected {}, was {}: {said}\n",
            played.topic, played.step, played.expected, played.status
        )
    })
}

#[tokio::test]
async fn the_real_server_answers_as_the_corpus_expects_and_twice_the_same() {
    let plane = ControlPlane::start(Content::Empty).await;
    let real = Endpoint::of(&plane);
    let topics = chosen_topics();
    let (first, second) = tokio::join!(play_all(&topics, &real, "r1aa"), play_all(&topics, &real, "r2bb"));
    let wrong = misunderstood(&first);
    let mut differences = all_differences(&first, &second);
    // Drawn from the name of the group, which bears the tag of the run.
    differences.retain(|difference| !difference.path.ends_with("/storageVersionHash"));
    assert!(
        wrong.is_empty() && differences.is_empty(),
        "{wrong}{} fields of {} answers are not masked:\n{}",
        differences.len(),
        first.len(),
        report(&differences)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_server_answers_like_the_real_one() {
    let plane = ControlPlane::start(Content::Empty).await;
    let (real, embedded) = (Endpoint::of(&plane), Embedded::start().await);
    let ours = embedded.endpoint();
    let topics = chosen_topics();
    let (theirs, ours) = tokio::join!(play_all(&topics, &real, "r1aa"), play_all(&topics, &ours, "r1aa"));
    let mut allowed = Allowed::read();
    let mut differences = all_differences(&theirs, &ours);
    let all = differences.len();
    differences.retain(|difference| !allowed.allows(difference));
    assert!(
        differences.is_empty(),
        "{} of {all} differences in {} answers are not allowed:\n{}",
        differences.len(),
        theirs.len(),
        report(&differences)
    );
    let unused = allowed.unused();
    assert!(
        unused.is_empty() || topics.len() < corpus::topics().len(),
        "allowed, and no difference any more: {unused:#?}"
    );
}
