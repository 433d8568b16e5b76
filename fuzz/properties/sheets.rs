//! What holds for every input of the readers of sheets, and for what is made of them.

use std::collections::{BTreeMap, BTreeSet};

use campanile::{
    api::{CampaignSpec, Severity},
    domain::{
        content::sheet,
        wanted::{Inputs, Wanted, wanted},
    },
};

/// A CSV sheet of any bytes.
pub(crate) fn sheet_csv(bytes: &[u8]) {
    holds("sheet.csv", bytes);
}

/// A JSON sheet of any bytes: what does not begin as one is made to.
pub(crate) fn sheet_json(bytes: &[u8]) {
    holds("sheet.json", bytes);
    holds("sheet.json", &[b"[", bytes, b"]"].concat());
}

/// Every problem has a place in the file; Assets have one slot each, and are the same every time.
fn holds(path: &str, bytes: &[u8]) {
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count();
    if let Ok(text) = sheet::decode(path, bytes) {
        let sheet = sheet::read(&text);
        let cells = sheet.records.iter().flat_map(|record| &record.cells);
        for (_, cell) in cells {
            assert!((1..=lines).contains(&(cell.span.position.line as usize)));
        }
    }
    let first = of(path, bytes);
    assert_eq!(first, of(path, bytes));
    for one in &first.diagnostics {
        assert!(one.position.line as usize <= lines, "{one}");
        assert!(
            !one.message.is_empty() && !one.excerpt.contains('\u{1b}') && !one.message.contains('\u{1b}')
        );
    }
    let errors = first
        .diagnostics
        .iter()
        .any(|one| one.severity == Severity::Error);
    assert!(first.parsed || errors, "a sheet is refused without a word");
    let names: BTreeSet<&str> = first.assets.iter().map(|asset| asset.name.as_str()).collect();
    assert_eq!(names.len(), first.assets.len());
    for asset in &first.assets {
        assert!(first.slots.contains(&asset.slot));
        assert!(asset.spec.findings.len() <= 20 && asset.spec.content.text.len() <= 64 * 1024);
    }
}

fn of(path: &str, bytes: &[u8]) -> Wanted {
    let files = BTreeMap::from([(path.to_owned(), bytes.to_vec())]);
    let campaign: CampaignSpec = serde_json::from_value(serde_json::json!({
        "source": {
            "git": {"url": "https://git.example.com/team/gtm.git", "branch": "main"},
            "sheets": [{"path": path}],
        },
        "timeZone": "Asia/Jerusalem",
    }))
    .expect("the campaign is a campaign");
    wanted(&Inputs {
        campaign: &campaign,
        campaign_name: "week-1",
        files: &files,
        revision: "0123abcd",
        channels: &[],
        now: "2026-02-15T10:00:00Z".parse().expect("the instant is an instant"),
    })
}
