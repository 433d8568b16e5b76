//! The corpus on the servers.

use std::fmt::Write as _;

use futures::StreamExt as _;

use crate::support::control_plane::{Content, ControlPlane};

use super::compare::{Difference, differences};
use super::corpus::{Topic, topics};
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
