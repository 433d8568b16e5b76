//! `campanile review`: what waits for a person, one card after the other, decided at a keystroke.

mod before;
mod cards;
mod changed;
mod screen;
mod terminal;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use kube::ResourceExt;
use tokio::runtime::Runtime;

pub(super) use self::before::Archive;
use self::{
    before::Before,
    cards::{Card, Tab, cards},
    screen::{View, depth, drawn},
    terminal::{Key, Terminal},
};
use super::{
    approve::{Desk, Failure, Verdict},
    forecast::repository,
};
use crate::{api::Decision, config::ClusterOptions};

/// The longest reason that can be typed, in characters: what an Approval takes in whatever alphabet.
const REASON: usize = 250;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Only what is of this Campaign
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// A clone of the branch, to show what changed since words were approved; by default the repository around this folder
    #[arg(long, value_name = "DIR")]
    repository: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> ExitCode {
    match review(options) {
        Ok(said) => {
            for line in said {
                println!("{line}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

/// Reviews until the person ends it; answers what was decided.
fn review(options: &Options) -> Result<Vec<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let desk = runtime.block_on(Desk::at(&options.cluster))?;
    let user = runtime.block_on(desk.user())?;
    let folder = options.repository.as_deref().unwrap_or(Path::new("."));
    let archive = runtime.block_on(desk.archive(repository(folder)))?;
    let mut sitting = Sitting {
        runtime,
        archive,
        desk,
        campaign: options.campaign.clone(),
        user: user.username.unwrap_or_default(),
        lists: BTreeMap::new(),
        tab: Tab::Waiting,
        place: 0,
        scrolled: 0,
        message: String::new(),
        said: Vec::new(),
    };
    sitting.read()?;
    let terminal = Terminal::open()?;
    let result = sitting.sit();
    drop(terminal);
    result.map(|()| sitting.said)
}

/// One person at one terminal.
struct Sitting {
    runtime: Runtime,
    desk: Desk,
    archive: Archive,
    campaign: Option<String>,
    user: String,
    lists: BTreeMap<Tab, Vec<Card>>,
    tab: Tab,
    place: usize,
    scrolled: usize,
    message: String,
    said: Vec<String>,
}

impl Sitting {
    fn sit(&mut self) -> Result<(), Failure> {
        loop {
            self.draw()?;
            match wait()? {
                Key::End | Key::Letter('q') => return Ok(()),
                key => self.take(key)?,
            }
        }
    }

    fn take(&mut self, key: Key) -> Result<(), Failure> {
        self.message.clear();
        match key {
            Key::Tab => self.turn_to(self.tab.next()),
            Key::Letter('n' | 'l' | ' ') => self.go(1),
            Key::Letter('p') => self.go(-1),
            Key::Letter('j') => self.scroll(1),
            Key::Letter('k') => self.scroll(-1),
            Key::Letter('g') => self.read()?,
            Key::Letter('a') if self.tab != Tab::Trouble => self.decide(Decision::Approve, ""),
            Key::Letter('d') if self.tab != Tab::Trouble => self.deny()?,
            _ => {}
        }
        Ok(())
    }

    /// Reads what stands now.
    fn read(&mut self) -> Result<(), Failure> {
        let assets = self.runtime.block_on(self.desk.assets())?;
        let repository = self.archive.repository.take();
        self.archive = self.runtime.block_on(self.desk.archive(repository))?;
        self.lists = cards(&assets, self.campaign.as_deref());
        self.go(0);
        Ok(())
    }

    fn list(&self) -> &[Card] {
        self.lists.get(&self.tab).map(Vec::as_slice).unwrap_or_default()
    }

    fn card(&self) -> Option<&Card> {
        self.list().get(self.place)
    }

    fn turn_to(&mut self, tab: Tab) {
        self.tab = tab;
        self.place = 0;
        self.scrolled = 0;
    }

    fn go(&mut self, steps: isize) {
        let last = self.list().len().saturating_sub(1);
        self.place = self.place.saturating_add_signed(steps).min(last);
        self.scrolled = 0;
    }

    fn scroll(&mut self, lines: isize) {
        let deepest = self.card().map_or(0, |card| depth(card, Terminal::size()));
        self.scrolled = self.scrolled.saturating_add_signed(lines).min(deepest);
    }

    /// Looks once what was approved before of the row that is shown.
    fn look_back(&mut self) -> Result<(), Failure> {
        let card = self
            .lists
            .get_mut(&self.tab)
            .and_then(|list| list.get_mut(self.place));
        if let Some(card) = card.filter(|card| card.before == Before::Unasked)
            && let Some(first) = card.assets.first()
        {
            let receipt = self.runtime.block_on(self.desk.receipt(first))?;
            let before = self.archive.before(first, receipt.as_ref());
            card.before = self.runtime.block_on(before);
        }
        Ok(())
    }

    fn draw(&mut self) -> Result<(), Failure> {
        self.look_back()?;
        let view = View {
            tab: self.tab,
            counts: Tab::ALL.map(|tab| (tab, self.lists.get(&tab).map_or(0, Vec::len))),
            card: self.card().map(|card| (card, self.place + 1)),
            user: &self.user,
            scrolled: self.scrolled,
            message: &self.message,
        };
        Ok(Terminal::draw(&drawn(&view, Terminal::size()))?)
    }

    /// Asks why, then denies; an empty answer or Escape denies nothing.
    fn deny(&mut self) -> Result<(), Failure> {
        let mut reason = String::new();
        loop {
            self.message = format!("Why? {reason}_   (Enter denies, Escape does not)");
            self.draw()?;
            match wait()? {
                Key::Enter if !reason.trim().is_empty() => break,
                Key::Enter | Key::Escape | Key::End => {
                    "Nothing was denied.".clone_into(&mut self.message);
                    return Ok(());
                }
                Key::Backspace => {
                    reason.pop();
                }
                Key::Letter(letter) if reason.chars().count() < REASON => reason.push(letter),
                _ => {}
            }
        }
        self.decide(Decision::Deny, reason.trim());
        Ok(())
    }

    /// Decides about the very words that are on the screen, with all of the row's targets.
    fn decide(&mut self, decision: Decision, comment: &str) {
        let Some(card) = self.card().cloned() else { return };
        let verdict = Verdict {
            decision,
            comment,
            break_glass: None,
            expires_at: None,
        };
        match self.runtime.block_on(self.desk.decided(&verdict, &card.assets)) {
            Ok(lines) => {
                self.message = match lines.as_slice() {
                    [line] => line.clone(),
                    lines => format!(
                        "{} and {} more",
                        lines.first().map_or("", String::as_str),
                        lines.len() - 1
                    ),
                };
                self.said.extend(lines);
                self.put_away(&card);
            }
            // What the API server refuses is told, and the sitting goes on.
            Err(error) => self.message = crate::controller::chain(&error),
        }
    }

    fn put_away(&mut self, card: &Card) {
        let names: Vec<String> = card.assets.iter().map(ResourceExt::name_any).collect();
        if let Some(list) = self.lists.get_mut(&self.tab) {
            list.retain(|other| !other.assets.iter().any(|asset| names.contains(&asset.name_any())));
        }
        self.go(0);
    }
}

/// Waits for a key.
fn wait() -> io::Result<Key> {
    loop {
        match Terminal::key()? {
            Key::Nothing => {}
            key => return Ok(key),
        }
    }
}
