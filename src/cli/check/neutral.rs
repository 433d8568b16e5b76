//! Files without a Campaign: told apart by their shape, and checked with defaults that can hide nothing.

use std::collections::BTreeSet;

use serde_json::json;

use super::{local_files::LocalFiles, manifest::CheckedCampaign};
use crate::{
    api::{CampaignSpec, EmailFile, Newsletters, QueueFile, SheetFile, Target},
    domain::{
        content::{Files as _, diagnostic::Diagnostic, email, newsletter, queue, sheet::Column},
        digest,
    },
};

/// Enough to see a header or the first record.
const START: u64 = 16 * 1024;
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// A file with this many of our columns is a sheet, or was meant to be one.
const TELLING_COLUMNS: usize = 3;
/// The longest account of a ChannelConfig.
const MAX_ACCOUNT: usize = 128;

/// What the files are.
#[derive(Default)]
struct Shapes {
    sheets: Vec<SheetFile>,
    emails: Vec<EmailFile>,
    queues: Vec<QueueFile>,
    weeks: BTreeSet<String>,
}

/// A campaign that reads all of the files; one for each week where queues name several.
pub(super) fn campaigns(workspace: &LocalFiles) -> Vec<CheckedCampaign> {
    let mut shapes = Shapes::default();
    for name in &workspace.names {
        shapes.add(workspace, name);
    }
    if shapes.sheets.is_empty() && shapes.emails.is_empty() && shapes.queues.is_empty() {
        return Vec::new();
    }
    if shapes.weeks.is_empty() {
        shapes.weeks.insert("week".to_owned());
    }
    shapes
        .weeks
        .iter()
        .filter_map(|week| shapes.campaign(workspace, week))
        .collect()
}

impl Shapes {
    fn add(&mut self, workspace: &LocalFiles, name: &str) {
        let path = name.to_owned();
        match extension(name).as_str() {
            "csv" if workspace.named || is_sheet(&workspace.start(name, START)) => {
                self.sheets.push(SheetFile { path });
            }
            "json" => self.json(workspace, path),
            "md" | "markdown" => self.email(workspace, path),
            _ => {}
        }
    }

    fn json(&mut self, workspace: &LocalFiles, path: String) {
        let start = workspace.start(&path, START);
        let start = String::from_utf8_lossy(&start);
        let begins = |with: char| {
            start
                .trim_start_matches('\u{feff}')
                .trim_start()
                .starts_with(with)
        };
        if begins('[') && (workspace.named || columns_in(&start) >= TELLING_COLUMNS) {
            self.sheets.push(SheetFile { path });
        } else if workspace.named || (begins('{') && start.contains("\"tasks\"")) {
            self.weeks.extend(week_of(workspace, &path));
            self.queues.push(QueueFile {
                path,
                pages: Some(Target {
                    platform: "web".to_owned(),
                    account: "site".to_owned(),
                }),
                newsletters: Some(Newsletters {
                    platform: "newsletter".to_owned(),
                    account: "issue".to_owned(),
                    ..Newsletters::default()
                }),
            });
        }
    }

    fn email(&mut self, workspace: &LocalFiles, path: String) {
        let templates = workspace
            .read(&path, MAX_BYTES)
            .is_ok_and(|bytes| !email::parse(&path, &bytes, &[]).0.templates.is_empty());
        if templates || (workspace.named && !is_issue(workspace, &path)) {
            self.emails.push(EmailFile {
                // Two files may both have a D0; without a Campaign nobody knows that they meet.
                account: account(&path),
                path,
                variables: Vec::new(),
                html: Vec::new(),
                labels: Vec::new(),
            });
        }
    }

    fn campaign(&self, workspace: &LocalFiles, week: &str) -> Option<CheckedCampaign> {
        let spec = json!({
            "weekId": week,
            "source": {"git": {"url": "https://localhost/", "branch": "none"}},
            "timeZone": "UTC",
        });
        let mut spec: CampaignSpec = serde_json::from_value(spec).ok()?;
        spec.source.sheets.clone_from(&self.sheets);
        spec.source.emails.clone_from(&self.emails);
        spec.source.queues = self
            .queues
            .iter()
            .filter(|queue| {
                let named = week_of(workspace, &queue.path);
                named.is_none_or(|named| named == week)
            })
            .cloned()
            .collect();
        Some(CheckedCampaign {
            namespace: String::new(),
            name: "check".to_owned(),
            spec,
            place: None,
        })
    }
}

/// Issues that were named without the queue that sends them, and what is wrong with them where no name has a value.
pub(super) fn issues(workspace: &LocalFiles) -> Vec<(String, Vec<Diagnostic>)> {
    let named = workspace.names.iter().filter(|_| workspace.named);
    let issues = named
        .filter(|name| matches!(extension(name).as_str(), "md" | "markdown") && is_issue(workspace, name));
    let check = |name: &String| {
        let bytes = workspace.read(name, MAX_BYTES).unwrap_or_default();
        let (issue, mut found) = newsletter::parse(name, &bytes, &[]);
        for version in &issue.versions {
            found.extend(version.broadcast(&newsletter::Filling::default()).1);
        }
        (name.clone(), found)
    };
    issues.map(check).collect()
}

fn is_issue(workspace: &LocalFiles, path: &str) -> bool {
    workspace.read(path, MAX_BYTES).is_ok_and(|bytes| {
        let templates = !email::parse(path, &bytes, &[]).0.templates.is_empty();
        !templates && !newsletter::parse(path, &bytes, &[]).0.versions.is_empty()
    })
}

fn week_of(workspace: &LocalFiles, path: &str) -> Option<String> {
    let bytes = workspace.read(path, MAX_BYTES).ok()?;
    queue::parse(path, &bytes).0.week_id.map(|week| week.value)
}

fn account(path: &str) -> String {
    if path.chars().count() <= MAX_ACCOUNT {
        path.to_owned()
    } else {
        digest::of_bytes(path.as_bytes())
    }
}

fn extension(name: &str) -> String {
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase())
        .unwrap_or_default()
}

/// A header of a sheet, whatever its separator and its encoding.
fn is_sheet(start: &[u8]) -> bool {
    let plain: Vec<u8> = start.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&plain);
    let header = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let names = header
        .split([',', ';', '\t'])
        .map(|name| name.trim_matches(['"', '\u{feff}', '\u{fffd}']));
    names.filter(|name| Column::of_name(name).is_some()).count() >= TELLING_COLUMNS
}

/// How many of our columns are keys of the first records.
fn columns_in(start: &str) -> usize {
    Column::REQUIRED
        .iter()
        .filter(|column| start.contains(&format!("\"{}\"", column.name())))
        .count()
}
