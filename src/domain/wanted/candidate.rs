//! A publication that the files ask for, before it is known whether it becomes an Asset.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    api::{
        AssetContent, AssetSpec, AssetType, Environment, FieldPlace, Finding, Intent, ReceiptSlot, Schedule,
        Severity, Target,
    },
    domain::{
        content::{
            diagnostic::Diagnostic,
            post::{NOT_HANDLED, Post},
            text::Span,
        },
        items,
        slot::{Slot, compared, compared_platform},
    },
};

use super::Inputs;

/// An Asset has at most this many findings.
const MAX_FINDINGS: usize = 20;

/// A publication that a row, a task or an e-mail asks for.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) slot: Slot,
    /// The instant; none where its time cannot be read, or it has none.
    pub(super) instant: Option<Timestamp>,
    pub(super) intent: Intent,
    pub(super) path: &'a str,
    pub(super) span: Span,
    pub(super) findings: Vec<Finding>,
    pub(super) origin: Origin<'a>,
}

/// Where the words come from.
#[derive(Clone, Debug)]
pub(super) enum Origin<'a> {
    /// A row: rendered once it is known to become an Asset.
    Row { post: &'a Post<'a>, schedule: Schedule },
    /// A page, a template or a broadcast, made whole, and where its parts stand.
    Made(Box<AssetSpec>, Vec<FieldPlace>),
}

impl Candidate<'_> {
    /// True for pages and templates: they are Assets whatever their date.
    pub(super) fn is_state(&self) -> bool {
        matches!(&self.origin, Origin::Made(spec, _) if matches!(spec.type_, AssetType::Page | AssetType::Template))
    }

    /// True for the first item of a post, and for what has no other.
    pub(super) fn is_main(&self) -> bool {
        self.slot.fields().item == items::MAIN
    }

    pub(super) fn is_page(&self) -> bool {
        matches!(&self.origin, Origin::Made(spec, _) if spec.type_ == AssetType::Page)
    }

    /// True for a version of an issue.
    pub(super) fn is_broadcast(&self) -> bool {
        matches!(&self.origin, Origin::Made(spec, _) if spec.type_ == AssetType::Email)
    }

    /// True where a finding stops it.
    pub(super) fn is_stopped(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Adds a finding: mistakes before what is not handled yet, since the first error is the asset's reason.
    pub(super) fn find(&mut self, finding: Finding) {
        let rank = |finding: &Finding| match finding.severity {
            Severity::Error if finding.code != NOT_HANDLED => 0,
            Severity::Error => 1,
            Severity::Warning => 2,
        };
        let place = self
            .findings
            .partition_point(|known| rank(known) <= rank(&finding));
        self.findings.insert(place, finding);
        self.findings.truncate(MAX_FINDINGS);
    }

    pub(super) fn find_all(&mut self, problems: &[Diagnostic]) {
        for problem in problems {
            self.find(problem.finding());
        }
    }
}

/// What the spec of a page, an e-mail template or a broadcast is made of.
pub(super) struct Made<'s> {
    pub(super) slot: &'s Slot,
    pub(super) type_: AssetType,
    pub(super) intent: Intent,
    pub(super) schedule: Schedule,
    pub(super) content: AssetContent,
}

impl Made<'_> {
    /// The spec of the main item of the slot; findings are added when the Asset is made.
    pub(super) fn spec(self, inputs: &Inputs<'_>) -> AssetSpec {
        let fields = self.slot.fields();
        AssetSpec {
            campaign: inputs.campaign_name.to_owned(),
            post_id: fields.post_id.clone(),
            target: Target {
                platform: fields.platform.clone(),
                account: fields.account.clone(),
            },
            locale: self.content.language.clone(),
            item: fields.item.clone(),
            occurrence: fields.occurrence.clone(),
            type_: self.type_,
            intent: self.intent,
            schedule: self.schedule,
            after: None,
            content: self.content,
            claims: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// The slots of a campaign's publications; environments are looked up by target.
pub(super) struct Slots<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    environments: BTreeMap<(String, String), Environment>,
}

impl<'a> Slots<'a> {
    pub(super) fn of(inputs: &'a Inputs<'a>) -> Self {
        let mut environments = BTreeMap::new();
        for channel in inputs.channels {
            let target = (compared_platform(&channel.platform), compared(&channel.account));
            let environment = environments.entry(target).or_insert(channel.environment);
            // One of each is an AmbiguousChannel; until then the slot is the real one.
            *environment = channel.environment.min(*environment);
        }
        Self { inputs, environments }
    }

    /// The slot of a main item: in the environment of the target's channel, Production where there is none.
    pub(super) fn slot(&self, post_id: &str, (platform, account): (&str, &str), locale: &str) -> Slot {
        self.repeated(post_id, (platform, account), locale, "")
    }

    /// The same for a declared repeat.
    pub(super) fn repeated(
        &self,
        post_id: &str,
        (platform, account): (&str, &str),
        locale: &str,
        occurrence: &str,
    ) -> Slot {
        let target = (compared_platform(platform), compared(account));
        Slot::new(&ReceiptSlot {
            environment: self.environments.get(&target).copied().unwrap_or_default(),
            campaign: self.inputs.campaign_id().to_owned(),
            post_id: post_id.to_owned(),
            platform: target.0,
            account: target.1,
            locale: locale.to_owned(),
            item: items::MAIN.to_owned(),
            occurrence: occurrence.to_owned(),
        })
    }
}
