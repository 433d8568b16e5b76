//! A campaign whose branch changes step by step, and the Assets that stand after each step.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    api::CampaignSpec,
    domain::wanted::{Inputs, wanted},
};

const HEADER: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status\n";
const LINK: &str = "https://example.com/?utm_source=a&utm_medium=b&utm_campaign=c";

/// What stands in the cluster, and what the branch said of it.
#[derive(Default)]
struct World {
    standing: BTreeMap<String, Standing>,
    remembered: Memory,
    authors: BTreeMap<String, String>,
    trailer: BTreeSet<String>,
    step: u32,
}

fn row(id: &str, copy: &str, status: &str) -> String {
    format!("{id},2026-02-16,en,linkedin,company,{copy},{LINK},{status}\n")
}

fn of_sheet(rows: &[String]) -> Wanted {
    of_files(&BTreeMap::from([(
        "sheet.csv".to_owned(),
        format!("{HEADER}{}", rows.concat()).into_bytes(),
    )]))
}

fn of_files(files: &BTreeMap<String, Vec<u8>>) -> Wanted {
    let campaign: CampaignSpec = serde_json::from_value(json!({
        "source": {
            "git": {"url": "https://git.example.com/team/gtm.git", "branch": "main"},
            "sheets": [{"path": "sheet.csv"}],
        },
        "timeZone": "Asia/Jerusalem",
    }))
    .unwrap();
    wanted(&Inputs {
        campaign: &campaign,
        campaign_name: "week-1",
        files,
        revision: "0123abcd",
        channels: &[],
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    })
}

impl World {
    fn changes(&self, wanted: &Wanted) -> Changes {
        self.compared(wanted).0
    }

    /// The changes, and what is remembered before they are made.
    fn compared(&self, wanted: &Wanted) -> (Changes, Memory) {
        let situation = Situation {
            standing: &self.standing,
            repository: "git.example.com/team/gtm#main",
            revision: &format!("revision-{}", self.step),
            authors: &self.authors,
            changed_by: &self.authors,
            approved_by_trailer: &self.trailer,
            remembered: &self.remembered,
            now: "2026-02-15T10:00:00Z".parse().unwrap(),
        };
        let changes = changes(wanted, &situation);
        let memory = remembering(wanted, &changes, &situation);
        (changes, memory)
    }

    /// Applies what the branch says, as the controller does.
    fn reads(&mut self, wanted: &Wanted) -> Changes {
        self.step += 1;
        let (changes, memory) = self.compared(wanted);
        self.remembered = memory;
        for change in &changes.changes {
            self.apply(wanted, change);
        }
        changes
    }

    fn reads_rows(&mut self, rows: &[String]) -> Changes {
        self.reads(&of_sheet(rows))
    }

    fn apply(&mut self, wanted: &Wanted, change: &Change) {
        match change {
            Change::Create {
                wanted: index,
                status,
            } => {
                let asset = &wanted.assets[*index];
                self.standing.insert(asset.name.clone(), made(asset, status));
            }
            Change::Update {
                wanted: index,
                status,
                spec,
            } => {
                let asset = &wanted.assets[*index];
                let before = self.standing[&asset.name].clone();
                let after = made(asset, status);
                let after = Standing {
                    phase: before.phase,
                    asks_since: before.asks_since,
                    receipt: before.receipt,
                    ..if *spec { after } else { with_status(before, status) }
                };
                self.standing.insert(asset.name.clone(), after);
            }
            Change::Withdraw { name, status } => {
                let before = self.standing[name].clone();
                self.standing.insert(name.clone(), with_status(before, status));
            }
            Change::Delete { name } => {
                self.standing.remove(name);
            }
        }
    }

    fn only(&mut self) -> &mut Standing {
        assert_eq!(self.standing.len(), 1);
        self.standing.values_mut().next().unwrap()
    }

    /// True where the branch approved the words that stand now.
    fn is_approved(&mut self) -> bool {
        let standing = self.only();
        let approval = standing.approval.as_ref();
        approval.is_some_and(|approval| approval.digests.contains(&standing.content_digest))
    }
}

fn with_status(standing: Standing, status: &MadeStatus) -> Standing {
    Standing {
        made: Some(status.made.clone()),
        approval: status.approval.clone(),
        source: status.source.clone(),
        ..standing
    }
}

fn made(asset: &WantedAsset, status: &MadeStatus) -> Standing {
    let standing = Standing {
        name: asset.name.clone(),
        slot: asset.slot.clone(),
        type_: asset.spec.type_,
        intent: asset.spec.intent,
        sound: AssetFacts::stopping_finding(&asset.spec).is_none(),
        spec_digest: digest::of_spec(&asset.spec),
        content_digest: digest::of_content(&asset.spec),
        phase: AssetPhase::Scheduled,
        made: None,
        approval: None,
        source: None,
        asks_since: None,
        receipt: None,
    };
    with_status(standing, status)
}

#[test]
fn the_first_sight_of_approved_approves_those_words_in_the_name_of_their_author() {
    let mut world = World::default();
    let wanted = of_sheet(&[row("a", "Hello", "approved")]);
    world
        .authors
        .insert(wanted.assets[0].name.clone(), "Dana".to_owned());
    world.reads(&wanted);
    assert!(world.is_approved());
    let approval = world.only().approval.clone().unwrap();
    assert_eq!(approval.by.as_deref(), Some("Dana"));
    assert_eq!(approval.revision, "revision-1");
    // It counts as approved at its due instant.
    assert_eq!(approval.at, None);
}

#[test]
fn what_is_not_approved_or_not_sound_is_approved_by_nobody() {
    for status in ["draft", "pending", "skip", "posted"] {
        let mut world = World::default();
        world.reads_rows(&[row("a", "Hello", status)]);
        assert_eq!(world.only().approval, None, "{status}");
    }
    let mut world = World::default();
    world.reads_rows(&[row("a", "", "approved")]);
    assert!(!world.only().sound);
    assert_eq!(world.only().approval, None);
}

#[test]
fn a_status_that_turns_to_approved_approves_at_that_instant() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "pending")]);
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert!(world.is_approved());
    assert!(world.only().approval.as_ref().unwrap().at.is_some());
}

#[test]
fn other_words_under_the_same_status_are_not_approved() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(!world.is_approved());
    // Reverting to words that were approved needs nothing new.
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert!(world.is_approved());
}

#[test]
fn other_words_are_approved_by_a_status_that_goes_back_and_turns_again() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.reads_rows(&[row("a", "Bye", "pending")]);
    assert!(!world.is_approved());
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(world.is_approved());
    assert_eq!(world.only().approval.as_ref().unwrap().digests.len(), 2);
}

#[test]
fn other_words_are_approved_by_a_trailer() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.trailer.insert("a".to_owned());
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(world.is_approved());
}

/// The same row on another day.
fn on(day: &str, row: &str) -> String {
    row.replace("2026-02-16", day)
}

fn approved_for(world: &mut World) -> String {
    let approval = world.only().approval.clone().unwrap();
    approval.publish_at.unwrap().0.to_string()
}

#[test]
fn an_approval_is_for_the_time_at_which_it_was_given_until_it_is_given_again() {
    let (monday, tuesday) = ("2026-02-16T06:10:00Z", "2026-02-17T06:10:00Z");
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert_eq!(approved_for(&mut world), monday);
    let moved = on("2026-02-17", &row("a", "Hello", "approved"));
    world.reads_rows(std::slice::from_ref(&moved));
    assert_eq!(approved_for(&mut world), monday, "nobody approved the new time");
    // Its Asset is deleted by hand: what is remembered is the time that was approved.
    world.standing.clear();
    world.reads_rows(std::slice::from_ref(&moved));
    assert_eq!(approved_for(&mut world), monday);
    world.trailer.insert("a".to_owned());
    world.reads_rows(std::slice::from_ref(&moved));
    assert_eq!(approved_for(&mut world), tuesday);
    world.trailer.clear();
    world.reads_rows(&[row("a", "Hello", "pending")]);
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert_eq!(approved_for(&mut world), monday, "a status that turned again");
    assert_eq!(world.only().approval.as_ref().unwrap().digests.len(), 1);
}

#[test]
fn since_when_a_row_asks_for_what_it_asks_is_kept_while_it_asks_for_it() {
    let mut world = World::default();
    let intent_at = |world: &mut World| world.only().made.as_ref().unwrap().intent_at.clone();
    let long_ago = Some(Time("2026-02-01T00:00:00Z".parse().unwrap()));
    let turned = |world: &mut World, status: &str| {
        world
            .only()
            .made
            .as_mut()
            .unwrap()
            .intent_at
            .clone_from(&long_ago);
        world.reads_rows(&[row("a", "Hello", status)]);
        intent_at(world)
    };
    world.reads_rows(&[row("a", "Hello", "pending")]);
    assert!(intent_at(&mut world).is_some());
    assert_eq!(turned(&mut world, "pending"), long_ago);
    assert_ne!(turned(&mut world, "draft"), long_ago);
    assert_ne!(turned(&mut world, "pending"), long_ago);
}

#[test]
fn a_repaired_row_is_approved_and_one_that_was_approved_before_it_broke_is_not_approved_anew() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "", "approved")]);
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert!(world.is_approved());
    world.reads_rows(&[row("a", "", "approved")]);
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(!world.is_approved());
}

#[test]
fn a_row_that_returns_with_other_words_is_not_approved() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    let changes = world.reads_rows(&[]);
    assert_eq!(changes.withdrawn, BTreeSet::from(["a".to_owned()]));
    assert!(world.standing.is_empty());
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(!world.is_approved());
    world.reads_rows(&[]);
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert!(world.is_approved());
}

#[test]
fn an_asset_that_somebody_deletes_approves_nothing_when_it_is_made_anew() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "pending")]);
    world.reads_rows(&[row("a", "Hello", "approved")]);
    let approved_at = world
        .only()
        .approval
        .as_ref()
        .and_then(|approval| approval.at.clone());
    // By hand, seen by nobody; the words change before anybody looks again.
    world.standing.clear();
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(!world.is_approved());
    world.standing.clear();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    assert!(world.is_approved());
    let approval = world.only().approval.clone().unwrap();
    assert_eq!(
        (approval.revision.as_str(), approval.at),
        ("revision-2", approved_at)
    );
}

#[test]
fn an_asset_that_was_never_written_approves_nothing_more_than_what_was_seen() {
    let mut world = World::default();
    // The process ends between what is remembered and what is made of it.
    world.remembered = world.compared(&of_sheet(&[row("a", "Hello", "approved")])).1;
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(!world.is_approved());
}

#[test]
fn a_memory_that_somebody_deleted_approves_nothing_that_does_not_stand() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved"), row("b", "Hello", "approved")]);
    let vouched = world.standing.values().next().unwrap().name.clone();
    world.standing.retain(|name, _| *name == vouched);
    let wanted = of_sheet(&[row("a", "Hello", "approved"), row("b", "Hello", "approved")]);
    world.remembered = without_memory(&wanted);
    world.reads(&wanted);
    let approved = |standing: &Standing| {
        let approval = standing.approval.as_ref();
        approval.is_some_and(|approval| approval.digests.contains(&standing.content_digest))
    };
    let names: Vec<&String> = world
        .standing
        .values()
        .filter(|standing| approved(standing))
        .map(|standing| &standing.name)
        .collect();
    assert_eq!((world.standing.len(), names), (2, vec![&vouched]));
    assert_eq!(
        world
            .remembered
            .values()
            .filter(|remembered| remembered.digests.is_empty())
            .count(),
        1
    );
}

#[test]
fn a_row_that_returns_with_other_words_is_approved_by_a_trailer() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.reads_rows(&[]);
    world.trailer.insert("a".to_owned());
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(world.is_approved());
}

#[test]
fn an_edit_by_hand_is_undone_and_is_no_status_that_turned() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.reads_rows(&[row("a", "Bye", "approved")]);
    // Somebody sets the intent back, so that the restored row would look as if its status had turned.
    world.only().intent = Intent::Pending;
    world.only().spec_digest = "sha256:edited".to_owned();
    let changes = world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(matches!(
        changes.changes.as_slice(),
        [Change::Update { spec: true, .. }]
    ));
    assert!(!world.is_approved());
}

#[test]
fn an_asset_made_by_hand_under_the_name_of_a_row_becomes_that_row() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "pending")]);
    world.only().made = None;
    let changes = world.reads_rows(&[row("a", "Hello", "pending")]);
    assert!(matches!(
        changes.changes.as_slice(),
        [Change::Update { spec: true, .. }]
    ));
    assert!(world.only().made.is_some());
}

#[test]
fn an_asset_made_by_hand_that_no_row_names_is_left_alone() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.only().made = None;
    assert_eq!(world.reads_rows(&[]), Changes::default());
}

#[test]
fn what_may_be_live_stays_although_its_row_is_gone() {
    for phase in [ReceiptPhase::Sending, ReceiptPhase::Unknown] {
        let mut world = World::default();
        world.reads_rows(&[row("a", "Hello", "approved")]);
        world.only().receipt = Some(phase);
        let changes = world.reads_rows(&[]);
        assert!(changes.withdrawn.is_empty());
        assert_eq!(world.only().made.as_ref().unwrap().withdrawn, WITHDRAWN);
        world.reads_rows(&[row("a", "Hello", "approved")]);
        assert_eq!(world.only().made.as_ref().unwrap().withdrawn, "");
    }
}

#[test]
fn a_page_stays_withdrawn_when_nothing_names_it_any_more() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.only().type_ = AssetType::Page;
    world.only().receipt = Some(ReceiptPhase::Published);
    let changes = world.reads_rows(&[]);
    assert!(changes.withdrawn.is_empty());
    assert_eq!(world.only().made.as_ref().unwrap().withdrawn, WITHDRAWN);
}

#[test]
fn what_is_published_is_deleted_with_its_row_and_its_approval_is_remembered_for_a_release() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    world.only().receipt = Some(ReceiptPhase::Published);
    let changes = world.reads_rows(&[]);
    assert!(changes.withdrawn.is_empty());
    assert!(world.standing.is_empty());
    assert_eq!(world.remembered.len(), 1);
}

#[test]
fn what_comes_from_a_file_that_cannot_be_read_is_held_and_released_when_it_is_repaired() {
    let mut world = World::default();
    let rows = [row("a", "Hello", "approved")];
    world.reads_rows(&rows);
    let unread = Wanted {
        parsed: true,
        unread: vec!["sheet.csv".to_owned()],
        ..Wanted::default()
    };
    assert!(world.reads(&unread).withdrawn.is_empty());
    assert_eq!(world.only().made.as_ref().unwrap().withdrawn, UNREADABLE);
    world.reads_rows(&rows);
    assert_eq!(world.only().made.as_ref().unwrap().withdrawn, "");
    assert!(world.is_approved());
}

#[test]
fn a_sheet_that_cannot_be_read_changes_nothing() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    let broken = BTreeMap::from([("sheet.csv".to_owned(), b"no,header\n".to_vec())]);
    assert_eq!(world.reads(&of_files(&broken)), Changes::default());
}

#[test]
fn the_author_of_the_words_stays_while_only_the_status_changes() {
    let mut world = World::default();
    let pending = of_sheet(&[row("a", "Hello", "pending")]);
    let name = pending.assets[0].name.clone();
    world.authors.insert(name.clone(), "Dana".to_owned());
    world.reads(&pending);
    world.authors.clear();
    world.reads_rows(&[row("a", "Hello", "approved")]);
    let author = |world: &mut World| world.only().source.clone().unwrap().author;
    assert_eq!(author(&mut world).as_deref(), Some("Dana"));
    world.authors.insert(name, "Noa".to_owned());
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert_eq!(author(&mut world).as_deref(), Some("Noa"));
}

#[test]
fn a_crash_between_status_and_spec_approves_nothing_that_came_later() {
    let mut world = World::default();
    world.reads_rows(&[row("a", "Hello", "pending")]);
    let wanted = of_sheet(&[row("a", "Hello", "approved")]);
    for change in world.changes(&wanted).changes {
        if let Change::Update {
            wanted: index,
            status,
            ..
        } = change
        {
            let spec = false;
            world.apply(
                &wanted,
                &Change::Update {
                    wanted: index,
                    status,
                    spec,
                },
            );
        }
    }
    world.reads_rows(&[row("a", "Bye", "approved")]);
    assert!(!world.is_approved());
    assert_eq!(world.only().approval.as_ref().unwrap().digests.len(), 1);
}

#[test]
fn after_a_halt_the_same_words_are_approved_anew_once_by_a_trailer_or_a_status_that_turned() {
    let asks = |world: &mut World, since: &str| world.only().asks_since = Some(since.parse().unwrap());
    let at = |world: &mut World| {
        world
            .only()
            .approval
            .clone()
            .unwrap()
            .at
            .map(|time| time.0.to_string())
    };
    let mut world = World::default();
    let rows = [row("a", "Hello", "approved")];
    world.reads_rows(&rows);
    world.trailer.insert("a".to_owned());
    world.reads_rows(&rows);
    assert_eq!(at(&mut world), None, "nobody asked");

    asks(&mut world, "2026-02-15T09:00:00Z");
    world.reads_rows(&rows);
    let now = Some("2026-02-15T10:00:00Z".to_owned());
    assert_eq!(at(&mut world), now);
    assert_eq!(world.reads_rows(&rows), Changes::default());

    let mut world = World::default();
    world.reads_rows(&rows);
    asks(&mut world, "2026-02-15T09:00:00Z");
    world.reads_rows(&rows);
    assert_eq!(at(&mut world), None, "the status has not turned");
    world.reads_rows(&[row("a", "Hello", "pending")]);
    world.reads_rows(&rows);
    assert_eq!(at(&mut world), now);
}

proptest! {
    #[test]
    fn a_second_look_at_the_same_branch_changes_nothing(
        steps in prop::collection::vec(
            prop::collection::vec(
                ("[ab]", prop::sample::select(vec!["Hello", "Bye", ""]),
                 prop::sample::select(vec!["approved", "pending", "draft", "skip", "posted", "what"])),
                0..3,
            ),
            1..5,
        ),
        trailer in any::<bool>(),
    ) {
        let mut world = World::default();
        if trailer {
            world.trailer.insert("a".to_owned());
        }
        for rows in steps {
            let rows: Vec<String> = rows.iter().map(|(id, copy, status)| row(id, copy, status)).collect();
            world.reads_rows(&rows);
            prop_assert_eq!(world.reads_rows(&rows), Changes::default());
        }
    }

    #[test]
    fn words_are_approved_only_where_some_revision_had_them_under_approved(
        steps in prop::collection::vec(
            (prop::sample::select(vec!["Hello", "Bye", "Ciao"]), prop::sample::select(vec!["approved", "pending"])),
            1..6,
        ),
    ) {
        let mut world = World::default();
        let mut under_approved = BTreeSet::new();
        for (copy, status) in steps {
            world.reads_rows(&[row("a", copy, status)]);
            if status == "approved" {
                under_approved.insert(copy);
            }
            prop_assert!(!world.is_approved() || under_approved.contains(copy));
        }
    }
}
