//! `campanile review`, driven through a terminal as a person would.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use nix::pty::{OpenptyResult, Winsize, openpty};

use crate::scene::Scene;

/// A process at a terminal of 100 columns.
struct Typist {
    process: Child,
    keys: File,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Typist {
    fn start(scene: &Scene, person: &Path) -> Self {
        let size = Winsize {
            ws_row: 30,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(Some(&size), None).expect("open a terminal");
        let process = Command::new(env!("CARGO_BIN_EXE_campanile"))
            .args(["review", "--namespace", &scene.namespace, "--kubeconfig"])
            .arg(person)
            .stdin(Stdio::from(slave.try_clone().unwrap()))
            .stdout(Stdio::from(slave))
            .stderr(Stdio::null())
            .spawn()
            .expect("start campanile");
        let keys = File::from(master);
        let (mut screen, seen) = (keys.try_clone().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
        let written = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 4096];
            // A terminal whose last process has ended is at its end, or broken: both end this.
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                written.lock().unwrap().extend(&buffer[..count]);
            }
        });
        Self { process, keys, seen }
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("type");
    }

    /// What stands on the screen: what was written since it was drawn last.
    fn screen(&self) -> String {
        let all = String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned();
        all.rsplit("\u{1b}[H").next().unwrap_or_default().to_owned()
    }

    async fn shows(&self, scene: &Scene, parts: &[&str]) {
        scene
            .until(&format!("the screen shows {parts:?}"), async || {
                let screen = self.screen();
                if parts.iter().all(|part| screen.contains(part)) {
                    Ok(())
                } else {
                    Err(screen)
                }
            })
            .await;
    }

    /// Waits until it has ended well; answers everything that it wrote.
    async fn ends(mut self, scene: &Scene) -> String {
        let status = scene
            .until("the review ends", async || match self.process.try_wait() {
                Ok(Some(status)) => Ok(status),
                other => Err(format!("{other:?}")),
            })
            .await;
        assert!(status.success(), "{status}");
        let all = self.seen.lock().unwrap().clone();
        String::from_utf8_lossy(&all).into_owned()
    }
}

#[tokio::test]
async fn a_week_is_reviewed_in_one_sitting_at_the_keyboard() {
    let scene = Scene::start("sitting").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let rows = [
        scene.row("first", "We open on Monday.").status("pending"),
        scene.row("second", "Bring a friend.").status("pending"),
        scene.row("third", "Not ready yet.").status("draft"),
    ];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[
            ("first linkedin/company", "AwaitingApproval ReviewPending"),
            ("second linkedin/company", "AwaitingApproval ReviewPending"),
            ("third linkedin/company", "AwaitingApproval Draft"),
        ])
        .await;
    scene.approvals_are_believed().await;
    let maya = scene.approver("maya", "leads").await;

    let mut typist = Typist::start(&scene, &maya);
    typist
        .shows(
            &scene,
            &[
                "[Waiting 1/2]",
                "Drafts 1",
                "maya",
                "We open on Monday.",
                "a approve",
            ],
        )
        .await;
    typist.types("a");
    typist
        .shows(&scene, &["[Waiting 1/1]", "Bring a friend.", "approved   first"])
        .await;
    typist.types("d");
    typist.shows(&scene, &["Why? _"]).await;
    typist.types("Not thiss\u{7f} week.\r");
    typist
        .shows(&scene, &["[Waiting 0/0]", "Nothing is on this list."])
        .await;
    typist.types("\t");
    typist.shows(&scene, &["[Drafts 1/1]", "Not ready yet."]).await;
    typist.types("d\u{1b}");
    typist.shows(&scene, &["Nothing was denied."]).await;
    typist.types("aq");
    let wrote = typist.ends(&scene).await;
    assert!(wrote.contains("\u{1b}[?1049l"), "the terminal is as it was");

    scene
        .until_assets_are(&[
            ("first linkedin/company", "Posted Published"),
            ("second linkedin/company", "Blocked Denied"),
            ("third linkedin/company", "Posted Published"),
        ])
        .await;
    let second = scene.asset("second linkedin/company").await;
    assert!(second.message.contains("Not this week."), "{}", second.message);
    scene.end().await;
}

#[tokio::test]
async fn a_review_without_a_terminal_says_what_to_use_instead() {
    let scene = Scene::start("scripted").await;
    let output = scene.campanile("review", &[]).await;
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("campanile approve is for scripts"), "{error}");
    scene.end().await;
}
