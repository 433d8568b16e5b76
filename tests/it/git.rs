//! Reading a branch from a real git server.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use campanile::egress::EgressPolicy;
use campanile::git::{
    Change, Credentials, DEFAULT_BLOB_LIMIT, GitError, GitErrorClass, GitSettings, GitUrl, Lineage, Mirror,
    Mirrors, PollOutcome,
};
use tempfile::TempDir;

use crate::git_http::{Fault, GitServer, TestRepository};

const NOW: Duration = Duration::ZERO;
const SHEET: &str = "docs/gtm/sheet.csv";

/// A server with one repository with one commit, and a cache to mirror it into.
struct Scene {
    server: GitServer,
    repository: TestRepository,
    cache: TempDir,
    mirrors: Mirrors,
}

fn loopback() -> EgressPolicy {
    EgressPolicy::new(["127.0.0.0/8".parse().unwrap()])
}

impl Scene {
    async fn start() -> Self {
        let server = GitServer::start().await;
        let repository = server.repository("gtm");
        repository.write(SHEET, "post_id\n1\n").commit("Add the sheet");
        repository.push();
        let cache = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::new(GitSettings::new(cache.path(), loopback())).unwrap();
        Self {
            server,
            repository,
            cache,
            mirrors,
        }
    }

    fn url(&self) -> GitUrl {
        GitUrl::parse(&self.server.url("gtm"), false).unwrap()
    }

    fn mirror(&self) -> Mirror {
        self.mirror_with(&Credentials::anonymous())
    }

    fn mirror_with(&self, credentials: &Credentials) -> Mirror {
        self.mirrors.open(&self.url(), "main", credentials).unwrap()
    }

    fn head(&self) -> String {
        self.repository.git(&["rev-parse", "HEAD"])
    }
}

fn secret(entries: &[(&str, &str)]) -> Credentials {
    let data: BTreeMap<String, Vec<u8>> = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
        .collect();
    Credentials::from_secret(&data).unwrap()
}

async fn sheet_of(outcome: &PollOutcome) -> String {
    let blob = outcome.snapshot.read(SHEET, DEFAULT_BLOB_LIMIT).await.unwrap();
    String::from_utf8(blob.bytes).unwrap()
}

fn chain(error: &GitError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[tokio::test]
async fn the_first_poll_reads_the_newest_files_and_nothing_older() {
    let scene = Scene::start().await;
    scene.repository.write(SHEET, "post_id\n2\n").commit("Change it");
    scene.repository.push();
    let mirror = scene.mirror();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(outcome.change, Change::First);
    assert_eq!(outcome.snapshot.revision(), scene.head());
    assert_eq!(sheet_of(&outcome).await, "post_id\n2\n");
    let history = mirror.history(None, &scene.head(), 100).await.unwrap();
    assert_eq!(history.commits.len(), 1);
    assert!(!history.complete);
}

#[tokio::test]
async fn a_poll_without_a_change_costs_two_requests_and_two_kilobytes() {
    let scene = Scene::start().await;
    for branch in ["other", "mainly", "next"] {
        scene
            .repository
            .git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
    }
    let mirror = scene.mirror();
    mirror.poll(NOW).await.unwrap();
    let (requests, bytes) = (scene.server.requests(), scene.server.bytes());
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(outcome.change, Change::Unchanged);
    assert_eq!(scene.server.requests() - requests, 2);
    let cost = scene.server.bytes() - bytes;
    println!("a poll without a change: 2 requests, {cost} bytes");
    assert!(cost <= 2048, "{cost} bytes");
}

#[tokio::test]
async fn ten_campaigns_on_one_branch_cost_one_poll() {
    let scene = Scene::start().await;
    let mirrors: Vec<Mirror> = (0..10).map(|_| scene.mirror()).collect();
    let polls = mirrors.iter().map(|mirror| mirror.poll(Duration::from_mins(1)));
    let outcomes = futures::future::join_all(polls).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.as_ref().unwrap().snapshot.revision() == scene.head())
    );
    assert_eq!(scene.server.requests(), 3);
}

#[tokio::test]
async fn a_branch_that_moved_brings_its_files_and_authors() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    let first = mirror.poll(NOW).await.unwrap().snapshot.revision();
    let people = [
        ("Ada", "ada"),
        ("Ben", "ben"),
        ("Chen", "chen"),
        ("Dalia", "dalia"),
        ("Ewa", "ewa"),
    ];
    let mut revisions = Vec::new();
    for (index, (name, user)) in people.iter().enumerate() {
        scene.repository.write(SHEET, format!("post_id\n{index}\n"));
        let message = format!("Change {index}\n\nCampanile-Approve: post_{index}\n");
        revisions.push(
            scene
                .repository
                .commit_as(name, &format!("{user}@example.com"), &message),
        );
    }
    scene.repository.push();

    let outcome = mirror.poll(NOW).await.unwrap();
    let to = scene.head();
    assert_eq!(
        outcome.change,
        Change::Moved {
            from: first.clone(),
            to: to.clone(),
            lineage: Lineage::Descends
        }
    );
    assert_eq!(sheet_of(&outcome).await, "post_id\n4\n");

    let history = mirror.history(Some(&first), &to, 100).await.unwrap();
    assert!(history.complete && history.descends);
    let authors: Vec<&str> = history
        .commits
        .iter()
        .map(|commit| commit.author_name.as_str())
        .collect();
    assert_eq!(authors, ["Ada", "Ben", "Chen", "Dalia", "Ewa"]);
    assert_eq!(history.commits[4].author_email, "ewa@example.com");
    assert_eq!(history.commits[2].approved_post_ids, ["post_2"]);
    let ids: Vec<&str> = history.commits.iter().map(|commit| commit.id.as_str()).collect();
    assert_eq!(ids, revisions);
    assert_eq!(history.commits[1].parents, [revisions[0].clone()]);

    for (index, commit) in history.commits.iter().enumerate() {
        let then = mirror.snapshot_at(&commit.id).await.unwrap();
        assert_eq!(
            then.read(SHEET, 100).await.unwrap().bytes,
            format!("post_id\n{index}\n").as_bytes()
        );
    }
}

#[tokio::test]
async fn authors_are_known_across_a_hundred_commits_in_one_push() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    let first = mirror.poll(NOW).await.unwrap().snapshot.revision();
    for index in 0..100 {
        scene.repository.commit(&format!("Change {index}"));
    }
    scene.repository.push();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(
        outcome.change,
        Change::Moved {
            from: first.clone(),
            to: scene.head(),
            lineage: Lineage::Descends
        }
    );
    let history = mirror.history(Some(&first), &scene.head(), 1000).await.unwrap();
    assert_eq!(
        (history.commits.len(), history.complete, history.descends),
        (100, true, true)
    );
    let few = mirror.history(Some(&first), &scene.head(), 10).await.unwrap();
    assert_eq!((few.commits.len(), few.complete), (10, false));
}

#[tokio::test]
async fn a_merged_branch_older_than_the_known_tip_brings_all_its_authors() {
    let scene = Scene::start().await;
    scene.repository.git(&["checkout", "--quiet", "-b", "side"]);
    scene
        .repository
        .write("side.md", "a")
        .commit_as("Ben", "ben@example.com", "Begin on the side");
    scene.repository.git(&["checkout", "--quiet", "main"]);
    scene.repository.write("main.md", "a").commit("Go on");
    scene.repository.push();
    let mirror = scene.mirror();
    let known = mirror.poll(NOW).await.unwrap().snapshot.revision();
    scene.repository.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "Merge the side",
        "side",
    ]);
    scene.repository.push();
    mirror.poll(NOW).await.unwrap();
    let history = mirror.history(Some(&known), &scene.head(), 100).await.unwrap();
    assert!(history.complete && history.descends);
    let authors: Vec<&str> = history
        .commits
        .iter()
        .map(|commit| commit.author_name.as_str())
        .collect();
    assert_eq!(authors, ["Ben", "Ada"]);
}

#[tokio::test]
async fn a_mirror_made_anew_still_finds_the_authors_since_an_old_revision() {
    let scene = Scene::start().await;
    let known = scene.head();
    for index in 0..40 {
        scene.repository.commit(&format!("Change {index}"));
    }
    scene.repository.push();
    let mirror = scene.mirror();
    mirror.poll(NOW).await.unwrap();
    let history = mirror.history(Some(&known), &scene.head(), 100).await.unwrap();
    assert_eq!(
        (history.commits.len(), history.complete, history.descends),
        (40, true, true)
    );
}

#[tokio::test]
async fn a_rewritten_history_is_read_and_called_rewritten() {
    let scene = Scene::start().await;
    scene
        .repository
        .write(SHEET, "post_id\nold\n")
        .commit("To be rewritten");
    scene.repository.push();
    let mirror = scene.mirror();
    let before = mirror.poll(NOW).await.unwrap().snapshot;
    scene.repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    scene
        .repository
        .write(SHEET, "post_id\nnew\n")
        .commit("Rewritten");
    scene.repository.push();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(
        outcome.change,
        Change::Moved {
            from: before.revision(),
            to: scene.head(),
            lineage: Lineage::Rewritten
        }
    );
    assert_eq!(sheet_of(&outcome).await, "post_id\nnew\n");
    assert_eq!(before.read(SHEET, 100).await.unwrap().bytes, b"post_id\nold\n");

    scene.repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    scene.repository.push();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert!(
        matches!(
            outcome.change,
            Change::Moved {
                lineage: Lineage::Rewritten,
                ..
            }
        ),
        "a branch that went back"
    );
    assert_eq!(sheet_of(&outcome).await, "post_id\n1\n");
}

#[tokio::test]
async fn an_unrelated_history_is_read_and_called_rewritten() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    mirror.poll(NOW).await.unwrap();
    scene
        .repository
        .git(&["checkout", "--quiet", "--orphan", "again"]);
    scene
        .repository
        .write(SHEET, "post_id\nagain\n")
        .commit("From the start");
    scene
        .repository
        .git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    let outcome = mirror.poll(NOW).await.unwrap();
    assert!(matches!(
        outcome.change,
        Change::Moved {
            lineage: Lineage::Rewritten,
            ..
        }
    ));
    assert_eq!(sheet_of(&outcome).await, "post_id\nagain\n");
}

#[tokio::test]
async fn a_deleted_branch_is_named_and_what_stands_is_kept() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    mirror.poll(NOW).await.unwrap();
    scene
        .repository
        .git(&["push", "--quiet", "origin", "HEAD:refs/heads/other", ":main"]);
    let error = mirror.poll(NOW).await.unwrap_err();
    assert_eq!(
        (error.class(), error.reason()),
        (GitErrorClass::BranchMissing, "BranchNotFound")
    );
    assert_eq!(error.to_string(), "the repository has no branch \"main\"");
    assert_eq!(mirror.current().await.unwrap().unwrap().revision(), scene.head());
    scene.repository.push();
    assert_eq!(mirror.poll(NOW).await.unwrap().change, Change::Unchanged);
}

#[tokio::test]
async fn an_empty_repository_has_no_branch() {
    let scene = Scene::start().await;
    scene.server.repository("empty");
    let url = GitUrl::parse(&scene.server.url("empty"), false).unwrap();
    let mirror = scene
        .mirrors
        .open(&url, "main", &Credentials::anonymous())
        .unwrap();
    assert_eq!(mirror.poll(NOW).await.unwrap_err().reason(), "BranchNotFound");
}

#[tokio::test]
async fn credentials_are_sent_at_once() {
    let scene = Scene::start().await;
    scene.server.require_authorization("Basic YWRhOmNhbmFyeS13b3Jk");
    let mirror = scene.mirror_with(&secret(&[("username", "ada"), ("password", "canary-word\n")]));
    mirror.poll(NOW).await.unwrap();
    assert_eq!(scene.server.requests(), 3);

    scene.server.require_authorization("Bearer canary-token");
    scene
        .mirror_with(&secret(&[("bearerToken", "canary-token")]))
        .poll(NOW)
        .await
        .unwrap();
    assert_eq!(scene.server.requests(), 6);
}

#[tokio::test]
async fn wrong_credentials_are_named_and_not_shown() {
    let scene = Scene::start().await;
    scene.server.require_authorization("Bearer right");
    for credentials in [
        Credentials::anonymous(),
        secret(&[("username", "ada"), ("password", "canary-word")]),
    ] {
        let error = scene.mirror_with(&credentials).poll(NOW).await.unwrap_err();
        assert_eq!(
            (error.class(), error.reason()),
            (GitErrorClass::Unauthorised, "AuthenticationFailed")
        );
        let shown = format!("{} {error:?}", chain(&error));
        assert!(!shown.contains("canary") && !shown.contains("YWRhOm"), "{shown}");
    }
    scene.server.set_fault(Some(Fault::Status(403)));
    assert_eq!(
        scene.mirror().poll(NOW).await.unwrap_err().reason(),
        "AuthenticationFailed"
    );
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_named() {
    let scene = Scene::start().await;
    let url = GitUrl::parse(&scene.server.url("nothing"), false).unwrap();
    let mirror = scene
        .mirrors
        .open(&url, "main", &Credentials::anonymous())
        .unwrap();
    let error = mirror.poll(NOW).await.unwrap_err();
    assert_eq!(
        (error.class(), error.reason()),
        (GitErrorClass::NotFound, "RepositoryNotFound")
    );
}

#[tokio::test]
async fn a_host_that_is_down_is_transient_and_recovers() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    let before = mirror.poll(NOW).await.unwrap().snapshot;
    scene
        .repository
        .write(SHEET, "post_id\nlater\n")
        .commit("While it was down");
    scene.repository.push();
    for fault in [
        Fault::Down,
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
    ] {
        scene.server.set_fault(Some(fault.clone()));
        let error = mirror.poll(NOW).await.unwrap_err();
        assert_eq!(
            (error.class(), error.reason()),
            (GitErrorClass::Transient, "HostUnreachable"),
            "{fault:?}"
        );
        let standing = mirror.current().await.unwrap().unwrap();
        assert_eq!(standing.revision(), before.revision());
        assert_eq!(standing.read(SHEET, 100).await.unwrap().bytes, b"post_id\n1\n");
    }
    scene.server.set_fault(None);
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(sheet_of(&outcome).await, "post_id\nlater\n");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_given_up() {
    let scene = Scene::start().await;
    let settings = GitSettings {
        idle_timeout: Duration::from_millis(50),
        ..GitSettings::new(scene.cache.path().join("short"), loopback())
    };
    let mirrors = Mirrors::new(settings).unwrap();
    let mirror = mirrors
        .open(&scene.url(), "main", &Credentials::anonymous())
        .unwrap();
    scene.server.set_fault(Some(Fault::Stall));
    let error = mirror.poll(NOW).await.unwrap_err();
    assert_eq!(
        (error.class(), error.reason()),
        (GitErrorClass::Transient, "TimedOut")
    );
}

#[tokio::test]
async fn a_caller_that_goes_away_calls_the_conversation_off() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    scene.server.set_fault(Some(Fault::Stall));
    assert!(
        tokio::time::timeout(Duration::from_millis(50), mirror.poll(NOW))
            .await
            .is_err()
    );
    scene.server.set_fault(None);
    assert_eq!(mirror.poll(NOW).await.unwrap().snapshot.revision(), scene.head());
}

#[tokio::test]
async fn a_corrupt_pack_is_refused_and_the_next_poll_recovers() {
    for fault in [Fault::ShortPack, Fault::DamagedPack, Fault::BreakOff] {
        let scene = Scene::start().await;
        let mirror = scene.mirror();
        scene.server.set_fault(Some(fault.clone()));
        let error = mirror.poll(NOW).await.unwrap_err();
        assert_eq!(
            (error.class(), error.reason()),
            (GitErrorClass::Corrupt, "CorruptPack"),
            "{fault:?}: {}",
            chain(&error)
        );
        assert!(mirror.current().await.unwrap().is_none(), "{fault:?}");

        scene.server.set_fault(None);
        let before = mirror.poll(NOW).await.unwrap().snapshot;
        scene.repository.write(SHEET, "post_id\nlater\n").commit("Later");
        scene.repository.push();
        scene.server.set_fault(Some(fault.clone()));
        assert_eq!(
            mirror.poll(NOW).await.unwrap_err().reason(),
            "CorruptPack",
            "{fault:?}"
        );
        let standing = mirror.current().await.unwrap().unwrap();
        assert_eq!(standing.revision(), before.revision());
        assert_eq!(standing.read(SHEET, 100).await.unwrap().bytes, b"post_id\n1\n");

        scene.server.set_fault(None);
        let outcome = mirror.poll(NOW).await.unwrap();
        assert_eq!(sheet_of(&outcome).await, "post_id\nlater\n");
        assert!(
            matches!(
                outcome.change,
                Change::Moved {
                    lineage: Lineage::Descends,
                    ..
                }
            ),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_changed_byte_anywhere_never_changes_what_is_read() {
    let scene = Scene::start().await;
    let mut refused = 0;
    for place in (0..1200).step_by(23) {
        let settings = GitSettings {
            idle_timeout: Duration::from_secs(2),
            ..GitSettings::new(scene.cache.path().join(place.to_string()), loopback())
        };
        let mirrors = Mirrors::new(settings).unwrap();
        let mirror = mirrors
            .open(&scene.url(), "main", &Credentials::anonymous())
            .unwrap();
        scene.server.set_fault(Some(Fault::DamagedByte(place)));
        match mirror.poll(NOW).await {
            Ok(outcome) => assert_eq!(outcome.snapshot.revision(), scene.head(), "{place}"),
            Err(_) => refused += 1,
        }
        scene.server.set_fault(None);
        let outcome = mirror.poll(NOW).await.unwrap();
        assert_eq!(outcome.snapshot.revision(), scene.head(), "{place}");
        assert_eq!(sheet_of(&outcome).await, "post_id\n1\n", "{place}");
    }
    assert!(refused > 10, "{refused}");
}

#[tokio::test]
async fn more_bytes_than_the_limit_are_not_received() {
    let scene = Scene::start().await;
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    scene.repository.write("media/big.bin", noise).commit("Add media");
    scene.repository.push();
    let settings = GitSettings {
        max_pack_bytes: 20_000,
        ..GitSettings::new(scene.cache.path().join("small"), loopback())
    };
    let mirrors = Mirrors::new(settings).unwrap();
    let mirror = mirrors
        .open(&scene.url(), "main", &Credentials::anonymous())
        .unwrap();
    let error = mirror.poll(NOW).await.unwrap_err();
    assert_eq!(
        (error.class(), error.reason()),
        (GitErrorClass::LimitExceeded, "LimitExceeded")
    );
}

#[tokio::test]
async fn a_file_that_unpacks_to_more_than_the_limit_is_not_unpacked() {
    let scene = Scene::start().await;
    scene
        .repository
        .write("media/empty.bin", vec![0; 4 << 20])
        .commit("Add zeros");
    scene.repository.push();
    let settings = GitSettings {
        max_object_bytes: 1 << 20,
        ..GitSettings::new(scene.cache.path().join("small"), loopback())
    };
    let mirrors = Mirrors::new(settings).unwrap();
    let mirror = mirrors
        .open(&scene.url(), "main", &Credentials::anonymous())
        .unwrap();
    let error = mirror.poll(NOW).await.unwrap_err();
    assert_eq!(error.reason(), "LimitExceeded", "{}", chain(&error));
}

#[tokio::test]
async fn a_restart_reads_what_is_on_disk_without_asking() {
    let scene = Scene::start().await;
    scene.mirror().poll(NOW).await.unwrap();
    let requests = scene.server.requests();
    let mirrors = Mirrors::new(GitSettings::new(scene.cache.path(), loopback())).unwrap();
    let mirror = mirrors
        .open(&scene.url(), "main", &Credentials::anonymous())
        .unwrap();
    let standing = mirror.current().await.unwrap().unwrap();
    assert_eq!(standing.revision(), scene.head());
    assert_eq!(scene.server.requests(), requests);
    assert_eq!(mirror.poll(NOW).await.unwrap().change, Change::Unchanged);
    assert_eq!(scene.server.requests(), requests + 2);
}

fn files_under(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(files_under(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn has_ending(file: &std::path::Path, endings: &[&str]) -> bool {
    file.extension()
        .is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
}

#[tokio::test]
async fn a_mirror_that_is_damaged_on_disk_heals_by_itself() {
    let scene = Scene::start().await;
    scene.mirror().poll(NOW).await.unwrap();
    for damage in ["truncate the packs", "remove the packs", "half a clone"] {
        for file in files_under(scene.cache.path()) {
            let name = file.to_string_lossy().into_owned();
            let is_pack = has_ending(&file, &["pack", "idx"]);
            match damage {
                "truncate the packs" if is_pack => {
                    drop(std::fs::remove_file(&file));
                    std::fs::write(&file, b"PACK").unwrap();
                }
                "remove the packs" if is_pack => std::fs::remove_file(&file).unwrap(),
                "half a clone" if name.ends_with("HEAD") => std::fs::remove_file(&file).unwrap(),
                _ => {}
            }
        }
        let mirrors = Mirrors::new(GitSettings::new(scene.cache.path(), loopback())).unwrap();
        let mirror = mirrors
            .open(&scene.url(), "main", &Credentials::anonymous())
            .unwrap();
        let outcome = mirror.poll(NOW).await.unwrap();
        assert_eq!(sheet_of(&outcome).await, "post_id\n1\n", "{damage}");
    }
}

#[tokio::test]
async fn damage_found_while_reading_is_healed_by_the_next_poll() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    let before = mirror.poll(NOW).await.unwrap().snapshot;
    for file in files_under(scene.cache.path())
        .iter()
        .filter(|file| has_ending(file, &["pack"]))
    {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut pack = std::fs::OpenOptions::new().write(true).open(file).unwrap();
        let size = usize::try_from(pack.metadata().unwrap().len()).unwrap();
        std::io::Write::write_all(&mut pack, &vec![0; size]).unwrap();
    }
    let error = before.read(SHEET, 100).await.unwrap_err();
    assert_eq!(error.reason(), "CorruptPack");
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(outcome.change, Change::Unchanged);
    assert_eq!(sheet_of(&outcome).await, "post_id\n1\n");
}

#[tokio::test]
async fn a_crowded_mirror_is_made_anew_while_its_readers_go_on() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    let before = mirror.poll(NOW).await.unwrap().snapshot;
    let packs: Vec<_> = files_under(scene.cache.path())
        .into_iter()
        .filter(|file| has_ending(file, &["pack"]))
        .collect();
    let old = packs.first().and_then(|pack| pack.parent()).unwrap().to_owned();
    for index in 0..200 {
        std::fs::write(old.join(format!("pack-{index}.pack")), "").unwrap();
    }
    scene.repository.write(SHEET, "post_id\nlater\n").commit("Later");
    scene.repository.push();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(sheet_of(&outcome).await, "post_id\nlater\n");
    assert!(matches!(
        outcome.change,
        Change::Moved {
            lineage: Lineage::Descends,
            ..
        }
    ));
    assert_eq!(before.read(SHEET, 100).await.unwrap().bytes, b"post_id\n1\n");
    assert!(old.exists());
    drop(before);
    assert!(!old.exists());
    assert_eq!(mirror.poll(NOW).await.unwrap().change, Change::Unchanged);
}

#[tokio::test]
async fn what_was_read_stays_readable_while_the_host_keeps_us_waiting() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    mirror.poll(NOW).await.unwrap();
    scene.server.set_fault(Some(Fault::Stall));
    let waiting = tokio::spawn({
        let mirror = mirror.clone();
        async move { mirror.poll(NOW).await }
    });
    let standing = mirror.current().await.unwrap().unwrap();
    assert_eq!(standing.read(SHEET, 100).await.unwrap().bytes, b"post_id\n1\n");
    assert_eq!(
        mirror.snapshot_at(&scene.head()).await.unwrap().revision(),
        scene.head()
    );
    waiting.abort();
}

#[tokio::test]
async fn a_lock_left_by_a_killed_process_does_not_stop_the_next_one() {
    let scene = Scene::start().await;
    scene.mirror().poll(NOW).await.unwrap();
    for file in files_under(scene.cache.path()) {
        if file.ends_with("refs/heads/main") || file.ends_with("shallow") {
            std::fs::write(format!("{}.lock", file.display()), "").unwrap();
        }
    }
    scene.repository.write(SHEET, "post_id\nlater\n").commit("Later");
    scene.repository.push();
    let mirrors = Mirrors::new(GitSettings::new(scene.cache.path(), loopback())).unwrap();
    let mirror = mirrors
        .open(&scene.url(), "main", &Credentials::anonymous())
        .unwrap();
    assert_eq!(
        sheet_of(&mirror.poll(NOW).await.unwrap()).await,
        "post_id\nlater\n"
    );
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_named() {
    let scene = Scene::start().await;
    let mirror = scene.mirror();
    std::fs::remove_dir_all(scene.cache.path()).unwrap();
    std::fs::write(scene.cache.path(), "in the way").unwrap();
    let error = mirror.poll(NOW).await.unwrap_err();
    assert_eq!(
        (error.class(), error.reason()),
        (GitErrorClass::Disk, "StorageFailed")
    );
    std::fs::remove_file(scene.cache.path()).unwrap();
    std::fs::create_dir(scene.cache.path()).unwrap();
    mirror.poll(NOW).await.unwrap();
}

#[tokio::test]
async fn files_are_read_within_the_tree_only() {
    let scene = Scene::start().await;
    let repository = &scene.repository;
    repository
        .write("docs/big.csv", vec![b'x'; 5000])
        .write("docs/deep/er/a.csv", "a")
        .write("docs/note.md", "n");
    std::os::unix::fs::symlink("/etc/passwd", repository.work_tree().join("docs/link.csv")).unwrap();
    std::os::unix::fs::symlink("docs", repository.work_tree().join("linked")).unwrap();
    repository.commit("Add traps");
    let revision = scene.head();
    repository.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{revision},module"),
    ]);
    repository.git(&["commit", "--quiet", "--message", "Add a submodule"]);
    repository.push();
    let snapshot = scene.mirror().poll(NOW).await.unwrap().snapshot;

    for (path, reason) in [
        ("../secret", "PathRefused"),
        ("/etc/passwd", "PathRefused"),
        ("docs//note.md", "PathRefused"),
        ("docs/../docs/note.md", "PathRefused"),
        ("docs/missing.csv", "FileMissing"),
        ("docs/note.md/more", "FileMissing"),
        ("docs", "NotAFile"),
        ("docs/link.csv", "SymlinkRefused"),
        ("linked/note.md", "SymlinkRefused"),
        ("module/a", "SubmoduleRefused"),
    ] {
        assert_eq!(
            snapshot.read(path, 4096).await.unwrap_err().reason(),
            reason,
            "{path}"
        );
    }
    let error = snapshot.read("docs/big.csv", 4096).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file \"docs/big.csv\" has 5000 bytes, more than the limit of 4096"
    );
    assert_eq!(
        snapshot.read("docs/big.csv", 5000).await.unwrap().bytes.len(),
        5000
    );

    assert_eq!(snapshot.glob("docs/*.csv", 10).await.unwrap(), ["docs/big.csv"]);
    assert_eq!(
        snapshot.glob("docs/**/*.csv", 10).await.unwrap(),
        ["docs/big.csv", "docs/deep/er/a.csv", "docs/gtm/sheet.csv"]
    );
    assert_eq!(
        snapshot.glob("docs/{note,none}.md", 10).await.unwrap(),
        ["docs/note.md"]
    );
    assert_eq!(snapshot.glob(SHEET, 10).await.unwrap(), [SHEET]);
    assert!(snapshot.glob("nowhere/*.csv", 10).await.unwrap().is_empty());
    assert_eq!(
        snapshot.glob("docs/**", 2).await.unwrap_err().reason(),
        "TooManyFiles"
    );
    assert_eq!(
        snapshot.glob("../*", 10).await.unwrap_err().reason(),
        "PathRefused"
    );
    assert_eq!(
        snapshot.glob("linked/*", 10).await.unwrap_err().reason(),
        "SymlinkRefused"
    );
}

#[tokio::test]
async fn this_machine_is_not_asked_unless_the_flag_names_it() {
    let scene = Scene::start().await;
    let settings = GitSettings::new(scene.cache.path().join("closed"), EgressPolicy::default());
    let mirrors = Mirrors::new(settings).unwrap();
    let port = scene.server.address().port();
    for url in [
        scene.server.url("gtm"),
        format!("http://localhost:{port}/gtm.git"),
        format!("http://[::ffff:127.0.0.1]:{port}/gtm.git"),
    ] {
        let url = GitUrl::parse(&url, false).unwrap();
        let error = mirrors
            .open(&url, "main", &Credentials::anonymous())
            .unwrap()
            .poll(NOW)
            .await
            .unwrap_err();
        assert_eq!(
            (error.class(), error.reason()),
            (GitErrorClass::Refused, "EgressRefused"),
            "{url}"
        );
        assert!(chain(&error).contains("--allow-egress-to"), "{}", chain(&error));
    }
    assert_eq!(scene.server.requests(), 0);
}

#[tokio::test]
async fn a_redirect_is_followed_on_its_host_and_nowhere_else() {
    let scene = Scene::start().await;
    let other = GitServer::start().await;
    scene
        .server
        .set_fault(Some(Fault::RedirectTo(format!("http://{}", other.address()))));
    let error = scene
        .mirror_with(&secret(&[("bearerToken", "canary-token")]))
        .poll(NOW)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), "UrlRefused");
    assert_eq!(other.requests(), 0);
    scene.server.set_fault(Some(Fault::RedirectTo(String::new())));
    assert_eq!(
        scene.mirror().poll(NOW).await.unwrap_err().reason(),
        "UrlRefused",
        "a redirect to itself ends"
    );
    scene.server.set_fault(Some(Fault::RedirectTo(format!(
        "http://{}/login?next=",
        scene.server.address()
    ))));
    assert!(scene.mirror().poll(NOW).await.is_err());
}

#[tokio::test]
async fn a_local_repository_is_read_in_place() {
    let scene = Scene::start().await;
    let url = GitUrl::parse(&format!("file://{}", scene.repository.bare.display()), true).unwrap();
    let mirror = scene
        .mirrors
        .open(&url, "main", &Credentials::anonymous())
        .unwrap();
    let first = mirror.poll(NOW).await.unwrap().snapshot.revision();
    scene
        .repository
        .write(SHEET, "post_id\nlater\n")
        .commit_as("Ben", "ben@example.com", "Later");
    scene.repository.push();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert_eq!(
        outcome.change,
        Change::Moved {
            from: first.clone(),
            to: scene.head(),
            lineage: Lineage::Descends
        }
    );
    assert_eq!(sheet_of(&outcome).await, "post_id\nlater\n");
    let history = mirror.history(Some(&first), &scene.head(), 10).await.unwrap();
    assert_eq!(
        (history.commits[0].author_name.as_str(), history.complete),
        ("Ben", true)
    );
    assert_eq!(scene.server.requests(), 0);
}
