//! The wanted set: which Assets the files of a branch ask for, and every problem on the way.

mod after;
mod asset;
mod candidate;
mod collisions;
mod fitting;
mod newsletters;
mod pages;
mod places;
mod problems;
mod reading;
mod selection;
mod sheets;
mod tasks;
mod templates;
mod times;
mod whole;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;

use super::{
    channels::Fitting,
    content::{Files, diagnostic::Diagnostic},
    policy::Places,
    slot::{Slot, compared, compared_platform},
};
use crate::api::{AssetContent, AssetSpec, AssetType, CampaignSpec, Environment, FieldPlace, Target};
pub use asset::stored_digest;
use candidate::{Candidate, Slots};
pub(super) use reading::unread;
use tasks::Tasks;
use times::Times;

/// What the wanted set is computed from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The campaign.
    pub campaign: &'a CampaignSpec,
    /// Its name.
    pub campaign_name: &'a str,
    /// The files of the revision.
    pub files: &'a dyn Files,
    /// The commit.
    pub revision: &'a str,
    /// The channels of the namespace.
    pub channels: &'a [ChannelFacts],
    /// The time of the clock: only what is due around it becomes an Asset.
    pub now: Timestamp,
}

/// A channel, as far as the wanted set depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelFacts {
    /// The platform.
    pub platform: String,
    /// The account.
    pub account: String,
    /// Whether it is for real.
    pub environment: Environment,
    /// The member of the ChannelConfig that it is: `webhook`, `objectStore`.
    pub type_: &'static str,
    /// How it takes a text; `None` where it has no limits of its own.
    pub fitting: Option<Fitting>,
}

/// What the files ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The Assets: by instant, pages first at equal instants, then by name. Empty where `parsed` is false.
    pub assets: Vec<WantedAsset>,
    /// Every problem of every file: what stops the campaign first, errors before warnings, then by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// False where a sheet or the campaign itself cannot be read: nothing may be changed and nothing sent.
    pub parsed: bool,
    /// Publications outside the horizon or over the limit of Assets.
    pub outside: u32,
    /// The files that were read, once each, sorted by path.
    pub files: Vec<SourceFile>,
    /// Every slot that any row, task or e-mail names, whatever its date.
    pub slots: BTreeSet<Slot>,
    /// Content that is too long to stand in an Asset, whole, by the Asset's name.
    pub large: BTreeMap<String, AssetContent>,
    /// Paths and globs whose files could not be read: Assets that came from them are kept as they are.
    pub unread: Vec<String>,
    /// True where a task queue could not be used: pages and broadcasts are kept as they are, for the queue names them.
    pub queue_unread: bool,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Its path on the branch.
    pub path: String,
    /// True where it is a sheet in which every row names its campaign, so that several campaigns may read it.
    pub names_its_campaigns: bool,
}

/// An Asset as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedAsset {
    /// The name of the object.
    pub name: String,
    /// The slot.
    pub slot: Slot,
    /// The spec.
    pub spec: AssetSpec,
    /// The file that it comes from.
    pub path: String,
    /// The line in it, from 1.
    pub line: u32,
    /// Where each part of it stands.
    pub places: Vec<FieldPlace>,
}

/// Which rows of a sheet are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those that name this campaign or none.
    OfCampaign,
    /// All of them, whatever campaign they name; for checking files without a campaign.
    All,
}

/// Computes the wanted set of a campaign.
pub fn wanted(inputs: &Inputs<'_>) -> Wanted {
    wanted_rows(inputs, Rows::OfCampaign)
}

/// Computes the wanted set, of the campaign's rows or of all.
pub fn wanted_rows(inputs: &Inputs<'_>, rows: Rows) -> Wanted {
    let mut wanted = Wanted::default();
    let mut times = Times::of(inputs, &mut wanted.diagnostics);
    let contents = reading::sheets(inputs, &mut wanted);
    let texts = reading::texts(&contents, &mut wanted);
    let queues = tasks::queues(inputs, &mut wanted);
    let emails = templates::files(inputs, &mut wanted);
    let tasks = Tasks::of(inputs, &queues, &mut wanted);
    let issues = newsletters::issues(inputs, &tasks, &mut wanted);
    let taken_up = newsletters::locales(&issues);
    let sheets = sheets::read(inputs, rows, (&texts, &tasks, &taken_up), &mut wanted);
    let slots = Slots::of(inputs);
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    sheets::candidates(&slots, &mut times, &sheets, &mut candidates);
    pages::candidates(&slots, &mut times, &tasks, (&mut candidates, &mut wanted));
    templates::candidates(
        &slots,
        &mut times,
        (&emails, &tasks),
        (&mut candidates, &mut wanted),
    );
    newsletters::candidates(&slots, &mut times, &issues, (&mut candidates, &mut wanted));
    collisions::report(&texts, &mut candidates, &mut wanted);
    after::report(&texts, &mut candidates, &mut wanted);
    fitting::report(inputs, &mut candidates, &mut wanted);
    whole::report(&mut candidates);
    problems::arrange(inputs, &mut wanted.diagnostics);
    wanted.parsed = !wanted.diagnostics.iter().any(|diagnostic| diagnostic.fatal);
    if wanted.parsed {
        wanted.slots = candidates
            .iter()
            .map(|candidate| candidate.slot.clone())
            .collect();
        wanted.slots.extend(sheets::slots_of_parts(&slots, &sheets));
        selection::assets(inputs, candidates, &mut wanted);
    }
    wanted.files.sort();
    wanted.files.dedup();
    wanted
}

impl WantedAsset {
    /// Where it stands, part by part.
    pub fn places(&self) -> Places {
        Places {
            path: self.path.clone(),
            line: self.line,
            fields: self.places.clone(),
        }
    }
}

impl Inputs<'_> {
    /// The name that receipts are kept under.
    pub fn campaign_id(&self) -> &str {
        self.campaign.campaign_id.as_deref().unwrap_or(self.campaign_name)
    }

    /// The type of the channel for a target, where there is one.
    pub fn channel_type(&self, target: &Target) -> Option<&'static str> {
        type_for(self.channels, target)
    }
}

/// The type of the channel for a target, where there is one.
pub fn type_for(channels: &[ChannelFacts], target: &Target) -> Option<&'static str> {
    let (platform, account) = (compared_platform(&target.platform), compared(&target.account));
    let mut ours = channels.iter().filter(|channel| {
        compared_platform(&channel.platform) == platform && compared(&channel.account) == account
    });
    ours.next().map(|channel| channel.type_)
}

impl Wanted {
    /// Adds problems that were found later; what stops the campaign still comes first, and errors before warnings.
    pub fn find(&mut self, problems: Vec<Diagnostic>) {
        self.diagnostics.extend(problems);
        self.diagnostics
            .sort_by_key(|found| (!found.fatal, Reverse(found.severity)));
    }

    /// True where an Asset that came from a file is to be kept, because what names it could not be read this time.
    pub fn keeps(&self, path: &str, type_: AssetType) -> bool {
        let queued = self.queue_unread && matches!(type_, AssetType::Page | AssetType::Email);
        queued || self.is_unread(path)
    }

    fn is_unread(&self, path: &str) -> bool {
        self.unread.iter().any(|unread| {
            unread == path
                || globset::GlobBuilder::new(unread)
                    .literal_separator(true)
                    .build()
                    .is_ok_and(|glob| glob.compile_matcher().is_match(path))
        })
    }
}

#[cfg(test)]
mod tests;
