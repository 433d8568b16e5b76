//! Platforms of every class: what readers of them see, and what becomes of a request on its way there and back.
//!
//! They stand for the promise of a class, not for a platform: what a real one answers is the matter of the conformance suite.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use campanile::{
    api::ChannelConfigSpec,
    domain::publication::Publication,
    publish::{
        Class, Found, Outcome, Preflight, Prepared, PublishError, Published, Publisher, Publishers, Secrets,
        SelectError,
    },
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    branch::RowHistory,
    record::{Looked, Record, in_namespace},
    scene::NAMESPACE,
    script::Script,
};

/// How long a send may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a platform of class B remembers a key.
pub(crate) const WINDOW: Duration = Duration::from_hours(4);

/// The four classes, as accounts of the scene are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    NaturalKey,
    IdempotencyKey,
    LookUp,
    Neither,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [
        Self::NaturalKey,
        Self::IdempotencyKey,
        Self::LookUp,
        Self::Neither,
    ];

    pub(crate) fn account(self) -> &'static str {
        match self {
            Self::NaturalKey => "natural",
            Self::IdempotencyKey => "keyed",
            Self::LookUp => "searched",
            Self::Neither => "plain",
        }
    }

    fn of(account: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.account() == account)
    }

    fn class(self) -> Class {
        match self {
            Self::NaturalKey => Class::NaturalKey,
            Self::IdempotencyKey => Class::IdempotencyKey { window: WINDOW },
            Self::LookUp => Class::LookUp,
            Self::Neither => Class::Neither,
        }
    }
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    RefusedAtTheDoor,
    LostOnTheWay,
    AnswerLost,
    ArrivesLate(Duration),
    ErrorBefore,
    ErrorAfter,
    TooMany,
    Slow(Duration),
}

#[derive(Default)]
struct State {
    /// What stands under each key, and since when.
    published: BTreeMap<String, Timestamp>,
    down: BTreeMap<Kind, bool>,
}

/// All platforms of a run.
pub(crate) struct Platforms {
    record: Record,
    rows: RowHistory,
    state: Mutex<State>,
    chance: Mutex<fastrand::Rng>,
    disturbed: AtomicBool,
    /// Whether a pack judges what is sent.
    judged: bool,
}

impl std::fmt::Debug for Platforms {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Platforms")
    }
}

impl Platforms {
    pub(crate) fn new(record: Record, rows: RowHistory, chance: fastrand::Rng, script: &Script) -> Arc<Self> {
        Arc::new(Self {
            record,
            rows,
            state: Mutex::default(),
            chance: Mutex::new(chance),
            disturbed: AtomicBool::new(script.disturbed),
            judged: script.watch.judged,
        })
    }

    /// From now on every request arrives and is answered.
    pub(crate) fn calm(&self) {
        self.disturbed.store(false, Ordering::SeqCst);
        self.state().down.clear();
    }

    pub(crate) fn set_down(&self, kind: Kind, down: bool) {
        self.state().down.insert(kind, down);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, kind: Kind) -> Fate {
        if self.state().down.get(&kind) == Some(&true) {
            return Fate::RefusedAtTheDoor;
        }
        if !self.disturbed.load(Ordering::SeqCst) {
            return Fate::Arrives;
        }
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        match chance.u8(0..24) {
            0 => Fate::RefusedAtTheDoor,
            1 => Fate::LostOnTheWay,
            2 | 3 => Fate::AnswerLost,
            4 => Fate::ArrivesLate(Duration::from_secs(chance.u64(1..600))),
            5 => Fate::ErrorBefore,
            6 => Fate::ErrorAfter,
            7 => Fate::TooMany,
            8 | 9 => Fate::Slow(Duration::from_secs(chance.u64(1..9))),
            _ => Fate::Arrives,
        }
    }

    /// The platform acts on a request, as its class does.
    fn acts(&self, kind: Kind, publication: &Publication) {
        let key = publication.key();
        let now = self.record.now();
        let mut state = self.state();
        let known = state.published.get(&key).copied();
        let again = match kind {
            Kind::NaturalKey => known.is_none(),
            Kind::IdempotencyKey => known.is_none_or(|since| now > since + window()),
            Kind::LookUp | Kind::Neither => true,
        };
        if again {
            state.published.insert(key, now);
        }
        drop(state);
        if again {
            self.record.appeared(publication, kind);
        }
    }

    fn has(&self, publication: &Publication) -> bool {
        self.state().published.contains_key(&publication.key())
    }
}

fn window() -> SignedDuration {
    SignedDuration::try_from(WINDOW).expect("a window")
}

/// The platforms as one process reaches them.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) platforms: Arc<Platforms>,
    pub(crate) process: usize,
    pub(crate) holds_a_lease: bool,
}

impl Publishers for Reached {
    fn select(&self, spec: &ChannelConfigSpec, _: &Secrets) -> Result<Box<dyn Publisher>, SelectError> {
        let kind = Kind::of(&spec.account).ok_or_else(|| SelectError::InvalidConfig {
            field: "spec.account".to_owned(),
            problem: "is no simulated platform".to_owned(),
        })?;
        Ok(Box::new(Simulated {
            kind,
            platforms: Arc::clone(&self.platforms),
            process: self.process,
            holds_a_lease: self.holds_a_lease,
        }))
    }
}

#[derive(Debug)]
struct Simulated {
    kind: Kind,
    platforms: Arc<Platforms>,
    process: usize,
    holds_a_lease: bool,
}

impl Simulated {
    /// What the last look before this publication has to read.
    fn looks(&self, publication: &Publication) -> Vec<Looked> {
        let lease = format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/");
        let (post, account) = (&publication.slot.fields().post_id, self.kind.account());
        let receipt = publication.slot.receipt_name();
        let mut looks = vec![
            (in_namespace("campaigns/week1"), "campaign"),
            (in_namespace("channelconfigs"), account),
            (in_namespace("halts"), "the Halts"),
            (in_namespace("approvals"), "the Approvals"),
            (
                in_namespace(&format!("assets/{post}-linkedin-{account}-")),
                "its asset",
            ),
            (in_namespace(&format!("receipts/{receipt}")), "its receipt"),
        ];
        if self.holds_a_lease {
            looks.push((lease, "the lease"));
        }
        if self.platforms.judged {
            looks.push((in_namespace("policypacks"), "the pack"));
        }
        let looked = |(at, name): (String, &str)| Looked {
            at,
            name: name.to_owned(),
        };
        looks.into_iter().map(looked).collect()
    }

    async fn meet(&self, fate: Fate, publication: &Publication) -> Result<(), PublishError> {
        let platforms = &self.platforms;
        match fate {
            Fate::RefusedAtTheDoor => return Err(failed(Outcome::NotSent { retry_after: None })),
            Fate::TooMany => {
                let retry_after = Duration::from_secs(30);
                return Err(failed(Outcome::RateLimited { retry_after }));
            }
            Fate::LostOnTheWay => {
                tokio::time::sleep(SEND_TIMEOUT).await;
                return Err(failed(Outcome::Unknown));
            }
            Fate::ArrivesLate(after) => {
                let (platforms, kind, late) = (Arc::clone(platforms), self.kind, publication.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    platforms.acts(kind, &late);
                });
                tokio::time::sleep(SEND_TIMEOUT).await;
                return Err(failed(Outcome::Unknown));
            }
            Fate::ErrorBefore => return Err(failed(Outcome::Unknown)),
            Fate::Slow(after) => tokio::time::sleep(after).await,
            Fate::Arrives | Fate::AnswerLost | Fate::ErrorAfter => {}
        }
        platforms.acts(self.kind, publication);
        match fate {
            Fate::AnswerLost => {
                tokio::time::sleep(SEND_TIMEOUT).await;
                Err(failed(Outcome::Unknown))
            }
            Fate::ErrorAfter => Err(failed(Outcome::Unknown)),
            _ => Ok(()),
        }
    }
}

fn failed(outcome: Outcome) -> PublishError {
    PublishError {
        outcome,
        reason: "Simulated",
        message: format!("the simulated platform: {outcome:?}"),
        source: None,
    }
}

fn published(publication: &Publication) -> Published {
    Published {
        remote_id: Some(publication.key()),
        url: None,
    }
}

#[async_trait]
impl Publisher for Simulated {
    fn channel_type(&self) -> &'static str {
        "simulated"
    }

    fn class(&self) -> Class {
        self.kind.class()
    }

    fn endpoint_digest(&self) -> String {
        format!("sha256:{}", self.kind.account())
    }

    fn send_timeout(&self) -> Duration {
        SEND_TIMEOUT
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        Ok(Preflight {
            message: "It can be reached.".to_owned(),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, _: &str) -> Result<Published, PublishError> {
        let record = &self.platforms.record;
        record.handed_over(self.process, publication, &self.looks(publication));
        record.judged_by_people(self.process, publication, &self.platforms.rows);
        let fate = self.platforms.fate(self.kind);
        if !matches!(fate, Fate::Arrives) {
            record.fault(
                name(fate),
                &format!("{} {fate:?}", publication.slot.fields().post_id),
            );
        }
        if !matches!(fate, Fate::RefusedAtTheDoor | Fate::TooMany) {
            record.press(publication, self.kind);
        }
        self.meet(fate, publication).await?;
        Ok(published(publication))
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        match self.kind {
            Kind::IdempotencyKey | Kind::Neither => Ok(Found::CannotTell),
            _ if self.platforms.has(publication) => Ok(Found::Published(published(publication))),
            _ => Ok(Found::Absent),
        }
    }
}

fn name(fate: Fate) -> &'static str {
    match fate {
        Fate::Arrives => "none",
        Fate::RefusedAtTheDoor => "platform: refused",
        Fate::LostOnTheWay => "platform: request lost",
        Fate::AnswerLost => "platform: answer lost",
        Fate::ArrivesLate(_) => "platform: arrives late",
        Fate::ErrorBefore => "platform: 5xx, nothing done",
        Fate::ErrorAfter => "platform: 5xx, done",
        Fate::TooMany => "platform: 429",
        Fate::Slow(_) => "platform: slow",
    }
}
