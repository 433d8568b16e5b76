//! One run: an API server in memory, a branch, platforms, and operators that come and go.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use campanile::api::{ANNOTATION_REQUESTED_AT, Asset, Campaign, ChannelConfig, Receipt, ReceiptPhase};
use fastrand::Rng;
use jiff::SignedDuration;
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use crate::{
    api_server::{self, ApiServer},
    branch::{Branch, Row},
    clock::{MachineClock, TrueTime},
    faults::Line,
    people::halt_name,
    platforms::{Kind, Platforms, WINDOW},
    process::{Process, Start},
    record::{Pressed, Record},
    script::{Limits, Script, Step},
};

/// The tenant of every run.
pub(crate) const NAMESPACE: &str = "simulation";
/// How often a run looks whether it rests.
const LOOK: Duration = Duration::from_mins(5);
/// After this long without faults nothing may move any more: the window of class B, twice, and the doubts of class C.
const LONGEST: Duration = Duration::from_hours(16);

/// What came of a run.
pub(crate) struct Verdict {
    pub(crate) wrongs: Vec<String>,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) shown: String,
    /// How many requests the busiest operator had made when the last thing was written.
    pub(crate) requests: u64,
    /// How many phases of each name the receipts have in the end.
    pub(crate) phases: BTreeMap<String, usize>,
    /// What was handed to platforms that may have acted on it, in order.
    pub(crate) pressed: Vec<Pressed>,
    /// Every Halt that was made, by people and by breakers.
    pub(crate) halts: BTreeSet<String>,
}

pub(crate) struct Scene {
    pub(crate) script: Script,
    time: TrueTime,
    pub(crate) record: Record,
    server: ApiServer,
    pub(crate) client: Client,
    branch: Branch,
    platforms: Arc<Platforms>,
    processes: BTreeMap<usize, Process>,
    started: usize,
    requests: u64,
    chance: Rng,
}

impl Scene {
    /// Sets everything up; no operator runs yet.
    pub(crate) async fn set(script: Script, time: TrueTime) -> Self {
        let record = Record::new(time);
        let mut chance = Rng::with_seed(script.seed ^ 0x5eed);
        let server = ApiServer::start(time, script.seed).await;
        let client = Client::new(server.service(), NAMESPACE);
        let branch = Branch::new(time);
        let platforms = Platforms::new(record.clone(), branch.history.clone(), chance.fork(), &script);
        let mut scene = Self {
            time,
            record,
            server,
            client,
            branch,
            platforms,
            processes: BTreeMap::new(),
            started: 0,
            requests: 0,
            chance,
            script,
        };
        scene.branch.push(scene.script.rows.clone(), false);
        scene.apply().await;
        scene
    }

    async fn apply(&self) {
        api_server::install(&self.client).await;
        let approval = if self.script.per_revision {
            "PerRevision"
        } else {
            "PerDigest"
        };
        let mut campaign = json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Campaign", "metadata": {"name": "week1"},
            "spec": {
                "weekId": "week1", "timeZone": "UTC", "missed": {"policy": "Publish"},
                "retry": {"limit": 3, "after": "10m"}, "approval": {"branch": approval},
                "source": {
                    "git": {"url": self.branch.url(), "branch": "main", "interval": "30m"},
                    "sheets": [{"path": "sheet.csv"}], "maxStaleness": "12h",
                },
            },
        });
        if self.script.limits.rest > Limits::default().rest {
            // That the host answers is written down after an eighth of this: later than anything rests.
            campaign["spec"]["source"]["maxStaleness"] = json!("2000h");
        }
        if let Some(cap) = self.script.limits.of_campaign {
            campaign["spec"]["maxPublishesPerDay"] = json!(cap);
        }
        if self.script.watch.judged {
            self.watch_over_words().await;
            campaign["spec"]["policies"] = json!([{"name": "brand"}]);
        }
        if let Some(breakers) = &self.script.watch.breakers_of_campaign {
            campaign["spec"]["breakers"] = breakers.clone();
        }
        self.create::<Campaign>(campaign).await;
        for kind in Kind::ALL {
            let mut spec = json!({"platform": "linkedin", "account": kind.account()});
            spec["webhook"] = match kind {
                Kind::IdempotencyKey => {
                    let window = format!("{}s", WINDOW.as_secs());
                    json!({"url": "https://platform.example.com/", "idempotency": {"window": window}})
                }
                _ => json!({"url": "https://platform.example.com/"}),
            };
            if let Some(limits) = self.script.limits.of_channels.get(&kind) {
                spec["limits"] = limits.clone();
            }
            if let Some(breakers) = &self.script.watch.breakers_of_channels {
                spec["breakers"] = breakers.clone();
            }
            self.create::<ChannelConfig>(json!({
                "apiVersion": "campanile.dev/v1alpha1", "kind": "ChannelConfig",
                "metadata": {"name": kind.account()}, "spec": spec,
            }))
            .await;
        }
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    pub(crate) async fn create<K>(&self, object: Value)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        let object: K = serde_json::from_value(object).expect("an object of its kind");
        let created = self.api::<K>().create(&PostParams::default(), &object).await;
        created.expect("create an object");
    }

    pub(crate) async fn list<K>(&self) -> Vec<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let listed = self.api::<K>().list(&ListParams::default()).await;
        listed.expect("list objects").items
    }

    /// Plays the script, ends all faults, waits until everything rests, and judges.
    pub(crate) async fn play(mut self) -> Verdict {
        for (at, step) in self.script.steps.clone() {
            tokio::time::sleep(at.saturating_sub(self.time.elapsed())).await;
            self.record.note(format!("STEP {step:?}"));
            self.take(step).await;
        }
        self.mend().await;
        self.come_to_rest().await;
        self.judge().await;
        for process in std::mem::take(&mut self.processes).into_values() {
            process.kill().await;
        }
        let receipts = self.list::<Receipt>().await;
        let mut phases = BTreeMap::new();
        for receipt in &receipts {
            *phases.entry(format!("{:?}", phase(receipt))).or_default() += 1;
        }
        self.server.stop().await;
        Verdict {
            wrongs: self.record.wrongs(),
            faults: self.record.faults(),
            shown: self.record.shown(),
            requests: self.requests,
            phases,
            pressed: self.record.pressed(),
            halts: self.record.permission(|known| known.halts_made()),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Approve(row) => self.edit(row, |row| row.approved = true),
            Step::Withdraw(row) => self.edit(row, |row| row.approved = false),
            Step::Reword(row) => {
                let number = self.chance.u16(..);
                self.edit(row, |row| {
                    row.text = format!("Other words {number} of {}.", row.post);
                });
            }
            Step::Move(row, minutes) => self.edit(row, |row| row.at += SignedDuration::from_mins(minutes)),
            Step::Remove(row) => self.remove(row),
            Step::PutBack(row) => self.put_back(row),
            Step::RewriteHistory => {
                let rows = self.branch.rows().to_vec();
                self.branch.push(rows, true);
            }
            Step::BranchDown(down) => self.branch.set_down(down),
            Step::PlatformDown(kind, down) => self.platforms.set_down(kind, down),
            Step::Decide(row, denies) => self.decide(row, denies).await,
            Step::TakeBack(row, denies) => self.take_back(row, denies).await,
            Step::Recall(recalled) => self.recall(recalled).await,
            Step::Say(row, word) => self.edit(row, |row| {
                row.text = format!("Words that say {word} of {}.", row.post);
            }),
            Step::LiftAll => self.lift_all().await,
            Step::Revive => self.revive().await,
            Step::Suspend(suspended) => self.suspend(suspended).await,
            Step::Switch(kind, on) => self.switch(kind, on).await,
            Step::Halt(halt) => self.halt(halt).await,
            Step::Lift(halt) => self.lift(&halt_name(halt.kind)).await,
            Step::DeleteAsset => self.delete_asset().await,
            Step::Poke => self.poke().await,
            Step::Start { slot, death } => self.start(slot, death).await,
            Step::Kill(slot) => self.kill(slot).await,
            Step::CutLine(slot, cut) => {
                if let Some(process) = self.processes.get(&slot) {
                    process.line.set_cut(cut);
                }
            }
            Step::SetClock(slot, seconds) => {
                if let Some(process) = self.processes.get(&slot) {
                    process.clock.set_ahead(seconds);
                }
            }
        }
    }

    fn edit(&mut self, row: usize, change: impl FnOnce(&mut Row)) {
        let mut rows = self.branch.rows().to_vec();
        let post = format!("post-{row}");
        if let Some(row) = rows.iter_mut().find(|row| row.post == post) {
            change(row);
            self.branch.push(rows, false);
        }
    }

    fn remove(&mut self, row: usize) {
        let mut rows = self.branch.rows().to_vec();
        rows.retain(|kept| kept.post != format!("post-{row}"));
        self.branch.push(rows, false);
    }

    fn put_back(&mut self, row: usize) {
        let mut rows = self.branch.rows().to_vec();
        let Some(original) = self.script.rows.get(row) else {
            return;
        };
        if rows.iter().all(|kept| kept.post != original.post) {
            rows.push(original.clone());
            self.branch.push(rows, false);
        }
    }

    async fn suspend(&self, suspended: bool) {
        if !suspended {
            self.record.switched("campaign", true);
        }
        self.patch::<Campaign>("week1", json!({"spec": {"suspend": suspended}}))
            .await;
        if suspended {
            self.record.switched("campaign", false);
        }
    }

    async fn switch(&self, kind: Kind, on: bool) {
        if on {
            self.record.switched(kind.account(), true);
        }
        self.patch::<ChannelConfig>(kind.account(), json!({"spec": {"publishEnabled": on}}))
            .await;
        if !on {
            self.record.switched(kind.account(), false);
        }
    }

    pub(crate) async fn patch<K>(&self, name: &str, patch: Value)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let patched = self
            .api::<K>()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched.expect("patch an object");
    }

    async fn delete_asset(&mut self) {
        let assets = self.list::<Asset>().await;
        if let Some(asset) = self.chance.choice(&assets) {
            let deleted = self
                .api::<Asset>()
                .delete(&asset.name_any(), &DeleteParams::default())
                .await;
            drop(deleted);
        }
    }

    async fn poke(&self) {
        let when = self.time.now().to_string();
        self.patch::<Campaign>(
            "week1",
            json!({"metadata": {"annotations": {ANNOTATION_REQUESTED_AT: when}}}),
        )
        .await;
    }

    async fn start(&mut self, slot: usize, death: Option<crate::process::Death>) {
        self.kill(slot).await;
        let number = self.started;
        self.started += 1;
        let line = Line::new(
            Arc::clone(&self.server.server),
            self.record.clone(),
            number,
            self.chance.fork(),
            &self.script,
        );
        let process = Process::start(Start {
            number,
            leader_elect: self.script.leader_elect,
            death,
            cache: self.branch.cache(number),
            clock: MachineClock::right(self.time),
            line,
            platforms: Arc::clone(&self.platforms),
            record: self.record.clone(),
        })
        .await;
        self.processes.insert(slot, process);
    }

    async fn kill(&mut self, slot: usize) {
        if let Some(process) = self.processes.remove(&slot) {
            process.kill().await;
        }
    }

    /// Ends every fault: what follows is an ordinary day.
    async fn mend(&mut self) {
        self.record.note("MENDED");
        self.platforms.calm();
        self.branch.set_down(false);
        self.suspend(false).await;
        for kind in Kind::ALL {
            self.switch(kind, true).await;
        }
        self.lift_all().await;
        for process in self.processes.values() {
            process.line.calm();
            process.clock.set_ahead(0);
        }
        self.revive().await;
        self.script.disturbed = false;
        for process in self.processes.values() {
            process.line.calm();
        }
    }

    /// Starts whoever is dead.
    async fn revive(&mut self) {
        let dead = self.processes.iter().filter(|(_, process)| process.is_dead());
        let dead: Vec<usize> = dead.map(|(slot, _)| *slot).collect();
        for slot in dead {
            self.start(slot, None).await;
        }
    }

    /// Waits until nothing was written for an hour, or as long as the script says; whoever ended by itself is started again, as its pod would be.
    async fn come_to_rest(&mut self) {
        self.count_requests();
        let (mut writes, mut since) = (self.record.writes(), self.time.elapsed());
        let began = since;
        let rest = self.script.limits.rest;
        while self.time.elapsed() < since + rest {
            if self.time.elapsed() > began + LONGEST.max(rest * 8) {
                self.record.wrong("it never comes to rest");
                return;
            }
            tokio::time::sleep(LOOK).await;
            self.revive().await;
            if self.record.writes() != writes {
                self.count_requests();
                (writes, since) = (self.record.writes(), self.time.elapsed());
            }
        }
    }

    fn count_requests(&mut self) {
        let requests = self.processes.values().map(|process| process.life.requests());
        self.requests = requests.chain([self.requests]).max().unwrap_or(0);
    }

    /// What must be true when everything rests.
    async fn judge(&self) {
        self.record.judge_the_receipts();
        let receipts = self.list::<Receipt>().await;
        self.every_effect_is_on_record(&receipts);
        self.every_success_can_be_seen(&receipts);
        self.everything_that_may_go_has_gone(&receipts).await;
    }

    fn every_effect_is_on_record(&self, receipts: &[Receipt]) {
        for (place, effects) in self.record.effects() {
            let receipt = receipts.iter().find(|receipt| {
                let slot = &receipt.spec.slot;
                slot.post_id == place.post && slot.account == place.account
            });
            let phase = receipt.map(phase);
            let cannot_tell = effects
                .iter()
                .any(|effect| matches!(effect.kind, Kind::Neither | Kind::IdempotencyKey));
            match phase {
                Some(ReceiptPhase::Published) => {}
                Some(ReceiptPhase::Unknown) if cannot_tell => {}
                other => self
                    .record
                    .wrong(format!("{place:?} can be seen, its receipt says {other:?}")),
            }
        }
    }

    fn every_success_can_be_seen(&self, receipts: &[Receipt]) {
        for receipt in receipts {
            let slot = &receipt.spec.slot;
            let visible = self
                .record
                .is_visible(&slot.post_id, &slot.platform, &slot.account);
            if phase(receipt) == ReceiptPhase::Published && !visible {
                self.record
                    .wrong(format!("{} is Published and cannot be seen", slot.post_id));
            }
            if phase(receipt) == ReceiptPhase::Sending {
                self.record.wrong(format!("{} is Sending for ever", slot.post_id));
            }
        }
    }

    /// A row that stands approved with the words that were approved first must have gone out, or say why not.
    async fn everything_that_may_go_has_gone(&self, receipts: &[Receipt]) {
        let assets = self.list::<Asset>().await;
        for row in self.branch.rows().iter().filter(|row| row.approved) {
            for kind in &row.accounts {
                if row.at > self.time.now() || Self::is_settled(row, *kind, receipts) {
                    continue;
                }
                let asset = assets.iter().find(|asset| {
                    asset.spec.post_id == row.post && asset.spec.target.account == kind.account()
                });
                let status = asset.and_then(|asset| asset.status.clone()).unwrap_or_default();
                let phase = status.phase.map(|phase| format!("{phase:?}")).unwrap_or_default();
                let waits = matches!(
                    phase.as_str(),
                    "AwaitingApproval" | "Unknown" | "Failed" | "Posted"
                );
                if !waits && !self.is_stopped(row, *kind, asset) {
                    self.record.wrong(format!(
                        "{} to {} was not sent and is {phase:?}, {:?}",
                        row.post,
                        kind.account(),
                        status.reason
                    ));
                }
            }
        }
    }

    fn is_settled(row: &Row, kind: Kind, receipts: &[Receipt]) -> bool {
        receipts.iter().any(|receipt| {
            let slot = &receipt.spec.slot;
            slot.post_id == row.post
                && slot.account == kind.account()
                && matches!(
                    phase(receipt),
                    ReceiptPhase::Published | ReceiptPhase::Unknown | ReceiptPhase::Failed
                )
        })
    }
}

fn phase(receipt: &Receipt) -> ReceiptPhase {
    receipt.status.clone().unwrap_or_default().phase
}
