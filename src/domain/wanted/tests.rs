use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::api::Intent;

const HEADER: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status,publish_time,occurrence,campaign,timezone\n";
const LINK: &str = "https://example.com/?utm_source=a&utm_medium=b&utm_campaign=c";

fn campaign() -> CampaignSpec {
    serde_json::from_value(json!({
        "source": {
            "git": {"url": "https://git.example.com/team/gtm.git", "branch": "main"},
            "sheets": [{"path": "sheet.csv"}],
        },
        "timeZone": "Asia/Jerusalem",
    }))
    .unwrap()
}

fn row(id: &str, date: &str, target: &str) -> String {
    format!("{id},{date},en,linkedin,{target},Hello,{LINK},approved,,,,\n")
}

fn files(sheet: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([("sheet.csv".to_owned(), sheet.as_bytes().to_vec())])
}

fn of(campaign: &CampaignSpec, files: &dyn Files) -> Wanted {
    of_named(campaign, "week-1", files)
}

fn of_named(campaign: &CampaignSpec, name: &str, files: &dyn Files) -> Wanted {
    wanted(&Inputs {
        campaign,
        campaign_name: name,
        files,
        revision: "0123abcd",
        channels: &[],
        now: "2026-02-15T10:00:00Z".parse::<Timestamp>().unwrap(),
    })
}

fn of_rows(rows: &[String]) -> Wanted {
    of(&campaign(), &files(&format!("{HEADER}{}", rows.concat())))
}

#[test]
fn one_row_is_one_asset_for_each_account() {
    let wanted = of_rows(&[row("a", "2026-02-16", "personal+company")]);
    assert!(
        wanted.parsed && wanted.diagnostics.is_empty(),
        "{:?}",
        wanted.diagnostics
    );
    let accounts: Vec<&str> = wanted
        .assets
        .iter()
        .map(|asset| asset.spec.target.account.as_str())
        .collect();
    assert_eq!(accounts.len(), 2);
    assert!(accounts.contains(&"personal") && accounts.contains(&"company"));
    for asset in &wanted.assets {
        assert_eq!((asset.path.as_str(), asset.line), ("sheet.csv", 2));
        assert_eq!(asset.spec.intent, Intent::Approved);
        assert_eq!(asset.spec.schedule.time, "08:10");
        assert!(
            asset
                .spec
                .content
                .text
                .ends_with(&format!("&cid={}", asset.slot.parameter()))
        );
    }
    assert_ne!(
        wanted.assets[0].spec.content.text,
        wanted.assets[1].spec.content.text
    );
}
