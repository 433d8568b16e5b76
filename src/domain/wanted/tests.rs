use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    api::{ChannelConfigSpec, Intent, Severity, SheetFile},
    domain::channels::fitting,
};

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

fn codes(wanted: &Wanted) -> Vec<&str> {
    wanted
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

fn names(wanted: &Wanted) -> Vec<&str> {
    wanted.assets.iter().map(|asset| asset.name.as_str()).collect()
}

fn findings(asset: &WantedAsset) -> Vec<&str> {
    asset
        .spec
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn two_rows_with_one_slot_are_one_invalid_asset_that_names_both_lines() {
    let wanted = of_rows(&[
        row("a", "2026-02-16", "personal"),
        row("b", "2026-02-16", "company"),
        row(" A", "2026-02-17", "Personal"),
    ]);
    assert_eq!(wanted.assets.len(), 2);
    let doubled = wanted
        .assets
        .iter()
        .find(|asset| asset.spec.post_id == "a")
        .unwrap();
    assert_eq!(findings(doubled), ["DuplicateSlot"]);
    let message = &doubled.spec.findings[0].message;
    assert!(
        message.contains("sheet.csv line 2, sheet.csv line 4"),
        "{message}"
    );
    assert!(message.contains("Campaign for each week") && message.contains("occurrence"));
    assert_eq!(codes(&wanted), ["DuplicateSlot"]);
}

#[test]
fn one_post_id_in_two_sheets_names_both_files() {
    let mut campaign = campaign();
    campaign.source.sheets = vec![SheetFile { path: "*.csv".into() }];
    let sheet = format!("{HEADER}{}", row("a", "2026-02-16", "personal"));
    let files = BTreeMap::from([
        ("one.csv".to_owned(), sheet.clone().into_bytes()),
        ("two.csv".to_owned(), sheet.into_bytes()),
    ]);
    let wanted = of(&campaign, &files);
    assert_eq!(wanted.assets.len(), 1);
    let message = &wanted.assets[0].spec.findings[0].message;
    assert!(message.contains("one.csv line 2, two.csv line 2"), "{message}");
    assert_eq!(wanted.files.len(), 2);
}

#[test]
fn a_declared_occurrence_makes_a_second_slot_of_one_post() {
    let again = format!("a,2026-02-17,en,linkedin,personal,Hello,{LINK},approved,,spring,,\n");
    let wanted = of_rows(&[row("a", "2026-02-16", "personal"), again]);
    assert_eq!(wanted.assets.len(), 2);
    assert!(wanted.diagnostics.is_empty());
}

#[test]
fn rows_outside_the_horizon_are_counted_and_their_slots_known() {
    let wanted = of_rows(&[
        row("past", "2026-02-08", "personal"),
        row("recent", "2026-02-09", "personal"),
        row("soon", "2026-02-28", "personal"),
        row("later", "2026-03-02", "personal"),
    ]);
    let posts: Vec<&str> = wanted
        .assets
        .iter()
        .map(|asset| asset.spec.post_id.as_str())
        .collect();
    assert_eq!(posts, ["recent", "soon"]);
    assert_eq!((wanted.outside, wanted.slots.len()), (2, 4));
}

#[test]
fn more_than_ten_thousand_rows_keep_the_nearest_and_count_the_rest() {
    let rows: Vec<String> = (0..10_050)
        .map(|index| {
            row(
                &format!("p{index}"),
                if index < 100 { "2026-02-20" } else { "2026-02-16" },
                &format!("account{index}"),
            )
        })
        .collect();
    let wanted = of_rows(&rows);
    assert_eq!((wanted.assets.len(), wanted.outside), (10_000, 50));
    let later = wanted
        .assets
        .iter()
        .filter(|asset| asset.spec.schedule.date.as_deref() == Some("2026-02-20"))
        .count();
    assert_eq!(later, 50);
}

#[test]
fn an_invalid_row_is_an_asset_that_says_why_and_the_others_go_on() {
    let wanted = of_rows(&[
        row("a", "16/02/2026", "personal"),
        row("b", "2026-02-16", "personal"),
    ]);
    assert!(wanted.parsed);
    let last = wanted.assets.last().unwrap();
    assert_eq!(last.spec.schedule.date, None);
    assert_eq!(last.spec.findings[0].severity, Severity::Error);
    assert_eq!(
        (
            findings(last),
            last.spec.findings[0].line,
            last.spec.findings[0].column
        ),
        (vec!["BadDate"], 2, 3)
    );
}

#[test]
fn a_broken_sheet_stops_the_campaign_and_is_told_with_every_other_problem() {
    let mut campaign = campaign();
    campaign.source.sheets.push(SheetFile {
        path: "good.csv".into(),
    });
    let mut files = files("post_id\n");
    files.insert(
        "good.csv".into(),
        format!("{HEADER}{}", row("a", "tomorrow", "personal")).into_bytes(),
    );
    let wanted = of(&campaign, &files);
    assert!(!wanted.parsed && wanted.assets.is_empty() && wanted.slots.is_empty());
    assert!(codes(&wanted).contains(&"ColumnMissing") && codes(&wanted).contains(&"BadDate"));
    assert!(wanted.keeps("sheet.csv", AssetType::Post));
}

#[test]
fn a_sheet_that_is_not_there_stops_the_campaign_and_does_not_withdraw_its_rows() {
    let wanted = of(&campaign(), &BTreeMap::new());
    assert!(!wanted.parsed && wanted.keeps("sheet.csv", AssetType::Post));
    assert_eq!(codes(&wanted), ["FileMissing"]);
    let mut campaign = campaign();
    campaign.source.sheets[0].path = "docs/*.csv".into();
    let wanted = of(&campaign, &files(""));
    assert!(!wanted.parsed && wanted.keeps("docs/week.csv", AssetType::Post));
    assert_eq!(codes(&wanted), ["NoFileMatches"]);
}

#[test]
fn a_time_zone_that_does_not_exist_stops_the_campaign() {
    let mut campaign = campaign();
    campaign.time_zone = "Asia/Atlantis".into();
    let wanted = of(
        &campaign,
        &files(&format!("{HEADER}{}", row("a", "2026-02-16", "personal"))),
    );
    assert!(!wanted.parsed);
    assert_eq!(codes(&wanted), ["UnknownTimeZone"]);
}

#[test]
fn the_row_comes_before_the_campaign_s_times_and_those_before_its_default() {
    let mut campaign = campaign();
    campaign.times = serde_json::from_value(json!([
        {"locales": ["iw"], "at": "20:00"},
        {"platforms": ["Twitter"], "accounts": ["main"], "at": "10:00", "timeZone": "America/New_York"},
        {"platforms": ["x"], "at": "11:00"},
    ]))
    .unwrap();
    let rows = [
        format!("own,2026-02-16,he,x,main,Hi,{LINK},draft,07:30,,,Europe/London\n"),
        format!("time,2026-02-16,en,x,main,Hi,{LINK},draft,07:45,,,\n"),
        format!("hebrew,2026-02-16,he-IL,linkedin,main,Hi,{LINK},draft,,,,\n"),
        format!("main,2026-02-16,en,X,Main,Hi,{LINK},draft,,,,\n"),
        format!("other,2026-02-16,en,x,other,Hi,{LINK},draft,,,,\n"),
        format!("plain,2026-02-16,en,web,other,Hi,{LINK},draft,,,,\n"),
    ];
    let wanted = of(&campaign, &files(&format!("{HEADER}{}", rows.concat())));
    let schedule = |id: &str| {
        let asset = wanted
            .assets
            .iter()
            .find(|asset| asset.spec.post_id == id)
            .unwrap();
        format!("{} {}", asset.spec.schedule.time, asset.spec.schedule.time_zone)
    };
    assert_eq!(schedule("own"), "07:30 Europe/London");
    assert_eq!(schedule("time"), "07:45 America/New_York");
    assert_eq!(schedule("hebrew"), "20:00 Asia/Jerusalem");
    assert_eq!(schedule("main"), "10:00 America/New_York");
    assert_eq!(schedule("other"), "11:00 Asia/Jerusalem");
    assert_eq!(schedule("plain"), "08:10 Asia/Jerusalem");
}

#[test]
fn a_row_that_names_another_campaign_is_not_ours_to_judge() {
    let theirs = format!("a,never,en,linkedin,personal,Hello,{LINK},approved,,,week-2,\n");
    let ours = format!("b,2026-02-16,en,linkedin,personal,Hello,{LINK},approved,,,Week-1,\n");
    let wanted = of_rows(&[theirs.clone(), ours.clone()]);
    assert_eq!(
        (wanted.assets.len(), wanted.slots.len(), wanted.diagnostics.len()),
        (1, 1, 0)
    );
    assert!(wanted.files[0].names_its_campaigns);
    let wanted = of_rows(&[ours, row("c", "2026-02-17", "personal")]);
    assert!(!wanted.files[0].names_its_campaigns);
}

#[test]
fn posts_that_never_go_meet_nobody_on_an_account() {
    let skipped = format!("b,2026-02-16,he,linkedin,personal,Hi,{LINK},skip,,,,\n");
    let wanted = of_rows(&[row("a", "2026-02-16", "personal"), skipped]);
    assert!(wanted.diagnostics.is_empty());
    let wanted = of_rows(&[
        row("a", "2026-02-16", "personal"),
        row("b", "2026-02-16", "Personal"),
    ]);
    assert_eq!(codes(&wanted), ["SameInstantOnAccount", "SameInstantOnAccount"]);
    assert_eq!(wanted.assets[0].spec.findings[0].severity, Severity::Warning);
}

#[test]
fn the_metrics_that_a_row_names_stand_in_every_asset_of_it() {
    let header = HEADER.replace("timezone", "timezone,claims");
    let row = row("a", "2026-02-16", "personal+company").replace(",,,,\n", ",,,,,Signups | Visitors\n");
    let wanted = of(&campaign(), &files(&format!("{header}{row}")));
    assert_eq!(wanted.assets.len(), 2);
    for asset in &wanted.assets {
        assert_eq!(findings(asset), Vec::<&str>::new());
        assert_eq!(asset.spec.claims, ["Signups", "Visitors"]);
    }
}

#[test]
fn a_sandbox_channel_makes_a_sandbox_slot() {
    let files = files(&format!("{HEADER}{}", row("a", "2026-02-16", "personal+company")));
    let channel = |account: &str, environment| ChannelFacts {
        platform: "LinkedIn".into(),
        account: account.into(),
        environment,
        type_: "webhook",
        fitting: None,
    };
    let wanted = wanted(&Inputs {
        campaign: &campaign(),
        campaign_name: "week-1",
        files: &files,
        revision: "0123abcd",
        channels: &[channel("Personal", Environment::Sandbox)],
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    });
    let environments: Vec<(&str, Environment)> = wanted
        .assets
        .iter()
        .map(|asset| {
            (
                asset.spec.target.account.as_str(),
                asset.slot.fields().environment,
            )
        })
        .collect();
    assert!(environments.contains(&("personal", Environment::Sandbox)));
    assert!(environments.contains(&("company", Environment::Production)));
}

#[test]
fn a_text_too_long_for_its_channel_stops_the_post_on_that_channel_alone_and_says_the_count() {
    let config: ChannelConfigSpec = serde_json::from_value(json!({
        "platform": "linkedin", "account": "company", "discord": {"secretRef": {"name": "discord"}},
    }))
    .unwrap();
    let company = ChannelFacts {
        platform: config.platform.clone(),
        account: config.account.clone(),
        environment: config.environment,
        type_: "discord",
        fitting: fitting(config.channel().unwrap()),
    };
    let long = row("a", "2026-02-16", "personal+company").replace("Hello", &"x".repeat(2_000));
    let fits = row("b", "2026-02-17", "company");
    let wanted = wanted(&Inputs {
        campaign: &campaign(),
        campaign_name: "week-1",
        files: &files(&format!("{HEADER}{long}{fits}")),
        revision: "0123abcd",
        channels: &[company],
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    });
    let mut found: Vec<(&str, Vec<&str>)> = wanted
        .assets
        .iter()
        .map(|asset| (asset.spec.target.account.as_str(), findings(asset)))
        .collect();
    found.sort();
    let none = Vec::new;
    assert_eq!(
        found,
        [
            ("company", none()),
            ("company", vec!["CopyTooLong"]),
            ("personal", none())
        ]
    );
    let [said] = wanted.diagnostics.as_slice() else {
        panic!("{:?}", wanted.diagnostics)
    };
    // The copy, a blank line, and the link with the slot's parameter.
    let length = 2_000 + 2 + LINK.len() + "&cid=12345678".len();
    assert_eq!((said.code, said.position.line), ("CopyTooLong", 2));
    assert!(
        said.message
            .starts_with(&format!("The text has {length} characters")),
        "{}",
        said.message
    );
    assert!(!said.excerpt.is_empty());
}

#[test]
fn content_too_long_for_an_asset_stands_on_the_branch_with_its_digest() {
    let copy = "x".repeat(64 * 1024 - 10);
    let long = format!("a,2026-02-16,en,linkedin,personal,{copy},{LINK},approved,,,,\n");
    let wanted = of_rows(&[long]);
    let asset = &wanted.assets[0];
    let stored = asset.spec.content.stored.as_ref().unwrap();
    assert_eq!(
        (stored.revision.as_str(), stored.path.as_str()),
        ("0123abcd", "sheet.csv")
    );
    assert!(asset.spec.content.text.is_empty());
    let whole = &wanted.large[&asset.name];
    assert!(whole.text.starts_with(&copy));
    assert_eq!(stored.digest, stored_digest(whole));
}

#[test]
fn a_campaign_renamed_with_its_id_keeps_its_slots() {
    let files = files(&format!("{HEADER}{}", row("a", "2026-02-16", "personal")));
    let before = of(&campaign(), &files);
    let mut renamed = campaign();
    renamed.campaign_id = Some("week-1".into());
    let after = of_named(&renamed, "launch", &files);
    assert_eq!(names(&before), names(&after));
    assert_eq!(after.assets[0].spec.campaign, "launch");
}

proptest! {
    #[test]
    fn a_moved_date_edited_copy_or_another_spelling_never_makes_a_second_slot(
        day in 16u8..28,
        hour in 0u8..24,
        copy in "[a-zא-ת 👋]{1,40}",
        platform in "(x|X|Twitter| twitter )",
        account in "(main|Main| MAIN )",
        locale in "(he|iw|HE|Iw)",
        post in "(post_1|POST_1| Post_1 )",
    ) {
        let row = format!("{post},2026-02-{day},{locale},{platform},{account},{copy}.,{LINK},approved,{hour:02}:00,,,\n");
        let first = format!("post_1,2026-02-16,he,x,main,Hello,{LINK},draft,,,,\n");
        let before = of_rows(&[first]);
        let after = of_rows(&[row]);
        prop_assert_eq!(names(&before), names(&after));
        prop_assert_eq!(&before.assets[0].slot, &after.assets[0].slot);
        let identity = |wanted: &Wanted| {
            let spec = &wanted.assets[0].spec;
            (spec.post_id.clone(), spec.target.clone(), spec.locale.clone(), spec.occurrence.clone())
        };
        prop_assert_eq!(identity(&before), identity(&after));
    }

    #[test]
    fn a_copied_campaign_never_fills_the_slots_of_the_first(name in "[a-z][a-z0-9-]{0,20}") {
        prop_assume!(name != "week-1");
        let files = files(&format!("{HEADER}{}", row("a", "2026-02-16", "personal+company")));
        let (one, other) = (of(&campaign(), &files), of_named(&campaign(), &name, &files));
        prop_assert!(one.slots.is_disjoint(&other.slots));
    }

    #[test]
    fn equal_files_give_an_equal_wanted_set_in_whatever_order_their_rows_stand(
        mut rows in prop::collection::vec(("[a-c]", 16u8..20, "[p-r]"), 1..8)
    ) {
        let of_all = |rows: &[(String, u8, String)]| {
            let rows: Vec<String> = rows.iter().map(|(id, day, account)| row(id, &format!("2026-02-{day}"), account)).collect();
            of_rows(&rows)
        };
        let one = of_all(&rows);
        prop_assert_eq!(&one, &of_all(&rows));
        rows.reverse();
        let slots = of_all(&rows).slots;
        prop_assert_eq!(one.slots, slots);
    }

    #[test]
    fn any_bytes_make_a_wanted_set_or_problems_and_never_panic(sheet in prop::collection::vec(any::<u8>(), 0..120)) {
        let files = BTreeMap::from([("sheet.csv".to_owned(), sheet)]);
        let wanted = of(&campaign(), &files);
        prop_assert!(wanted.parsed || !wanted.diagnostics.is_empty());
    }

    #[test]
    fn any_cells_make_specs_within_the_bounds_of_the_api(cells in prop::collection::vec(".{0,50}", 12)) {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(&cells).unwrap();
        let row = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let wanted = of(&campaign(), &files(&format!("{HEADER}{row}")));
        for asset in &wanted.assets {
            let spec = &asset.spec;
            prop_assert!((1..=256).contains(&spec.post_id.chars().count()));
            prop_assert!((1..=63).contains(&spec.target.platform.chars().count()));
            prop_assert!((1..=128).contains(&spec.target.account.chars().count()));
            prop_assert!((1..=35).contains(&spec.locale.chars().count()));
            prop_assert!(spec.findings.len() <= 20);
            prop_assert!(spec.findings.iter().all(|finding| finding.message.chars().count() <= 512));
        }
    }
}

/// Asserts that a word of a part of an asset is told at the place where the file has it.
#[track_caller]
fn stands(
    asset: &WantedAsset,
    files: &BTreeMap<String, Vec<u8>>,
    field: crate::api::ContentField,
    word: &str,
) {
    use crate::{api::ContentField, domain::policy::Places};
    let content = &asset.spec.content;
    let words = match field {
        ContentField::Subject => content.subject.as_deref(),
        ContentField::PreviewText => content.preview_text.as_deref(),
        ContentField::Title => content.title.as_deref(),
        ContentField::Excerpt => content.excerpt.as_deref(),
        ContentField::Html => content.html.as_deref(),
        _ => Some(content.text.as_str()),
    };
    let words = words.unwrap();
    let places = Places {
        path: asset.path.clone(),
        line: asset.line,
        fields: asset.places.clone(),
    };
    let spot = places.locate(field, words, words.find(word).unwrap());
    let file = std::str::from_utf8(&files[&spot.path]).unwrap();
    let line = file.lines().nth(spot.position.line as usize - 1).unwrap();
    let rest: String = line.chars().skip(spot.position.column as usize - 1).collect();
    assert!(rest.starts_with(word), "{word}: {spot:?} is {rest:?}");
}

#[test]
fn words_of_a_row_are_found_in_its_cell() {
    use crate::api::ContentField::Text;
    let header = HEADER.replace("timezone", "timezone,title");
    let rows = format!(
        "{header}a,2026-02-16,he,x,main,\"  שלום, \"\"first\"\" then second\nthird, \"\"fourth\"\" fifth\",{LINK},approved,,,,,A title\n\
         b,2026-02-16,en,x,other,plain \"inch\" words,{LINK},approved,,,,,\n"
    );
    let files = files(&rows);
    let wanted = of(&campaign(), &files);
    let asset = |id: &str| {
        wanted
            .assets
            .iter()
            .find(|asset| asset.spec.post_id == id)
            .unwrap()
    };
    for word in [
        "שלום",
        "first",
        "then",
        "third",
        "fourth",
        "fifth",
        "https://example.com",
    ] {
        stands(asset("a"), &files, Text, word);
    }
    stands(asset("a"), &files, crate::api::ContentField::Title, "title");
    for word in ["plain", "inch", "words", "https"] {
        stands(asset("b"), &files, Text, word);
    }
}

#[test]
fn words_of_a_json_record_are_found_in_its_value() {
    let record = format!(
        "[{{\"post_id\": \"a\", \"publish_date\": \"2026-02-16\", \"locale\": \"en\", \"platform\": \"x\",\n  \"account_target\": \"main\", \"post_copy\": \"one \\\"two\\\" three\\nfour five\",\n  \"utm_url\": \"{LINK}\", \"status\": \"approved\"}}]"
    );
    let mut campaign = campaign();
    campaign.source.sheets = vec![SheetFile {
        path: "sheet.json".to_owned(),
    }];
    let files = BTreeMap::from([("sheet.json".to_owned(), record.into_bytes())]);
    let wanted = of(&campaign, &files);
    assert_eq!(wanted.assets.len(), 1, "{:?}", wanted.diagnostics);
    for word in ["one", "two", "three", "four", "five", "https://example.com"] {
        stands(&wanted.assets[0], &files, crate::api::ContentField::Text, word);
    }
}

#[test]
fn words_of_an_email_and_of_its_html_are_found_in_their_files() {
    use crate::api::ContentField::{Html, PreviewText, Subject, Text};
    let email = "# Mails\n\n## EN D0 — Welcome\nSubject: The subject line\nPreview:  A preview\n\nBody:\n\nHi there,\n\n---\n\nAfter the rule\n  - item\n\n## EN D3 — Second\nSubject: Other\nBody: Begins here\nand goes on\n";
    let mut campaign = campaign();
    campaign.source.sheets = Vec::new();
    campaign.source.emails = serde_json::from_value(json!([
        {"path": "mail.md", "account": "welcome", "html": [{"step": "D3", "locale": "en", "path": "d3.html"}]}
    ]))
    .unwrap();
    let files = BTreeMap::from([
        ("mail.md".to_owned(), email.as_bytes().to_vec()),
        (
            "d3.html".to_owned(),
            b"<html>\n<p>Finished words</p></html>".to_vec(),
        ),
    ]);
    let wanted = of(&campaign, &files);
    assert_eq!(wanted.assets.len(), 2, "{:?}", wanted.diagnostics);
    let asset = |id: &str| {
        wanted
            .assets
            .iter()
            .find(|asset| asset.spec.post_id.to_uppercase().ends_with(id))
            .unwrap()
    };
    stands(asset("D0"), &files, Subject, "subject");
    stands(asset("D0"), &files, PreviewText, "preview");
    for word in ["Hi", "After", "rule", "item"] {
        stands(asset("D0"), &files, Text, word);
    }
    for word in ["Begins", "goes"] {
        stands(asset("D3"), &files, Text, word);
    }
    stands(asset("D3"), &files, Html, "Finished");
}

const FOLLOWING: &str =
    "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status,after\n";

fn following(posts: &[(&str, &str)]) -> Wanted {
    let rows: Vec<String> = posts
        .iter()
        .map(|(post, after)| format!("{post},2026-02-16,en,linkedin,{post},Hello,{LINK},approved,{after}\n"))
        .collect();
    of(&campaign(), &files(&format!("{FOLLOWING}{}", rows.concat())))
}

fn stops(wanted: &Wanted, post: &str) -> String {
    let asset = wanted
        .assets
        .iter()
        .find(|asset| asset.spec.post_id == post)
        .unwrap();
    let finding = asset.spec.findings.first();
    finding.map_or("nothing".to_owned(), |finding| {
        format!("{} at {}:{}", finding.code, finding.line, finding.column)
    })
}

#[test]
fn a_post_names_the_one_that_it_goes_out_after() {
    let wanted = following(&[("a", ""), ("b", " A "), ("c", "b")]);
    assert_eq!(codes(&wanted), Vec::<&str>::new());
    let after = |post: &str| {
        let asset = wanted.assets.iter().find(|asset| asset.spec.post_id == post);
        asset.unwrap().spec.after.clone()
    };
    assert_eq!(
        (after("a"), after("b"), after("c")),
        (None, Some("a".into()), Some("b".into()))
    );
}

#[test]
fn a_post_that_follows_one_which_is_not_there_or_waits_for_it_is_stopped_at_its_cell() {
    let wanted = following(&[
        ("launch", ""),
        ("one", "lanch"),
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("behind", "a"),
        ("self", "self"),
    ]);
    insta::assert_snapshot!(["launch", "one", "a", "b", "c", "behind", "self"].map(|post| stops(&wanted, post)).join("\n"), @r"
    nothing
    FollowedPostUnknown at 3:109
    FollowsItself at 4:105
    FollowsItself at 5:105
    FollowsItself at 6:105
    nothing
    FollowsItself at 8:111
    ");
    let help = wanted
        .diagnostics
        .iter()
        .find(|found| found.code == "FollowedPostUnknown");
    assert!(
        help.unwrap().help.starts_with("Did you mean `launch`?"),
        "{help:?}"
    );
}

#[test]
fn a_row_that_never_goes_may_name_what_it_likes() {
    let row = format!("a,2026-02-16,en,linkedin,a,Hello,{LINK},skip,nobody\n");
    let wanted = of(&campaign(), &files(&format!("{FOLLOWING}{row}")));
    assert_eq!(codes(&wanted), Vec::<&str>::new());
}

#[test]
fn a_circle_of_twenty_thousand_posts_is_found() {
    let posts: Vec<(String, String)> = (0..20_000)
        .map(|number| (format!("p{number}"), format!("p{}", (number + 1) % 20_000)))
        .collect();
    let posts: Vec<(&str, &str)> = posts
        .iter()
        .map(|(post, after)| (post.as_str(), after.as_str()))
        .collect();
    let wanted = following(&posts);
    assert!(codes(&wanted).iter().all(|code| *code == "FollowsItself"));
}

/// A sheet of one row with a thread and a first comment.
fn threaded(target: &str, thread: &str, comment: &str, placement: &str) -> BTreeMap<String, Vec<u8>> {
    let header = HEADER.replace('\n', ",thread,first_comment,link_placement\n");
    let row = row("a", "2026-02-16", target)
        .replace(",linkedin,", ",x,")
        .replace('\n', "");
    files(&format!("{header}{row},\"{thread}\",{comment},{placement}\n"))
}

/// Each item by its slot: its words without the slot's own parameter, and its codes.
fn items(wanted: &Wanted) -> Vec<(String, String, Vec<&str>)> {
    let mut found: Vec<_> = wanted
        .assets
        .iter()
        .map(|asset| {
            let text = asset.spec.content.text.replace(&asset.slot.parameter(), "CID");
            (asset.slot.fields().item.clone(), text, findings(asset))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn each_item_of_a_thread_is_an_asset_with_its_words_and_the_first_one_names_them_all() {
    let sheet = threaded(
        "main_account",
        "Second\n---\n  Third,\nin two lines ",
        "Thanks!",
        "first_comment",
    );
    let wanted = of(&campaign(), &sheet);
    assert_eq!(codes(&wanted), Vec::<&str>::new());
    let link = format!("{LINK}&cid=CID");
    let none = Vec::new;
    assert_eq!(
        items(&wanted),
        [
            ("first-comment".to_owned(), format!("Thanks!\n\n{link}"), none()),
            ("main".to_owned(), "Hello".to_owned(), none()),
            ("thread-2".to_owned(), "Second".to_owned(), none()),
            ("thread-3".to_owned(), "Third,\nin two lines".to_owned(), none()),
        ]
    );
    let of_item = |item: &str| {
        wanted
            .assets
            .iter()
            .find(|asset| asset.spec.item == item)
            .unwrap()
    };
    let main = &of_item("main").spec.content;
    assert_eq!(main.thread, ["Second", "Third,\nin two lines"]);
    assert_eq!(
        main.first_comment,
        Some(of_item("first-comment").spec.content.text.clone())
    );
    assert!(main.links.is_empty() && of_item("first-comment").spec.content.links.len() == 1);
    // The row begins in line 2, and the third item two lines below its second.
    assert_eq!(of_item("thread-2").places[0].line, 2);
    assert_eq!(
        (
            of_item("thread-3").places[0].line,
            of_item("thread-3").places[0].column
        ),
        (4, 1)
    );
}

#[test]
fn a_thread_goes_to_each_of_its_accounts_and_meets_itself_nowhere() {
    let wanted = of(&campaign(), &threaded("one+two", "Second", "", ""));
    assert_eq!(codes(&wanted), Vec::<&str>::new());
    assert_eq!(wanted.assets.len(), 4);
    let names: BTreeSet<&str> = names(&wanted).into_iter().collect();
    assert_eq!(names.len(), 4);
}

#[test]
fn an_item_that_does_not_fit_stops_the_whole_thread_on_that_account() {
    let config: ChannelConfigSpec = serde_json::from_value(json!({
        "platform": "x", "account": "one", "x": {"handle": "acme", "secretRef": {"name": "x"}},
    }))
    .unwrap();
    let channel = ChannelFacts {
        platform: config.platform.clone(),
        account: config.account.clone(),
        environment: config.environment,
        type_: "x",
        fitting: fitting(config.channel().unwrap()),
    };
    let wanted = wanted(&Inputs {
        campaign: &campaign(),
        campaign_name: "week-1",
        files: &threaded("one+two", &format!("Second\n---\n{}", "a".repeat(281)), "", ""),
        revision: "0123abcd",
        channels: &[channel],
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    });
    assert_eq!(codes(&wanted), ["CopyTooLong"]);
    let mut found: Vec<_> = wanted
        .assets
        .iter()
        .map(|asset| {
            (
                asset.spec.target.account.as_str(),
                asset.spec.item.as_str(),
                findings(asset),
            )
        })
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("one", "main", vec!["OtherItemInvalid"]),
            ("one", "thread-2", vec!["OtherItemInvalid"]),
            ("one", "thread-3", vec!["CopyTooLong"]),
            ("two", "main", vec![]),
            ("two", "thread-2", vec![]),
            ("two", "thread-3", vec![]),
        ]
    );
}

#[test]
fn what_goes_out_after_a_thread_waits_for_no_item_of_its_own_row_twice() {
    let header = HEADER.replace('\n', ",thread,after\n");
    let lead = row("lead", "2026-02-16", "personal").replace('\n', ",,\n");
    let follow = row("follow", "2026-02-16", "personal").replace('\n', ",Second,lead\n");
    let wanted = of(&campaign(), &files(&format!("{header}{lead}{follow}")));
    let after: Vec<(&str, Option<&str>)> = wanted
        .assets
        .iter()
        .filter(|asset| asset.spec.post_id == "follow")
        .map(|asset| (asset.spec.item.as_str(), asset.spec.after.as_deref()))
        .collect();
    assert!(
        after.contains(&("main", Some("lead"))) && after.contains(&("thread-2", None)),
        "{after:?}"
    );
}
