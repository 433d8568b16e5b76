//! The git pages channel on the real `git http-backend`.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use campanile::{
    api::{AssetType, ChannelConfigSpec},
    controller::GitBranches,
    domain::publication::Publication,
    egress::EgressPolicy,
    git::{GitSettings, Mirrors},
    publish::{Found, Outcome, Publisher, PublisherOptions, Secrets, select},
};
use serde_json::json;
use tempfile::TempDir;

use super::{
    known, next_attempt, next_revision, options, publication, publish,
    store::{Kept, Shelf, keeps_what_it_promises, of_two_that_publish_at_once_one_is_stored},
};
use crate::git_http::{Fault, GitServer, TestRepository};

/// `pages` and `word`, as a client sends them.
const AUTHORIZATION: &str = "Basic cGFnZXM6d29yZA==";

/// A git server with a site, and publishers that share nothing but it.
struct Site {
    server: GitServer,
    repository: TestRepository,
    cache: TempDir,
}

impl Site {
    async fn start() -> Self {
        let server = GitServer::start().await;
        let repository = server.repository("site");
        repository.write("index.html", "<html></html>").commit("a site");
        repository.push();
        server.require_authorization(AUTHORIZATION);
        Self {
            server,
            repository,
            cache: tempfile::tempdir().unwrap(),
        }
    }

    fn publisher(&self) -> Box<dyn Publisher> {
        self.publisher_to("main", "word", "30s")
    }

    fn publisher_to(&self, branch: &str, password: &str, timeout: &str) -> Box<dyn Publisher> {
        let spec: ChannelConfigSpec = serde_json::from_value(json!({
            "platform": "web", "account": "site",
            "gitPages": {
                "url": self.server.url("site"), "branch": branch, "path": "{locale}",
                "secretRef": {"name": "site-git"}, "timeout": timeout,
                "author": {"name": "Campanile", "email": "campanile@example.com"},
                "publicUrl": "https://www.example.com/{locale}",
            },
        }))
        .unwrap();
        let secrets: Secrets = [("username", "pages"), ("password", password)]
            .map(|(key, value)| {
                let name = json!({"name": "site-git", "key": key});
                (serde_json::from_value(name).unwrap(), value.into())
            })
            .into();
        select(&spec, &secrets, &self.options()).unwrap()
    }

    fn options(&self) -> PublisherOptions {
        let egress = EgressPolicy::new(["127.0.0.0/8".parse().unwrap()]);
        // A folder of mirrors belongs to one process.
        let folder = tempfile::tempdir_in(self.cache.path()).unwrap().keep();
        let mirrors = Mirrors::new(GitSettings::new(folder, egress)).unwrap();
        PublisherOptions {
            branches: Some(Arc::new(GitBranches::new(mirrors, false))),
            ..options("127.0.0.0/8")
        }
    }

    fn page(&self, path: &str) -> Option<String> {
        self.repository.pull();
        std::fs::read_to_string(self.repository.work_tree().join(path)).ok()
    }

    fn commits(&self) -> usize {
        self.repository.pull();
        self.repository.git(&["rev-list", "HEAD"]).lines().count()
    }

    async fn resolved(&self, publication: &Publication) -> Found {
        self.publisher().resolve(publication).await.unwrap()
    }
}

#[tokio::test]
async fn a_branch_keeps_what_class_a_promises() {
    let Site {
        server,
        repository,
        cache,
    } = Site::start().await;
    let site = Site {
        repository: server.repository("unused"),
        server,
        cache,
    };
    let shelf = Shelf {
        publisher: site.publisher(),
        kept: Kept::Branch(repository),
    };
    keeps_what_it_promises(&shelf).await;
    of_two_that_publish_at_once_one_is_stored(&shelf).await;
}

#[tokio::test]
async fn a_page_is_one_commit_by_the_author_at_the_instant_it_was_due() {
    let site = Site::start().await;
    let page = publication("about", AssetType::Page);
    let published = publish(&*site.publisher(), &page).await.unwrap();
    assert_eq!(
        published.url.as_deref(),
        Some("https://www.example.com/he/about.html")
    );
    assert!(site.page("he/about.html").unwrap().contains("שלום"));
    let told = site
        .repository
        .git(&["log", "-1", "--format=%an <%ae> %aI %cI %s"]);
    let at = "2026-11-22T07:00:00+00:00";
    assert_eq!(
        told.trim(),
        format!("Campanile <campanile@example.com> {at} {at} Publish he/about.html")
    );
    assert_eq!(site.commits(), 2);
    site.repository.git(&["fsck", "--strict"]);
    assert!(site.page("index.html").is_some(), "what else stands is kept");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_and_nothing_is_pushed_twice() {
    let site = Site::start().await;
    let page = publication("lost-answer", AssetType::Page);
    let publisher = site.publisher();
    let prepared = publisher.prepare(&page).await.unwrap();
    site.server.set_fault(Some(Fault::LoseAnswerToPush));
    let error = publisher.commit(&page, &prepared.id).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown, "{error:?}");
    site.server.set_fault(None);
    assert!(matches!(site.resolved(&page).await, Found::Published(_)));
    publisher
        .commit(&next_attempt(&page), &prepared.id)
        .await
        .unwrap();
    assert_eq!(site.commits(), 2);
}

#[tokio::test]
async fn a_push_that_is_lost_is_looked_up_and_pushed_again() {
    let site = Site::start().await;
    let page = publication("lost-push", AssetType::Page);
    site.server.set_fault(Some(Fault::LosePush));
    let outcome = known(publish(&*site.publisher(), &page).await).0;
    assert_eq!(outcome, Outcome::Unknown);
    site.server.set_fault(None);
    assert_eq!(site.resolved(&page).await, Found::Absent);
    publish(&*site.publisher(), &next_attempt(&page)).await.unwrap();
    assert_eq!(site.commits(), 2);
}

#[tokio::test]
async fn a_host_that_never_answers_is_not_waited_for() {
    let site = Site::start().await;
    site.server.set_fault(Some(Fault::Stall));
    let publisher = site.publisher_to("main", "word", "500ms");
    let outcome = known(publish(&*publisher, &publication("stalled", AssetType::Page)).await).0;
    assert_eq!(outcome, Outcome::Unknown);
}

#[tokio::test]
async fn who_may_not_write_is_told_before_the_day() {
    let site = Site::start().await;
    let refused = site
        .publisher_to("main", "wrong", "30s")
        .preflight()
        .await
        .unwrap_err();
    assert_eq!(
        (refused.outcome, refused.reason),
        (Outcome::Refused, "AuthenticationFailed")
    );
    let missing = site
        .publisher_to("gh-pages", "word", "30s")
        .preflight()
        .await
        .unwrap_err();
    assert_eq!(
        (missing.outcome, missing.reason),
        (Outcome::Refused, "BranchNotFound")
    );
    let bare = site.repository.bare.clone();
    crate::git_http::run_git(&bare, &["config", "http.receivepack", "false"]);
    let read_only = site.publisher().preflight().await.unwrap_err();
    assert_eq!(read_only.outcome, Outcome::Refused, "{read_only:?}");
}

#[tokio::test]
async fn a_rule_of_the_host_is_told_in_its_words() {
    let site = Site::start().await;
    let hook = site.repository.bare.join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = publish(&*site.publisher(), &publication("ruled-out", AssetType::Page))
        .await
        .unwrap_err();
    assert_eq!((error.outcome, error.reason), (Outcome::Refused, "PushDeclined"));
    assert!(error.to_string().contains("pre-receive hook declined"), "{error}");
    assert_eq!(site.commits(), 1);
}

#[tokio::test]
async fn what_others_push_meanwhile_is_kept() {
    let site = Site::start().await;
    let publisher = site.publisher();
    let page = publication("about", AssetType::Page);
    publish(&*publisher, &page).await.unwrap();
    site.repository.pull();
    site.repository
        .write("he/other.html", "by hand")
        .commit("by hand");
    site.repository.push();
    publish(&*publisher, &next_revision(&page, "<html>two</html>"))
        .await
        .unwrap();
    assert!(site.page("he/about.html").unwrap().starts_with("<html>two"));
    assert_eq!(site.page("he/other.html").as_deref(), Some("by hand"));
    assert_eq!(site.commits(), 4);
}
