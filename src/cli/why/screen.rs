//! An explanation on one screen.

use super::{
    super::printed::{Colour, coloured, shown, wrapped},
    Answer,
};
use crate::{
    api::AssetPhase,
    domain::why::{ExplainedGate, Explanation, Passage},
};

/// How wide the text is, in characters: what a terminal beside an editor shows.
const WIDTH: usize = 100;
/// Where the words about a gate begin: after its state and its name.
const INDENT: usize = 20;

/// One asset with every gate.
pub(super) fn whole(answer: &Answer) -> String {
    let explanation = &answer.explanation;
    let mut lines = head(answer);
    lines.push(String::new());
    lines.extend(
        explanation
            .gates
            .iter()
            .flat_map(|gate| of_gate(gate, &explanation.message)),
    );
    lines.push(String::new());
    lines.push(next_look(explanation));
    lines.extend(operator(answer));
    lines.extend(words(answer));
    ended(&lines)
}

/// The words that a person is to publish by hand, each line as it is.
fn words(answer: &Answer) -> Vec<String> {
    let Some(words) = &answer.words else {
        return Vec::new();
    };
    let head = [String::new(), coloured("The words:", Colour::Bold)];
    head.into_iter().chain(words.lines().map(shown)).collect()
}

/// Several assets, each with the gates that hold it.
pub(super) fn several(answers: &[Answer]) -> String {
    let blocks = answers.iter().map(|answer| {
        let explanation = &answer.explanation;
        let held = explanation
            .gates
            .iter()
            .filter(|gate| gate.state != Passage::Open);
        let mut lines = head(answer);
        lines.extend(held.flat_map(|gate| of_gate(gate, &explanation.message)));
        lines.extend(operator(answer));
        ended(&lines)
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn ended(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn head(answer: &Answer) -> Vec<String> {
    let explanation = &answer.explanation;
    let title = format!(
        "{}  {}/{}  {}  {}",
        shown(&explanation.post_id),
        shown(&explanation.target.platform),
        shown(&explanation.target.account),
        shown(&explanation.locale),
        format!("{:?}", explanation.type_).to_lowercase()
    );
    let standing = format!("{:?}", explanation.phase);
    let object = format!(
        "asset/{} in {}, campaign/{}",
        explanation.asset, answer.namespace, explanation.campaign
    );
    let message = wrapped(&explanation.message, WIDTH - 2);
    let mut lines = vec![
        coloured(&title, Colour::Bold),
        format!(
            "{} {}",
            coloured(&standing, colour_of(explanation.phase)),
            shown(&explanation.reason)
        ),
    ];
    lines.extend(message.iter().map(|line| format!("  {line}")));
    let no_room = explanation.would_be_missed.as_ref();
    let no_room = no_room.filter(|warning| warning.message != explanation.message);
    let warning = no_room.map(|warning| wrapped(&format!("Would be missed: {}", warning.message), WIDTH - 2));
    let warning = warning.into_iter().flatten();
    lines.extend(warning.map(|line| format!("  {}", coloured(&line, Colour::Red))));
    lines.push(format!("  {}", coloured(&shown(&object), Colour::Dim)));
    lines
}

/// How a phase is coloured.
fn colour_of(phase: AssetPhase) -> Colour {
    match phase {
        AssetPhase::Posted | AssetPhase::Publishing | AssetPhase::Retracted => Colour::Green,
        AssetPhase::Pending
        | AssetPhase::Scheduled
        | AssetPhase::AwaitingApproval
        | AssetPhase::AwaitingPerson
        | AssetPhase::Skipped => Colour::Yellow,
        AssetPhase::Invalid
        | AssetPhase::Blocked
        | AssetPhase::Failed
        | AssetPhase::Unknown
        | AssetPhase::Missed
        | AssetPhase::Halted => Colour::Red,
    }
}

/// State, name, then what is to be said, each line from the same column.
fn of_gate(gate: &ExplainedGate, headline: &str) -> Vec<String> {
    let (word, colour) = match gate.state {
        Passage::Open => ("open", Colour::Green),
        Passage::Passed => ("passed", Colour::Green),
        Passage::Waiting => ("waits", Colour::Yellow),
        Passage::Closed => ("closed", Colour::Red),
    };
    let said = said(gate, headline);
    let gap = " ".repeat(8 - word.len());
    let name = format!("{:?}", gate.name);
    let begin = format!("  {}{gap}", coloured(word, colour));
    let first = said.first().map_or("", String::as_str);
    let mut lines = vec![format!("{begin}{name:<10}{first}").trim_end().to_owned()];
    let indent = " ".repeat(INDENT);
    lines.extend(said.iter().skip(1).map(|line| format!("{indent}{line}")));
    lines
}

/// Reason and message, evidence, and what opens it, in lines.
fn said(gate: &ExplainedGate, headline: &str) -> Vec<String> {
    // What stands above is not said twice.
    let message = gate.message.as_deref().filter(|message| *message != headline);
    let why = gate.reason.as_ref().map(|reason| match message {
        Some(message) => format!("{reason}: {message}"),
        None => reason.clone(),
    });
    let opens = gate.opens.as_ref().map(|opens| format!("opens: {}", opens.how));
    let texts = why.into_iter().chain(gate.evidence.iter().cloned()).chain(opens);
    texts.flat_map(|text| wrapped(&text, WIDTH - INDENT)).collect()
}

fn next_look(explanation: &Explanation) -> String {
    match (&explanation.next_look_at_local, explanation.next_look_at) {
        (Some(local), Some(at)) => format!(
            "Next look: {} ({at}), or when something of this changes.",
            shown(local)
        ),
        _ => "Next look: when something of this changes.".to_owned(),
    }
}

/// What the operator wrote, where that is something else.
fn operator(answer: &Answer) -> Vec<String> {
    let said = &answer.operator;
    if said.agrees {
        return Vec::new();
    }
    let said = match said.phase {
        Some(phase) => format!(
            "The operator last said {phase:?} {}. Either it has not looked since something changed, or it knows what only \
             it can know: {}",
            said.reason.as_deref().unwrap_or_default(),
            said.message.as_deref().unwrap_or_default()
        ),
        None => "The operator has not looked at it yet. Does it run?".to_owned(),
    };
    let lines = wrapped(&said, WIDTH);
    lines.iter().map(|line| coloured(line, Colour::Yellow)).collect()
}
