//! What a decision may know: facts, owned, each read somewhere by the shell.

mod approval;
mod guards;

use std::time::Duration;

use jiff::Timestamp;

pub use self::approval::{ApprovalFacts, Enforcement};
use crate::api::{
    ApprovalPolicy, AssetHold, AssetPhase, AssetSpec, AssetType, BranchApprovalRecord, CampaignSpec, Channel,
    ChannelConfigSpec, Environment, Intent, Made, ManualChannel, MissedPolicy, ReceiptSlot, ReceiptStatus,
    RetryPolicy, Severity, Target,
};

use super::{
    channels::Replies,
    halts::HaltFacts,
    items,
    limits::{DailyCap, LaneFacts, Limits, lower_cap},
    schedule,
    slot::Slot,
};
pub use guards::{GUARDS_NOT_RUN, GuardFacts, LINKS_UNCHECKED};

/// Everything that is known about one asset when its next step is decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The asset.
    pub asset: AssetFacts,
    /// Its campaign, if there is one.
    pub campaign: Option<CampaignFacts>,
    /// The channels for its platform and account.
    pub channels: Vec<ChannelFacts>,
    /// The slot's receipt, if there is one.
    pub receipt: Option<ReceiptFacts>,
    /// Why the slot's receipt, which is there, cannot be read.
    pub unreadable_receipt: Option<String>,
    /// Another campaign that published the same row of the same file.
    pub published_elsewhere: Option<String>,
    /// The Halts whose selector matches the asset, in force or not.
    pub halts: Vec<HaltFacts>,
    /// What people decided about the asset, oldest first.
    pub approvals: Vec<ApprovalFacts>,
    /// Whether Approvals can be believed.
    pub enforcement: Enforcement,
    /// True where nothing is known to have been published on its channel yet; looked up where words may go out unseen.
    pub first_on_channel: bool,
    /// What this process knows of itself.
    pub process: ProcessFacts,

    /// What the guards of the campaign say of it.
    pub guards: GuardFacts,
    /// What others leave it of the room of its account, its campaign and its app.
    pub lane: LaneFacts,
}

impl Observed {
    /// What is known of a slot that no Asset leads to: what its receipt kept.
    pub fn of_orphan(receipt: ReceiptFacts, channels: Vec<ChannelFacts>, process: ProcessFacts) -> Self {
        Self {
            asset: AssetFacts::of_receipt(&receipt),
            campaign: None,
            channels,
            receipt: Some(receipt),
            unreadable_receipt: None,
            published_elsewhere: None,
            halts: Vec::new(),
            approvals: Vec::new(),
            enforcement: Enforcement::default(),
            first_on_channel: false,
            process,

            guards: GuardFacts::default(),
            lane: LaneFacts::default(),
        }
    }
}

/// An asset, without its words.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetFacts {
    /// Name of the object.
    pub name: String,
    /// Generation of the spec.
    pub generation: i64,
    /// True while it is being deleted.
    pub deleting: bool,
    /// True where no Asset stands: these facts are what its receipt kept, and nothing may be sent.
    pub gone: bool,
    /// Name of its campaign.
    pub campaign: String,
    /// The id of the post.
    pub post_id: String,
    /// Where it goes.
    pub target: Target,
    /// The locale.
    pub locale: String,
    /// Which part of the post.
    pub item: String,
    /// True where its post has other parts.
    pub is_of_several: bool,
    /// Which declared repeat.
    pub occurrence: String,
    /// What it is.
    pub type_: AssetType,
    /// What the team wants.
    pub intent: Intent,
    /// The instant of publication; none where its row's time cannot be read.
    pub publish_at: Option<Timestamp>,
    /// The end of the local day of publication.
    pub day_ends_at: Option<Timestamp>,
    /// The id of the post of its campaign that has to be published first.
    pub after: Option<String>,
    /// The first finding that stops it, as code and sentence.
    pub stopped_by: Option<(String, String)>,
    /// Digest of everything a reader would receive.
    pub content_digest: String,
    /// Digest of the whole spec.
    pub spec_digest: String,
    /// What Campanile made from the source, if Campanile made it.
    pub made: Option<Made>,
    /// What the branch approved.
    pub approval: Option<BranchApprovalRecord>,
    /// What a Halt has left on it.
    pub hold: Option<AssetHold>,
    /// The guard failure for which a Halt was made.
    pub halted_for: Option<String>,
    /// Who last changed its words, as the history tells.
    pub author: Option<String>,
    /// The receipt that the asset remembers.
    pub remembered_receipt: Option<String>,
    /// The phase that stands in its status.
    pub phase: Option<AssetPhase>,
}

impl AssetFacts {
    fn of_receipt(receipt: &ReceiptFacts) -> Self {
        let (slot, status) = (&receipt.slot, &receipt.status);
        let newest = status.attempts.last();
        let digest = status.content_digest.clone();
        Self {
            name: Slot::new(slot).asset_name(),
            generation: 0,
            deleting: false,
            gone: true,
            campaign: slot.campaign.clone(),
            post_id: slot.post_id.clone(),
            target: Target {
                platform: slot.platform.clone(),
                account: slot.account.clone(),
            },
            locale: slot.locale.clone(),
            item: slot.item.clone(),
            is_of_several: slot.item != items::MAIN,
            occurrence: slot.occurrence.clone(),
            type_: status.type_.unwrap_or(AssetType::Post),
            intent: Intent::Approved,
            publish_at: status.scheduled_for.as_ref().map(|time| time.0),
            day_ends_at: None,
            after: None,
            stopped_by: None,
            content_digest: digest
                .or_else(|| Some(newest?.content_digest.clone()))
                .unwrap_or_default(),
            spec_digest: String::new(),
            made: None,
            approval: None,
            hold: None,
            halted_for: None,
            author: None,
            remembered_receipt: Some(receipt.name.clone()),
            phase: None,
        }
    }

    /// The first finding of severity Error, as code and sentence.
    pub fn stopping_finding(spec: &AssetSpec) -> Option<(String, String)> {
        spec.findings
            .iter()
            .find(|finding| finding.severity == Severity::Error)
            .map(|finding| (finding.code.clone(), finding.message.clone()))
    }

    /// The slot that this asset fills in an environment, under a campaign's id.
    pub fn slot(&self, campaign_id: &str, environment: Environment) -> Slot {
        Slot::new(&ReceiptSlot {
            environment,
            campaign: campaign_id.to_owned(),
            post_id: self.post_id.clone(),
            platform: self.target.platform.clone(),
            account: self.target.account.clone(),
            locale: self.locale.clone(),
            item: self.item.clone(),
            occurrence: self.occurrence.clone(),
        })
    }

    /// The post that has to be published first: for what replies to an item, the post of both.
    pub fn followed_post(&self) -> Option<&str> {
        if items::replies_to(&self.item).is_some() {
            return Some(&self.post_id);
        }
        self.after.as_deref()
    }

    /// True for what is a state and is replaced in place, false for what is a moment and is sent once.
    pub fn is_state(&self) -> bool {
        matches!(self.type_, AssetType::Page | AssetType::Template)
    }

    /// True where the spec is to the letter what Campanile made from the source.
    pub fn is_as_made(&self) -> bool {
        self.made
            .as_ref()
            .is_some_and(|made| made.spec_digest == self.spec_digest)
    }
}

/// A campaign, as far as sending depends on it.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignFacts {
    /// The name that receipts are kept under.
    pub id: String,
    /// True while it is being deleted.
    pub deleting: bool,
    /// Nothing is read and nothing is sent.
    pub suspend: bool,
    /// False: nothing is sent.
    pub publish_enabled: bool,
    /// What happens to a post whose time has passed.
    pub missed: MissedPolicy,
    /// How often what certainly did not leave is tried again.
    pub retry: RetryPolicy,
    /// How approval works.
    pub approval: ApprovalPolicy,
    /// The time zone of its review window.
    pub review_zone: String,
    /// Why the source cannot be trusted now, as reason and sentence.
    pub source_closed: Option<(String, String)>,
    /// The instant at which the source becomes too old, while its host cannot be reached.
    pub stale_at: Option<Timestamp>,
    /// How many of its targets are published on one day.
    pub cap: Option<DailyCap>,
}

impl CampaignFacts {
    /// The facts that stand in a Campaign's spec; the source counts as trusted.
    pub fn of_spec(name: &str, spec: &CampaignSpec) -> Self {
        Self {
            id: campaign_id(name, spec).to_owned(),
            deleting: false,
            suspend: spec.suspend,
            publish_enabled: spec.publish_enabled && spec.other_publish_enabled != Some(false),
            missed: spec.missed.clone(),
            retry: spec.retry.clone(),
            approval: spec.approval.clone(),
            review_zone: review_zone(spec).to_owned(),
            source_closed: None,
            stale_at: None,
            cap: cap(spec),
        }
    }
}

fn cap(spec: &CampaignSpec) -> Option<DailyCap> {
    let limit = lower_cap(spec.max_publishes_per_day, spec.other_max_publishes_per_day)?;
    // A campaign whose zone is unknown is stalled for that: nothing of it is sent.
    let zone = schedule::time_zone(&spec.time_zone).ok()?;
    Some(DailyCap { limit, zone })
}

fn review_zone(spec: &CampaignSpec) -> &str {
    let window = spec.approval.window.as_ref();
    let own = window.and_then(|window| window.time_zone.as_deref());
    own.unwrap_or(&spec.time_zone)
}

/// The name that a campaign's receipts are kept under.
pub fn campaign_id<'a>(name: &'a str, spec: &'a CampaignSpec) -> &'a str {
    spec.campaign_id.as_deref().unwrap_or(name)
}

/// Which channel a ChannelConfig is, by the name of its field; empty where it has none.
pub fn channel_type(spec: &ChannelConfigSpec) -> &'static str {
    spec.channel().map_or("", Channel::member)
}

/// What happens after a lost reply on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelClass {
    /// A: the platform knows the place by a name of ours; sending again is the same publication.
    NaturalKey,
    /// B: the platform recognises a repeated key for a while.
    IdempotencyKey {
        /// For how long.
        window: Duration,
    },
    /// C: the platform can be asked whether it has it.
    LookUp,
    /// D: neither; only a person can tell.
    Neither,
}

impl ChannelClass {
    /// The letter in the table of promises.
    pub const fn letter(self) -> char {
        match self {
            Self::NaturalKey => 'A',
            Self::IdempotencyKey { .. } => 'B',
            Self::LookUp => 'C',
            Self::Neither => 'D',
        }
    }

    /// The name in `ChannelConfig.status.class`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NaturalKey => "NaturalKey",
            Self::IdempotencyKey { .. } => "IdempotencyKey",
            Self::LookUp => "LookUp",
            Self::Neither => "Neither",
        }
    }
}

/// A channel, as far as sending depends on it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelFacts {
    /// Name of the ChannelConfig.
    pub name: String,
    /// For real, or for trying out.
    pub environment: Environment,
    /// False: nothing is sent.
    pub publish_enabled: bool,
    /// People one of whom has to have approved what goes out here.
    pub approvers: Vec<String>,
    /// Secrets and keys that are missing, by name.
    pub missing: Vec<String>,
    /// Why the channel cannot be used, as reason and sentence: a wrong address, a bad secret.
    pub unusable: Option<(String, String)>,
    /// What happens after a lost reply.
    pub class: ChannelClass,
    /// Digest of where it sends.
    pub endpoint_digest: String,
    /// How long a send may take.
    pub send_timeout: Duration,
    /// What the platform said when it refused this very configuration.
    pub refused: Option<String>,
    /// The platform asked us to wait until then.
    pub rate_limited_until: Option<Timestamp>,
    /// How many publications it may have, how soon after each other, and when.
    pub limits: Limits,
    /// Who publishes by hand, where the platform has no API for us.
    pub manual: Option<ManualChannel>,
    /// How it publishes what replies to another item.
    pub replies: Replies,
}

/// A receipt, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptFacts {
    /// Name of the object.
    pub name: String,
    /// The slot that it claims.
    pub slot: ReceiptSlot,
    /// Its status.
    pub status: ReceiptStatus,
    /// For how long this process has seen the newest undecided attempt (the receipt itself, where it is Unknown without
    /// one), on a clock that counts suspension.
    pub undecided_seen_for: Duration,
}

/// What this process knows of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessFacts {
    /// Ids of attempts whose sending task is alive in this process.
    pub live_attempts: Vec<String>,
    /// How long a lease is held without being renewed.
    pub lease_duration: Duration,
    /// When the store was restored: slots due before it are held as Unknown where their receipt is missing or not
    /// Published, because what it says may be old.
    pub restored_at: Option<Timestamp>,
    /// Why nothing may be sent by this process now, as reason and sentence: clocks that disagree, a store that went back.
    pub closed: Option<(String, String)>,
}
