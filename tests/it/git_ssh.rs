//! Reading a branch over ssh, from a real `sshd`.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::collections::BTreeMap;
use std::time::Duration;

use campanile::egress::EgressPolicy;
use campanile::git::{Change, Credentials, GitError, GitSettings, GitUrl, Lineage, Mirror, Mirrors};
use tempfile::TempDir;

use crate::git_http::TestRepository;
use crate::ssh_server::SshServer;

const NOW: Duration = Duration::ZERO;

struct Scene {
    server: SshServer,
    repository: TestRepository,
    folder: TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = TestRepository::create(folder.path(), "gtm");
        repository.write("sheet.csv", "1").commit("Add the sheet");
        repository.push();
        Self {
            server: SshServer::start(),
            repository,
            folder,
        }
    }

    fn mirror(&self, identity: &str, known_hosts: &str) -> Mirror {
        let url = GitUrl::parse(&self.server.url(&self.repository.bare), false).unwrap();
        self.mirror_of(&url, identity, known_hosts)
    }

    fn mirror_of(&self, url: &GitUrl, identity: &str, known_hosts: &str) -> Mirror {
        let secret = [("identity", identity), ("known_hosts", known_hosts)];
        let data: BTreeMap<String, Vec<u8>> = secret
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect();
        let credentials = Credentials::from_secret(&data).unwrap();
        let egress = EgressPolicy::new(["127.0.0.0/8".parse().unwrap()]);
        let mirrors = Mirrors::new(GitSettings::new(self.folder.path().join("cache"), egress)).unwrap();
        mirrors.open(url, "main", &credentials).unwrap()
    }

    fn keys_on_disk(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("cache/scratch"))
            .unwrap()
            .count()
    }
}

fn chain(error: &GitError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[tokio::test]
async fn a_branch_is_read_over_ssh_and_no_key_stays_behind() {
    let scene = Scene::start();
    let mirror = scene.mirror(&scene.server.identity, &scene.server.known_hosts);
    let first = mirror.poll(NOW).await.unwrap();
    assert_eq!(first.snapshot.read("sheet.csv", 10).await.unwrap().bytes, b"1");
    assert_eq!(mirror.poll(NOW).await.unwrap().change, Change::Unchanged);
    for index in 0..20 {
        scene
            .repository
            .write("sheet.csv", format!("later {index}"))
            .commit_as("Ben", "ben@example.com", "Later");
    }
    scene.repository.push();
    let outcome = mirror.poll(NOW).await.unwrap();
    assert!(matches!(
        outcome.change,
        Change::Moved {
            lineage: Lineage::Descends,
            ..
        }
    ));
    let history = mirror
        .history(
            Some(&first.snapshot.revision()),
            &outcome.snapshot.revision(),
            100,
        )
        .await
        .unwrap();
    assert_eq!((history.commits.len(), history.complete), (20, true));
    assert_eq!(scene.keys_on_disk(), 0);
}

#[tokio::test]
async fn an_unknown_host_key_and_an_unknown_user_key_are_refused() {
    let scene = Scene::start();
    let other = SshServer::start();
    let wrong_host = other
        .known_hosts
        .replace(&format!(":{}", other.port), &format!(":{}", scene.server.port));
    for (identity, known_hosts) in [
        (&scene.server.identity, &wrong_host),
        (&other.identity, &scene.server.known_hosts),
    ] {
        let error = scene.mirror(identity, known_hosts).poll(NOW).await.unwrap_err();
        assert_eq!(error.reason(), "AuthenticationFailed", "{}", chain(&error));
        assert!(!format!("{error:?}").contains("PRIVATE KEY"));
    }
    assert_eq!(scene.keys_on_disk(), 0);
}

#[tokio::test]
async fn a_missing_repository_and_a_missing_branch_are_told_apart() {
    let scene = Scene::start();
    let (identity, known_hosts) = (&scene.server.identity, &scene.server.known_hosts);
    let nothing = GitUrl::parse(&scene.server.url(&scene.folder.path().join("nothing.git")), false).unwrap();
    let error = scene
        .mirror_of(&nothing, identity, known_hosts)
        .poll(NOW)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), "RepositoryNotFound", "{}", chain(&error));
    scene.repository.git(&["push", "--quiet", "origin", ":main"]);
    let error = scene.mirror(identity, known_hosts).poll(NOW).await.unwrap_err();
    assert_eq!(error.reason(), "BranchNotFound", "{}", chain(&error));
}

#[tokio::test]
async fn a_server_that_is_gone_and_an_address_that_is_refused_are_told_apart() {
    let scene = Scene::start();
    let url = GitUrl::parse("ssh://git@127.0.0.1:1/gtm.git", false).unwrap();
    let error = scene
        .mirror_of(&url, &scene.server.identity, "host key")
        .poll(NOW)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), "HostUnreachable", "{}", chain(&error));
    for host in ["localhost", "10.0.0.1", "[::1]"] {
        let url = GitUrl::parse(&format!("ssh://git@{host}/gtm.git"), false).unwrap();
        let data = BTreeMap::from([
            ("identity".into(), b"key".to_vec()),
            ("known_hosts".into(), b"host".to_vec()),
        ]);
        let settings = GitSettings::new(scene.folder.path().join("closed"), EgressPolicy::default());
        let mirrors = Mirrors::new(settings).unwrap();
        let mirror = mirrors
            .open(&url, "main", &Credentials::from_secret(&data).unwrap())
            .unwrap();
        assert_eq!(
            mirror.poll(NOW).await.unwrap_err().reason(),
            "EgressRefused",
            "{host}"
        );
    }
}
