//! What each channel did in the suite, a line for each, for `tools/test` to print: it is written while the suite runs, so
//! that it shows what was seen and nothing else.

use std::{fmt::Write as _, path::Path};

use campanile::publish::{Class, Outcome, Publisher};

/// The cases that are shown, and what people call them.
const SHOWN: [(&str, &str); 6] = [
    ("reply-lost", "reply lost"),
    ("request-lost", "request lost"),
    ("late-success", "late success"),
    ("error-after-the-effect", "5xx, but sent"),
    ("error-503", "5xx"),
    ("too-many-requests", "429"),
];

/// What the next look or the next send made of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It was there and was taken for ours.
    Found,
    /// It was sent once more.
    Sent,
    /// Nothing is sent until a person has looked.
    Asked,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) case: &'static str,
    pub(super) said: Result<(), Outcome>,
    pub(super) next: Next,
    /// How often the platform has it at the end.
    pub(super) effects: usize,
}

impl Ended {
    fn cell(&self) -> String {
        let said = match self.said {
            Ok(()) => "Published",
            Err(Outcome::Unknown) => "Unknown",
            Err(Outcome::RateLimited { .. }) => "waits",
            Err(Outcome::NotSent { .. }) => "NotSent",
            Err(Outcome::Refused) => "Refused",
            Err(Outcome::Rejected) => "Rejected",
            Err(Outcome::Drifted) => "Drifted",
        };
        let next = match self.next {
            Next::Found => "found",
            Next::Sent => "sent again",
            Next::Asked => "a person",
        };
        format!("{said}, {next}")
    }
}

/// Writes the line of a channel, and the head of the table.
pub(super) fn write(publisher: &dyn Publisher, ended: &[Ended]) {
    let class = match publisher.class() {
        Class::NaturalKey => "A",
        Class::IdempotencyKey { .. } => "B",
        Class::LookUp => "C",
        Class::Neither => "D",
    };
    let cells = SHOWN.map(|(case, _)| {
        let ended = ended.iter().find(|one| one.case == case);
        ended.expect("every case that is shown is played").cell()
    });
    let twice = ended.iter().filter(|one| one.effects > 1).count();
    let line = line((publisher.channel_type(), class), &cells, &twice.to_string());
    let head = line_of_the_head();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    std::fs::create_dir_all(&folder).expect("a folder for what tests leave");
    let file = |name: &str, line: &str| std::fs::write(folder.join(name), line).expect("a line is written");
    file(".head", &head);
    file(&format!("{} {class}", publisher.channel_type()), &line);
}

fn line_of_the_head() -> String {
    line(
        ("channel", "class"),
        &SHOWN.map(|(_, name)| name.to_owned()),
        "published twice",
    )
}

fn line((channel, class): (&str, &str), cells: &[String], twice: &str) -> String {
    let mut line = format!("{channel:<13} {class:<6}");
    for cell in cells {
        let _never_fails = write!(line, "{cell:<22}");
    }
    line + twice + "\n"
}
