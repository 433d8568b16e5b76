//! What class A promises of a store, whatever store it is: one object for each slot, replaced only where we left it.

use std::{fs, path::PathBuf};

use crate::git_http::TestRepository;

use campanile::{
    api::AssetType,
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher},
};

use super::{known, next_attempt, next_revision, publication, publish};

/// A store that a test can look into, and change behind our back.
pub(super) struct Shelf {
    pub(super) publisher: Box<dyn Publisher>,
    /// Where the objects are.
    pub(super) kept: Kept,
}

/// Where objects are, for a test that reads them and changes them behind our back.
pub(super) enum Kept {
    /// As files of a folder.
    Folder(PathBuf),
    /// As files of the branch main.
    Branch(TestRepository),
}

impl Kept {
    fn read(&self, path: &str) -> Option<String> {
        match self {
            Self::Folder(folder) => fs::read_to_string(folder.join(path)).ok(),
            Self::Branch(repository) => {
                repository.pull();
                fs::read_to_string(repository.work_tree().join(path)).ok()
            }
        }
    }

    /// Puts other bytes there, or none.
    fn set(&self, path: &str, bytes: Option<&str>) {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Branch(repository) => {
                repository.pull();
                repository.work_tree()
            }
        };
        match bytes {
            Some(bytes) => fs::write(folder.join(path), bytes).unwrap(),
            None => fs::remove_file(folder.join(path)).unwrap(),
        }
        if let Self::Branch(repository) = self {
            repository.commit("by hand");
            repository.push();
        }
    }
}

impl Shelf {
    async fn path(&self, publication: &Publication) -> String {
        self.publisher.prepare(publication).await.unwrap().id
    }

    async fn text(&self, publication: &Publication) -> String {
        self.kept.read(&self.path(publication).await).unwrap()
    }

    async fn has(&self, publication: &Publication) -> bool {
        self.kept.read(&self.path(publication).await).is_some()
    }

    async fn set(&self, publication: &Publication, bytes: Option<&str>) {
        self.kept.set(&self.path(publication).await, bytes);
    }

    async fn publish(
        &self,
        publication: &Publication,
    ) -> Result<campanile::publish::Published, campanile::publish::PublishError> {
        publish(&*self.publisher, publication).await
    }
}

/// Runs the suite.
pub(super) async fn keeps_what_it_promises(shelf: &Shelf) {
    the_same_publication_is_stored_once(shelf).await;
    a_page_is_replaced_in_place(shelf).await;
    a_moment_is_never_replaced(shelf).await;
    what_somebody_changed_is_left_alone(shelf).await;
    what_somebody_removed_stays_removed(shelf).await;
    what_was_recalled_and_released_is_published_again(shelf).await;
    what_is_anothers_is_left_alone(shelf).await;
    a_version_that_is_not_on_record_is_left_alone(shelf).await;
    an_attempt_with_other_words_is_replaced_by_the_words_of_now(shelf).await;
    a_page_without_html_is_rejected_before_anything_is_written(shelf).await;
    a_comment_that_looks_like_a_marker_is_rejected(shelf).await;
    what_was_prepared_elsewhere_is_not_committed(shelf).await;
    a_preflight_can_be_repeated(shelf).await;
}

async fn the_same_publication_is_stored_once(shelf: &Shelf) {
    let first = publication("once", AssetType::Post);
    assert_eq!(shelf.publisher.resolve(&first).await.unwrap(), Found::Absent);
    let published = shelf.publish(&first).await.unwrap();
    let stored = shelf.text(&first).await;
    let again = shelf.publish(&next_attempt(&first)).await.unwrap();
    assert_eq!(again, published);
    assert_eq!(
        shelf.publisher.resolve(&next_attempt(&first)).await.unwrap(),
        Found::Published(published)
    );
    assert_eq!(shelf.text(&first).await, stored);
    let json: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(json["data"]["text"], first.content.text);
    assert_eq!(json["campanile"]["slot"], first.slot.receipt_name());
    assert_eq!(json["campanile"]["attempt"], "attempt-1");
}

async fn a_page_is_replaced_in_place(shelf: &Shelf) {
    let first = publication("replaced", AssetType::Page);
    let published = shelf.publish(&first).await.unwrap();
    let mut before = first;
    for html in ["<html>two</html>", "<html>three</html>"] {
        let next = next_revision(&before, html);
        assert_eq!(shelf.publisher.resolve(&next).await.unwrap(), Found::Absent);
        assert_eq!(shelf.publish(&next).await.unwrap(), published);
        assert_eq!(shelf.publish(&next_attempt(&next)).await.unwrap(), published);
        assert!(
            shelf
                .text(&next)
                .await
                .starts_with(html.trim_end_matches("</html>"))
        );
        before = next;
    }
}

async fn a_moment_is_never_replaced(shelf: &Shelf) {
    let first = publication("moment", AssetType::Post);
    shelf.publish(&first).await.unwrap();
    let stored = shelf.text(&first).await;
    let mut other = next_attempt(&first);
    other.content.text = "other words".into();
    assert_eq!(
        known(shelf.publish(&other).await),
        (Outcome::Drifted, "ObjectChanged")
    );
    assert_eq!(shelf.text(&first).await, stored);
}

async fn what_somebody_changed_is_left_alone(shelf: &Shelf) {
    let first = publication("changed", AssetType::Page);
    shelf.publish(&first).await.unwrap();
    let changed = shelf.text(&first).await.replace("שלום", "לום");
    shelf.set(&first, Some(&changed)).await;
    let next = next_revision(&first, "<html>two</html>");
    assert_eq!(
        known(shelf.publish(&next).await),
        (Outcome::Drifted, "ObjectChanged")
    );
    assert_eq!(
        known(shelf.publish(&next_attempt(&first)).await),
        (Outcome::Drifted, "ObjectChanged")
    );
    assert_eq!(
        shelf.publisher.resolve(&next).await.unwrap_err().outcome,
        Outcome::Drifted
    );
    assert_eq!(shelf.text(&first).await, changed);
}

async fn what_somebody_removed_stays_removed(shelf: &Shelf) {
    let first = publication("removed", AssetType::Page);
    shelf.publish(&first).await.unwrap();
    shelf.set(&first, None).await;
    let next = next_revision(&first, "<html>two</html>");
    assert_eq!(
        known(shelf.publish(&next).await),
        (Outcome::Drifted, "ObjectGone")
    );
    assert!(!shelf.has(&first).await);
}

async fn what_was_recalled_and_released_is_published_again(shelf: &Shelf) {
    for type_ in [AssetType::Page, AssetType::Post] {
        let first = publication(&format!("recalled-{type_:?}").to_lowercase(), type_);
        shelf.publish(&first).await.unwrap();
        let released = Publication {
            epoch: 1,
            ..next_revision(&first, "<html>again</html>")
        };
        if type_ == AssetType::Post {
            assert_eq!(
                known(shelf.publish(&released).await),
                (Outcome::Drifted, "ObjectChanged")
            );
        }
        shelf.set(&first, None).await;
        shelf.publish(&released).await.unwrap();
        assert!(shelf.has(&first).await);
    }
}

async fn what_is_anothers_is_left_alone(shelf: &Shelf) {
    let ours = publication("anothers", AssetType::Page);
    let mut other_campaign = ours.slot.fields().clone();
    other_campaign.campaign = "another".into();
    let theirs = Publication {
        slot: campanile::domain::slot::Slot::new(&other_campaign),
        ..ours.clone()
    };
    let path = shelf.path(&ours).await;
    assert_eq!(path, shelf.path(&theirs).await, "one address");
    for bytes in ["<html>by hand</html>".to_owned(), String::new(), {
        shelf.publish(&theirs).await.unwrap();
        shelf.text(&theirs).await
    }] {
        shelf.kept.set(&path, Some(&bytes));
        assert_eq!(
            known(shelf.publish(&ours).await),
            (Outcome::Rejected, "AnothersObject")
        );
        let replacing = next_revision(&ours, "<html>two</html>");
        assert_eq!(
            known(shelf.publish(&replacing).await),
            (Outcome::Rejected, "AnothersObject")
        );
        assert_eq!(shelf.kept.read(&path).as_deref(), Some(bytes.as_str()));
    }
}

async fn a_version_that_is_not_on_record_is_left_alone(shelf: &Shelf) {
    let first = publication("unrecorded", AssetType::Page);
    shelf.publish(&first).await.unwrap();
    let mut next = next_revision(&first, "<html>two</html>");
    next.replaces.as_mut().unwrap().attempts = vec!["another".into()];
    assert_eq!(
        known(shelf.publish(&next).await),
        (Outcome::Drifted, "ObjectChanged")
    );
}

async fn an_attempt_with_other_words_is_replaced_by_the_words_of_now(shelf: &Shelf) {
    let first = publication("edited-meanwhile", AssetType::Page);
    shelf.publish(&first).await.unwrap();
    let mut edited = next_attempt(&first);
    edited.content.html = Some("<html>edited</html>".into());
    assert_eq!(shelf.publisher.resolve(&edited).await.unwrap(), Found::Absent);
    shelf.publish(&edited).await.unwrap();
    assert!(shelf.text(&edited).await.starts_with("<html>edited"));
}

async fn a_page_without_html_is_rejected_before_anything_is_written(shelf: &Shelf) {
    for type_ in [AssetType::Page, AssetType::Template] {
        let mut page = publication("no-html", type_);
        page.content.html = None;
        let error = shelf.publisher.prepare(&page).await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Rejected, "HtmlMissing"));
    }
}

async fn a_comment_that_looks_like_a_marker_is_rejected(shelf: &Shelf) {
    let mut page = publication("forged", AssetType::Page);
    page.content.html = Some("<html></html><!-- campanile slot=r1-x -->".into());
    assert_eq!(
        known(shelf.publish(&page).await),
        (Outcome::Rejected, "MarkerInContent")
    );
}

async fn what_was_prepared_elsewhere_is_not_committed(shelf: &Shelf) {
    let first = publication("elsewhere", AssetType::Post);
    let error = shelf
        .publisher
        .commit(&first, "another/path.json")
        .await
        .unwrap_err();
    assert_eq!(
        (error.outcome, error.reason),
        (Outcome::NotSent { retry_after: None }, "PreparedElsewhere")
    );
    assert!(!shelf.has(&first).await);
}

/// The Receipt keeps two senders apart; should that ever fail, the store does.
pub(super) async fn of_two_that_publish_at_once_one_is_stored(shelf: &Shelf) {
    let one = publication("raced", AssetType::Post);
    let other = Publication {
        attempt: "another-sender".into(),
        ..one.clone()
    };
    let (first, second) = tokio::join!(shelf.publish(&one), shelf.publish(&other));
    let outcomes = [first, second].map(|result| result.map(|_| ()).map_err(|error| error.outcome));
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    assert!(outcomes.contains(&Err(Outcome::Drifted)), "{outcomes:?}");
}

async fn a_preflight_can_be_repeated(shelf: &Shelf) {
    let publisher = &shelf.publisher;
    let (one, other) = tokio::join!(publisher.preflight(), publisher.preflight());
    assert_eq!(one.unwrap(), other.unwrap());
    publisher.preflight().await.unwrap();
}
