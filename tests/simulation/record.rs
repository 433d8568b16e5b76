//! What happened in a run: the trace, what readers can see, and everything that must never be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use campanile::domain::publication::Publication;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    branch::RowHistory,
    clock::TrueTime,
    permission::{LastLook, Permission, Sent},
    platforms::Kind,
    receipts::Receipts,
    scene::NAMESPACE,
};

/// How many lines of the trace a failure shows.
const SHOWN: usize = 250;

/// Something that a reader of the platform can see.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) kind: Kind,
}

/// Who publishes what where, in the words of the sheet: it survives whatever the product makes of names and digests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) post: String,
    pub(crate) platform: String,
    pub(crate) account: String,
    pub(crate) epoch: u32,
}

impl Place {
    pub(crate) fn of(publication: &Publication) -> Self {
        let slot = &publication.slot.fields();
        Self {
            post: slot.post_id.clone(),
            platform: slot.platform.clone(),
            account: slot.account.clone(),
            epoch: publication.epoch,
        }
    }
}

/// A publication that was handed to a platform which may have acted on it.
#[derive(Clone, Debug)]
pub(crate) struct Pressed {
    pub(crate) kind: Kind,
    pub(crate) post: String,
    pub(crate) at: Timestamp,
}

/// Something that the last look reads; its name is that of the switch of people that stands there, if one does.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    /// The beginning of its path.
    pub(crate) at: String,
    pub(crate) name: String,
}

/// What one process last did, counted by the moments of the whole run.
#[derive(Debug, Default)]
struct Deeds {
    /// Path of an object, and when each direct read of it that was answered had begun.
    read: BTreeMap<String, BTreeSet<u64>>,
    /// Name of a Receipt, and when its write as Sending was answered.
    locked: BTreeMap<String, u64>,
}

impl Deeds {
    /// When a direct list of each kind that people write had begun at the earliest, after the intent was on record.
    ///
    /// Which of the reads since then an attempt went by cannot be seen from outside: other attempts of the process read
    /// the same lists. So a send is wrong only where every one of them forbids it.
    fn last_look(&self, receipt: &str) -> LastLook {
        let locked = self.locked.get(receipt).copied().unwrap_or(u64::MAX);
        let listed = |kind: &str| self.first_read(&in_namespace(kind), locked).unwrap_or(0);
        LastLook {
            halts: listed("halts"),
            approvals: listed("approvals"),
            packs: listed("policypacks"),
        }
    }

    /// When the first direct read of what begins with a path had begun, of those that began after a moment.
    fn first_read(&self, beginning: &str, after: u64) -> Option<u64> {
        let read = self.read.range(beginning.to_owned()..);
        let read = read.take_while(|(path, _)| path.starts_with(beginning));
        let since = (Bound::Excluded(after), Bound::Unbounded);
        read.filter_map(|(_, began)| began.range(since).next().copied())
            .min()
    }
}

#[derive(Default)]
struct Inner {
    moment: u64,
    trace: Vec<String>,
    effects: BTreeMap<Place, Vec<Effect>>,
    wrongs: Vec<String>,
    pressed: Vec<Pressed>,
    processes: BTreeMap<usize, Deeds>,
    /// Switches that are off, and since which moment that was acknowledged.
    closed: BTreeMap<String, u64>,
    counted: BTreeMap<&'static str, u64>,
    writes: u64,
    receipts: Receipts,
    permission: Permission,
}

/// The record of one run.
#[derive(Clone)]
pub(crate) struct Record {
    time: TrueTime,
    prints: bool,
    inner: Arc<Mutex<Inner>>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Record")
    }
}

impl Record {
    pub(crate) fn new(time: TrueTime) -> Self {
        Self {
            time,
            prints: std::env::var_os("SIMULATION_TRACE").is_some(),
            inner: Arc::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Notes a line of the trace.
    pub(crate) fn note(&self, line: impl AsRef<str>) {
        let at = self.time.now().strftime("%d %H:%M:%S%.3f").to_string();
        let line = format!("{at} {}", line.as_ref());
        if self.prints {
            println!("{line}");
        }
        self.inner().trace.push(line);
    }

    /// Notes a fault that was injected.
    pub(crate) fn fault(&self, fault: &'static str, where_: &str) {
        self.note(format!("  FAULT {fault}: {where_}"));
        *self.inner().counted.entry(fault).or_default() += 1;
    }

    /// Notes that something happened that must never.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("  WRONG {what}"));
        self.inner().wrongs.push(what);
    }

    /// A moment that is after all earlier ones.
    pub(crate) fn moment(&self) -> u64 {
        let mut inner = self.inner();
        inner.moment += 1;
        inner.moment
    }

    /// A direct read that began at that moment was answered.
    pub(crate) fn was_read(&self, process: usize, path: &str, began: u64) {
        let mut inner = self.inner();
        let read = inner
            .processes
            .entry(process)
            .or_default()
            .read
            .entry(path.to_owned());
        read.or_default().insert(began);
    }

    /// A write of a Receipt as Sending was answered now.
    pub(crate) fn locked(&self, process: usize, receipt: &str) {
        let moment = self.moment();
        let mut inner = self.inner();
        let deeds = inner.processes.entry(process).or_default();
        deeds.locked.insert(receipt.to_owned(), moment);
    }

    /// The API server took a version of a receipt.
    pub(crate) fn took(&self, process: usize, receipt: &Value) {
        self.inner().receipts.took(process, receipt);
    }

    /// Looks at every version of every receipt.
    pub(crate) fn judge_the_receipts(&self) {
        let wrongs = self.inner().receipts.wrongs();
        for wrong in wrongs {
            self.wrong(wrong);
        }
    }

    /// A write that was made, of whatever kind but a Lease.
    pub(crate) fn wrote(&self) {
        self.inner().writes += 1;
    }

    pub(crate) fn writes(&self) -> u64 {
        self.inner().writes
    }

    /// A switch was thrown, and whoever threw it knows.
    pub(crate) fn switched(&self, name: &str, open: bool) {
        let moment = self.moment();
        let mut inner = self.inner();
        if open {
            inner.closed.remove(name);
        } else {
            inner.closed.insert(name.to_owned(), moment);
        }
    }

    /// A process hands a publication to a platform: every gate must have been open when it looked last.
    pub(crate) fn handed_over(&self, process: usize, publication: &Publication, looks: &[Looked]) {
        let receipt = publication.slot.receipt_name();
        let wrongs = {
            let inner = self.inner();
            let none = Deeds::default();
            let deeds = inner.processes.get(&process).unwrap_or(&none);
            sent_without_a_look(&inner, deeds, &receipt, looks)
        };
        for wrong in wrongs {
            self.wrong(format!("{} was sent {wrong}", publication.slot.fields().post_id));
        }
    }

    /// A row must have been approved with these words, and due, by what the branch said lately or a person decided; and
    /// no Halt, denial or policy may forbid what was looked at last.
    pub(crate) fn judged_by_people(&self, process: usize, publication: &Publication, rows: &RowHistory) {
        let slot = publication.slot.fields();
        let sent = Sent {
            post: &slot.post_id,
            account: &slot.account,
            text: &publication.content.text,
        };
        let wrongs = {
            let inner = self.inner();
            let none = Deeds::default();
            let deeds = inner.processes.get(&process).unwrap_or(&none);
            let look = deeds.last_look(&publication.slot.receipt_name());
            let permission = &inner.permission;
            let by_a_person = permission.a_person_approves(sent, look);
            let mut wrongs = permission.forbids(sent, look, rows.turned(sent.post, sent.text));
            wrongs.extend(rows.forbids(sent.post, (sent.text, by_a_person), self.now()));
            wrongs
        };
        for wrong in wrongs {
            self.wrong(format!("{} was sent {wrong}", sent.post));
        }
    }

    /// Notes or asks what people and policies said.
    pub(crate) fn permission<T>(&self, with: impl FnOnce(&mut Permission) -> T) -> T {
        with(&mut self.inner().permission)
    }

    /// A platform may act on a publication.
    pub(crate) fn press(&self, publication: &Publication, kind: Kind) {
        let pressed = Pressed {
            kind,
            post: publication.slot.fields().post_id.clone(),
            at: self.now(),
        };
        self.inner().pressed.push(pressed);
    }

    /// What platforms may have acted on, in order.
    pub(crate) fn pressed(&self) -> Vec<Pressed> {
        self.inner().pressed.clone()
    }

    /// Readers see something new.
    pub(crate) fn appeared(&self, publication: &Publication, kind: Kind) {
        let place = Place::of(publication);
        self.note(format!(
            "  EFFECT {place:?} attempt {}",
            short(&publication.attempt)
        ));
        let effect = Effect { kind };
        let count = {
            let mut inner = self.inner();
            let effects = inner.effects.entry(place.clone()).or_default();
            effects.push(effect);
            effects.len()
        };
        if count > 1 {
            self.wrong(format!("{place:?} can be seen {count} times"));
        }
    }

    /// Whether readers can see a publication of that post and account.
    pub(crate) fn is_visible(&self, post: &str, platform: &str, account: &str) -> bool {
        self.inner()
            .effects
            .keys()
            .any(|place| place.post == post && place.platform == platform && place.account == account)
    }

    /// What readers can see.
    pub(crate) fn effects(&self) -> BTreeMap<Place, Vec<Effect>> {
        self.inner().effects.clone()
    }

    /// How often each fault was injected.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.inner().counted.clone()
    }

    /// Everything that must never be, each once.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        let wrongs: BTreeSet<String> = self.inner().wrongs.iter().cloned().collect();
        wrongs.into_iter().collect()
    }

    /// The end of the trace, for people.
    pub(crate) fn shown(&self) -> String {
        let inner = self.inner();
        let from = inner.trace.len().saturating_sub(SHOWN);
        let mut shown = String::new();
        for line in inner.trace.iter().skip(from) {
            let _ = writeln!(shown, "{line}");
        }
        shown
    }
}

/// Where objects of a kind of ours are.
pub(crate) fn in_namespace(kind: &str) -> String {
    format!("/apis/campanile.dev/v1alpha1/namespaces/{NAMESPACE}/{kind}")
}

/// The first characters of an id.
pub(crate) fn short(id: &str) -> &str {
    id.get(..6).unwrap_or(id)
}

fn sent_without_a_look(inner: &Inner, deeds: &Deeds, receipt: &str, looks: &[Looked]) -> Vec<String> {
    let mut wrongs = Vec::new();
    let Some(locked) = deeds.locked.get(receipt).copied() else {
        return vec!["without an intent on record".to_owned()];
    };
    for Looked { at, name } in looks {
        let Some(read) = deeds.first_read(at, locked) else {
            wrongs.push(format!("without a last look at {name}"));
            continue;
        };
        if inner.closed.get(name).is_some_and(|closed| read > *closed) {
            wrongs.push(format!(
                "although {name} was switched off before the last look began"
            ));
        }
    }
    wrongs
}
