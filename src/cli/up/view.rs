//! What happens, as people see it: a table that is drawn anew on a terminal, a line for each change elsewhere.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use futures::StreamExt as _;
use jiff::{Timestamp, tz::TimeZone};
use kube::{
    Api, Client, ResourceExt as _,
    runtime::{WatchStreamExt as _, watcher},
};

use crate::api::{Asset, AssetPhase};

/// How many assets the table shows.
const ROWS: usize = 20;
/// How many assets are remembered; a table of more is no table.
const REMEMBERED: usize = 2000;
/// How often the table is drawn at most.
const DRAWN: Duration = Duration::from_millis(200);
/// Tells a terminal to cut long lines, and to wrap them again.
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";
/// How much of a sentence a line shows, in characters.
const SENTENCE: usize = 100;

/// What an asset does, in one of three words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    what: String,
    word: &'static str,
    why: String,
}

impl Row {
    fn of(asset: &Asset) -> Option<Self> {
        let spec = &asset.spec;
        let status = asset.status.as_ref()?;
        let phase = status.phase?;
        let target = &spec.target;
        let what = format!(
            "{} {}/{} {}",
            spec.post_id, target.platform, target.account, spec.locale
        );
        let at = status.publish_at.as_ref().map(|time| time.0);
        let why = match phase {
            AssetPhase::Posted => status.url.clone().unwrap_or_default(),
            AssetPhase::Scheduled => at.map(until).unwrap_or_default(),
            _ => status
                .message
                .clone()
                .or_else(|| status.reason.clone())
                .unwrap_or_default(),
        };
        Some(Self {
            what: harmless(&what),
            word: word(phase),
            why: harmless(&why),
        })
    }

    fn line(&self) -> String {
        let mut line = format!("{:<10} {}", self.word, self.what);
        if !self.why.is_empty() {
            // Writing to a String cannot fail.
            let _written = write!(line, ": {}", self.why);
        }
        line
    }
}

fn word(phase: AssetPhase) -> &'static str {
    match phase {
        AssetPhase::Posted => "published",
        AssetPhase::Pending | AssetPhase::Scheduled => "waits",
        AssetPhase::Publishing => "publishing",
        AssetPhase::Skipped => "skipped",
        AssetPhase::Retracted => "retracted",
        AssetPhase::Invalid
        | AssetPhase::Blocked
        | AssetPhase::AwaitingApproval
        | AssetPhase::AwaitingPerson
        | AssetPhase::Failed
        | AssetPhase::Unknown
        | AssetPhase::Missed
        | AssetPhase::Halted => "stopped",
    }
}

fn until(at: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::UTC);
    format!("until {}", zoned.strftime("%Y-%m-%d %H:%M UTC"))
}

/// Words from a branch on a terminal: no control characters, and not without end.
fn harmless(text: &str) -> String {
    let letters = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.take(SENTENCE).collect()
}

/// Shows what happens until the process ends.
pub(super) async fn show(client: Client) {
    let assets: Api<Asset> = Api::all(client);
    let mut changes = watcher(assets, watcher::Config::default())
        .default_backoff()
        .boxed();
    let mut view = View::new();
    while let Some(change) = changes.next().await {
        match change {
            Ok(change) => view.take(change),
            Err(error) => tracing::debug!("the view does not see the assets: {error}"),
        }
        if view.terminal {
            view.draw();
            tokio::time::sleep(DRAWN).await;
        }
    }
}

struct View {
    rows: BTreeMap<(String, String), Row>,
    terminal: bool,
    drawn: usize,
}

impl View {
    fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            terminal: io::stdout().is_terminal(),
            drawn: 0,
        }
    }

    fn take(&mut self, change: watcher::Event<Asset>) {
        match change {
            watcher::Event::Apply(asset) | watcher::Event::InitApply(asset) => self.changed(&asset),
            watcher::Event::Delete(asset) => {
                self.rows.remove(&key(&asset));
            }
            watcher::Event::Init | watcher::Event::InitDone => {}
        }
    }

    fn changed(&mut self, asset: &Asset) {
        let Some(row) = Row::of(asset) else { return };
        let key = key(asset);
        let known = self.rows.get(&key);
        if known == Some(&row) || (known.is_none() && self.rows.len() >= REMEMBERED) {
            return;
        }
        if !self.terminal {
            println!("{} {}", Timestamp::now().strftime("%H:%M:%S"), row.line());
        }
        self.rows.insert(key, row);
    }

    fn draw(&mut self) {
        // A line that is too long is cut by the terminal: wrapped, it would be more than one to draw over.
        let mut text = String::from(WRAP_OFF);
        if self.drawn > 0 {
            let _written = write!(text, "\x1b[{}A\x1b[J", self.drawn);
        }
        let lines = lines(&self.rows);
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(WRAP_ON);
        self.drawn = lines.len();
        let mut out = io::stdout().lock();
        // Without a terminal to draw on there is nobody to tell.
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }
}

fn key(asset: &Asset) -> (String, String) {
    (asset.namespace().unwrap_or_default(), asset.name_any())
}

fn lines(rows: &BTreeMap<(String, String), Row>) -> Vec<String> {
    let count = |word: &str| rows.values().filter(|row| row.word == word).count();
    let mut lines = vec![format!(
        "{} published, {} wait, {} stopped",
        count("published"),
        count("waits"),
        count("stopped")
    )];
    lines.extend(rows.values().take(ROWS).map(Row::line));
    if rows.len() > ROWS {
        lines.push(format!("... and {} more", rows.len() - ROWS));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(word: &'static str, why: &str) -> Row {
        Row {
            what: "hello linkedin/company en".to_owned(),
            word,
            why: why.to_owned(),
        }
    }

    #[test]
    fn a_table_counts_all_and_shows_some() {
        let rows = (0..ROWS + 5)
            .map(|number| {
                (
                    (String::new(), format!("{number:03}")),
                    row("waits", "until noon"),
                )
            })
            .collect();
        let lines = lines(&rows);
        assert_eq!(lines[0], "0 published, 25 wait, 0 stopped");
        assert_eq!(lines[1], "waits      hello linkedin/company en: until noon");
        assert_eq!(lines.last().map(String::as_str), Some("... and 5 more"));
    }

    #[test]
    fn words_from_a_branch_cannot_steer_a_terminal() {
        assert_eq!(harmless("a\x1b[2Jb"), "a [2Jb");
        assert_eq!(harmless(&"x".repeat(500)).len(), SENTENCE);
    }
}
