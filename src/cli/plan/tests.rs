use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::*;
use crate::{api::Receipt, cli::forecast::of_files, controller::Recorded};

const NOW: &str = "2026-02-15T10:00:00Z";

const WEEK: &str = r#"
apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week1-launch, namespace: team}
spec:
  weekId: week1_launch
  source:
    git: {url: "https://git.example.com/team/gtm.git", branch: main}
    sheets: [{path: docs/gtm/week-1-social-publishing-sheet.csv}]
    emails: [{path: docs/gtm/week-1-email-assets.md, account: welcome, variables: [dashboard_link, checker_link, upgrade_link], html: [{step: D0, locale: en, path: scripts/buttondown-emails/email-1-welcome.html}]}]
    queues: [{path: docs/gtm/week-1-task-queue.json, pages: {platform: web, account: site}, newsletters: {platform: newsletter, account: weekly, variables: [{name: utm_week1_newsletter_en, value: "https://resumelybuilderai.com/?utm_source=newsletter&utm_medium=email&utm_campaign=week1_launch&utm_content=newsletter_en"}, {name: utm_week1_newsletter_he, value: "https://resumelybuilderai.com/he?utm_source=newsletter&utm_medium=email&utm_campaign=week1_launch&utm_content=newsletter_he"}]}}]
  timeZone: Asia/Jerusalem
  policies: []
  defaultPublishTime: "09:00"
  times: [{locales: [en], platforms: [reddit], at: "09:00", timeZone: America/New_York}]
"#;

const CHANNEL: &str = r#"
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: linkedin-company, namespace: team}
spec: {platform: linkedin, account: company, webhook: {url: "https://hooks.example.com/"}}
"#;

const CAMPAIGN: &str = r#"
apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week1, namespace: team}
spec:
  source:
    git: {url: "https://git.example.com/team/gtm.git", branch: main}
    sheets: [{path: docs/week-1.csv}]
  timeZone: Asia/Jerusalem
  policies: []
"#;

const HEADER: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status\n";
const LINK: &str = "https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c";

type Tree = BTreeMap<String, Vec<u8>>;

fn tree(files: &[(&str, &str)]) -> Tree {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    files.collect()
}

fn row(post: &str, date: &str, account: &str, status: &str) -> String {
    format!("{post},{date},en,linkedin,{account},Hello,{LINK},{status}\n")
}

fn sheet(rows: &[String]) -> String {
    format!("{HEADER}{}", rows.concat())
}

fn plan_of(files: &Tree, recorded: Option<Recorded>) -> Result<Planned, ForecastError> {
    let names: Vec<String> = files.keys().cloned().collect();
    let wishes = Wishes {
        now: NOW.parse().unwrap(),
        campaign: None,
        ahead: None,
    };
    let recorded = recorded.map(|recorded| ("team".to_owned(), recorded));
    of_files(&names, files, recorded, &wishes).map(|forecast| planned(forecast, wishes.now))
}

fn screen_of(planned: &Planned) -> String {
    anstream::adapter::strip_str(&screen::text(planned)).to_string()
}

/// A sheet with a row of each kind.
fn mixed() -> Tree {
    let rows = [
        row("good", "2026-02-16", "company", "approved"),
        row("ready", "2026-02-17", "company", "pending"),
        row("raw", "2026-02-18", "company", "draft"),
        row("odd", "2026-02-19", "company", "scheduled"),
        row("nowhere", "2026-02-19", "personal", "approved"),
        row("old", "2026-02-14", "company", "approved"),
        row("never", "2026-02-20", "company", "skip"),
    ];
    tree(&[
        ("campanile.yaml", &format!("{CAMPAIGN}{CHANNEL}")),
        ("docs/week-1.csv", &sheet(&rows)),
    ])
}

#[test]
fn a_plan_begins_with_what_is_in_the_way_and_ends_with_what_waits() {
    let planned = plan_of(&mixed(), None).unwrap();
    assert!(planned.blocked);
    insta::assert_snapshot!(screen_of(&planned), @"
    Campaign week1: 1 to be published, 2 blocked, 1 waiting for a person, 1 draft, 1 stopped, 1 skipped

    Blocked
      docs/week-1.csv:6  nowhere  linkedin/personal  en  NoChannel
          No ChannelConfig has platform linkedin and account personal. Create one.
      docs/week-1.csv:5:98  odd  linkedin/company  en  AmbiguousStatus
          The status `scheduled` can be read in more than one way. Write approved if Campanile is to
          publish it, posted if it is out already, skip if another tool publishes it.

    Stopped
      docs/week-1.csv:7  old  linkedin/company  en  NotPublishedInTime
          Its time was 2026-02-14T06:10:00Z, and the campaign publishes nothing that late. Give it a new
          date.

    Mon 2026-02-16  Asia/Jerusalem
      + 08:10  good  linkedin/company  en  by linkedin-company

    Waits for a person
      ready  linkedin/company  en  due 2026-02-17 08:10 Asia/Jerusalem  ReviewPending

    Drafts
      raw  linkedin/company  en  for 2026-02-18 08:10 Asia/Jerusalem

    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
}

#[test]
fn the_same_plan_is_a_comment_on_a_pull_request() {
    let planned = plan_of(&mixed(), None).unwrap();
    insta::assert_snapshot!(markdown::text(&planned), @"
    ### Campanile plan: something is blocked

    #### Campaign <code>week1</code>: 1 to be published, 2 blocked, 1 waiting for a person, 1 draft, 1 stopped, 1 skipped

    **Blocked**

    | where | post | account | locale | why |
    | --- | --- | --- | --- | --- |
    | <code>docs&#47;week-1&#46;csv&#58;6</code> | <code>nowhere</code> | <code>linkedin&#47;personal</code> | <code>en</code> | <code>NoChannel</code>: No ChannelConfig has platform linkedin and account personal&#46; Create one&#46; |
    | <code>docs&#47;week-1&#46;csv&#58;5&#58;98</code> | <code>odd</code> | <code>linkedin&#47;company</code> | <code>en</code> | <code>AmbiguousStatus</code>: The status &#96;scheduled&#96; can be read in more than one way&#46; Write approved if Campanile is to publish it, posted if it is out already, skip if another tool publishes it&#46; |

    **Stopped**

    | where | post | account | locale | why |
    | --- | --- | --- | --- | --- |
    | <code>docs&#47;week-1&#46;csv&#58;7</code> | <code>old</code> | <code>linkedin&#47;company</code> | <code>en</code> | <code>NotPublishedInTime</code>: Its time was 2026-02-14T06&#58;10&#58;00Z, and the campaign publishes nothing that late&#46; Give it a new date&#46; |

    **Mon 2026-02-16 <code>Asia&#47;Jerusalem</code>**

    | | time | post | account | locale | channel |
    | --- | --- | --- | --- | --- | --- |
    | new | 08:10 | <code>good</code> | <code>linkedin&#47;company</code> | <code>en</code> | <code>linkedin-company</code> |

    **Waits for a person**

    | where | post | account | locale | why |
    | --- | --- | --- | --- | --- |
    | <code>docs&#47;week-1&#46;csv&#58;3</code> | <code>ready</code> | <code>linkedin&#47;company</code> | <code>en</code> | <code>ReviewPending</code>: Its status is pending&#58; it is ready, and a person has to approve it&#46; |

    Beside that: 1 waiting as drafts.

    > Assumed: No cluster was compared&#58; what was published before is planned again, and no Secret was looked for&#46;
    ");
}

#[test]
fn drafts_and_what_waits_for_a_person_block_nothing() {
    let rows = [
        row("ready", "2026-02-17", "company", "pending"),
        row("raw", "2026-02-18", "company", "draft"),
        row("old", "2026-02-14", "company", "approved"),
    ];
    let files = tree(&[
        ("campanile.yaml", &format!("{CAMPAIGN}{CHANNEL}")),
        ("docs/week-1.csv", &sheet(&rows)),
    ]);
    assert!(!plan_of(&files, None).unwrap().blocked);
}

#[test]
fn a_sheet_that_cannot_be_read_blocks_everything_and_says_where() {
    let files = tree(&[
        ("campanile.yaml", &format!("{CAMPAIGN}{CHANNEL}")),
        ("docs/week-1.csv", "colour,price\na,1\n"),
    ]);
    let planned = plan_of(&files, None).unwrap();
    assert!(planned.blocked);
    insta::assert_snapshot!(screen_of(&planned), @"
    Campaign week1: nothing
    A file cannot be read as what it is: nothing changes and nothing is sent until that is repaired.

    Wrong
      docs/week-1.csv:1:1  ColumnMissing
          The required column account_target is missing. Add a column named account_target.
      docs/week-1.csv:1:1  ColumnMissing
          The required column locale is missing. Add a column named locale.
      docs/week-1.csv:1:1  ColumnMissing
          The required column platform is missing. Add a column named platform.
      docs/week-1.csv:1:1  ColumnMissing
          The required column post_copy is missing. Add a column named post_copy.
      docs/week-1.csv:1:1  ColumnMissing
          The required column post_id is missing. Add a column named post_id.
      docs/week-1.csv:1:1  ColumnMissing
          The required column publish_date is missing. Add a column named publish_date.
      docs/week-1.csv:1:1  ColumnMissing
          The required column status is missing. Add a column named status.
      docs/week-1.csv:1:1  ColumnMissing
          The required column utm_url is missing. Add a column named utm_url.

    Warnings
      docs/week-1.csv:1:1  UnknownColumn
          The column `colour` is not known; nothing reads it. Remove it, or keep it for yourselves.
      docs/week-1.csv:1:8  UnknownColumn
          The column `price` is not known; nothing reads it. Remove it, or keep it for yourselves.

    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
}

#[test]
fn without_a_campaign_nothing_is_planned_and_the_next_step_is_said() {
    let error = plan_of(&tree(&[("docs/week-1.csv", &sheet(&[]))]), None)
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("--namespace"), "{error}");
}

/// What stands once a plan has been applied and its first row published with other words than it has now.
fn standing(files: &Tree) -> Recorded {
    let names: Vec<String> = files.keys().cloned().collect();
    let wishes = Wishes {
        now: NOW.parse().unwrap(),
        campaign: None,
        ahead: None,
    };
    let applied = of_files(&names, files, None, &wishes).unwrap();
    let campaign = applied.campaigns.into_iter().next().unwrap();
    let published = campaign
        .rows
        .iter()
        .find(|row| row.asset.spec.post_id == "good")
        .unwrap();
    let slot = published
        .observed
        .asset
        .slot("week1", crate::api::Environment::Production);
    let receipt: Receipt = serde_json::from_value(serde_json::json!({
        "apiVersion": "campanile.dev/v1alpha1", "kind": "Receipt",
        "metadata": {"name": slot.receipt_name(), "namespace": "team", "resourceVersion": "7"},
        "spec": {"slot": slot.fields()},
        "status": {"phase": "Published", "contentDigest": "sha256:what it said", "publishedAt": NOW},
    }))
    .unwrap();
    let mut manifests = crate::cli::check::manifest::Manifests::read(&names, files);
    for config in &mut manifests.channel_configs {
        let ready = serde_json::json!([{
            "type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": NOW,
        }]);
        config.metadata.generation = Some(1);
        config.status =
            serde_json::from_value(serde_json::json!({"observedGeneration": 1, "conditions": ready}))
                .unwrap();
    }
    let assets = campaign.rows.into_iter().map(|row| row.asset).collect();
    Recorded::of_objects("team", Vec::new(), manifests.channel_configs)
        .with_receipts([receipt])
        .with_assets(assets)
}

#[test]
fn beside_a_cluster_withdrawn_rows_come_first_and_what_was_published_is_compared() {
    let recorded = standing(&mixed());
    let rows = [
        row("good", "2026-02-16", "company", "approved"),
        row("ready", "2026-02-17", "company", "approved"),
        row("new", "2026-02-18", "company", "approved"),
    ];
    let files = tree(&[
        ("campanile.yaml", &format!("{CAMPAIGN}{CHANNEL}")),
        ("docs/week-1.csv", &sheet(&rows)),
    ]);
    let planned = plan_of(&files, Some(recorded)).unwrap();
    assert!(planned.compared && !planned.blocked);
    insta::assert_snapshot!(screen_of(&planned), @"
    Campaign week1: 2 to be published, 1 drifted

    Withdrawn: approved, not published, and no longer in the files
      - nowhere
      - old

    Changed after it was published
      docs/week-1.csv:2  good  linkedin/company  en  Drifted
          It changed after it was published; nothing is sent again. Put the words back, or edit it on
          the platform, or repeat it with an occurrence of its own, or take it back and release the
          slot.

    Tue 2026-02-17  Asia/Jerusalem
      * 08:10  ready  linkedin/company  en  by linkedin-company

    Wed 2026-02-18  Asia/Jerusalem
      + 08:10  new  linkedin/company  en  by linkedin-company
    ");
}

#[test]
fn a_plan_for_programs_names_each_row_its_fate_and_its_place() {
    let planned = plan_of(&mixed(), None).unwrap();
    let json: Value = serde_json::to_value(&planned).unwrap();
    let rows = json["campaigns"][0]["rows"].as_array().unwrap();
    let odd = rows.iter().find(|row| row["postId"] == "odd").unwrap();
    assert_eq!(
        (&odd["fate"], &odd["reason"]),
        (&"Blocked".into(), &"AmbiguousStatus".into())
    );
    assert_eq!(odd["place"]["path"], "docs/week-1.csv");
    assert_eq!(odd["place"]["line"], 5);
    assert!(odd["place"]["column"].as_u64().unwrap() > 1);
    assert_eq!(json["blocked"], true);
}

#[test]
fn words_from_a_branch_steer_neither_a_terminal_nor_a_comment() {
    let rows = [
        row("\u{1b}[2J@ada|`x`", "2026-02-16", "company", "approved"),
        row("שלום", "2026-02-16", "company", "draft"),
    ];
    let files = tree(&[
        ("campanile.yaml", &format!("{CAMPAIGN}{CHANNEL}")),
        ("docs/week-1.csv", &sheet(&rows)),
    ]);
    let planned = plan_of(&files, None).unwrap();
    let screen = screen_of(&planned);
    assert!(
        !screen.contains('\u{1b}') && screen.contains("\u{2068}שלום\u{2069}"),
        "{screen}"
    );
    let markdown = markdown::text(&planned);
    assert!(
        !markdown.contains('\u{1b}') && !markdown.contains("@ada") && !markdown.contains("`x`"),
        "{markdown}"
    );
}

/// The files under a folder, by their paths in it.
fn folder(root: &Path) -> Tree {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The team's real files where they stand beside the repository, and a committed set with the same traps.
fn weeks() -> Vec<Tree> {
    let real = Path::new("../shared/inputs/week-1");
    let committed = Path::new("tests/fixtures/week-one");
    let weeks = [real, committed]
        .into_iter()
        .filter(|root| root.exists())
        .map(folder);
    weeks
        .map(|mut week| {
            week.insert("campanile.yaml".to_owned(), WEEK.as_bytes().to_vec());
            // Approved, as far as each row can be.
            let sheet = week
                .get_mut("docs/gtm/week-1-social-publishing-sheet.csv")
                .unwrap();
            *sheet = String::from_utf8(sheet.clone())
                .unwrap()
                .replace(",draft", ",approved")
                .into_bytes();
            week
        })
        .collect()
}

#[test]
fn a_first_week_is_planned_day_by_day() {
    for week in weeks() {
        let planned = plan_of(&week, None).unwrap();
        let screen = screen_of(&planned);
        let rows = screen
            .lines()
            .filter(|line| !line.starts_with("      ") && !line.contains(".md:") && !line.contains(".json"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @"
            Campaign week1-launch: 13 to be published, 4 blocked, 10 waiting for a person

            Blocked
              docs/gtm/week-1-social-publishing-sheet.csv:5:46  en_x_thread_01  x/main_account  en  ThreadItemsMissing
              docs/gtm/week-1-social-publishing-sheet.csv:4:1  en_reddit_value_01  reddit/r/careerguidance  en  TitleMissing
              docs/gtm/week-1-social-publishing-sheet.csv:4:1  en_reddit_value_01  reddit/r/jobs  en  TitleMissing
              docs/gtm/week-1-social-publishing-sheet.csv:4:1  en_reddit_value_01  reddit/r/resumes  en  TitleMissing

            Warnings
              docs/gtm/week-1-social-publishing-sheet.csv:3:1  SameInstantOnAccount
              docs/gtm/week-1-social-publishing-sheet.csv:6:1  SameInstantOnAccount
              docs/gtm/week-1-social-publishing-sheet.csv:7:1  SameInstantOnAccount
              docs/gtm/week-1-social-publishing-sheet.csv:8:1  SameInstantOnAccount
              docs/gtm/week-1-social-publishing-sheet.csv:10:1  SameInstantOnAccount
              docs/gtm/week-1-social-publishing-sheet.csv:11:1  SameInstantOnAccount
              docs/gtm/week-1-social-publishing-sheet.csv:12:40  PartOfIssue
              and 1 more: campanile check prints them

            Mon 2026-02-16  Asia/Jerusalem
              + 09:00  en_li_narrative_01  linkedin/company  en  by linkedin-company
              + 09:00  en_li_narrative_01  linkedin/personal  en  by linkedin-personal

            Tue 2026-02-17  Asia/Jerusalem
              + 09:00  en_li_tactical_01  linkedin/company  en  by linkedin-company
              + 09:00  en_li_tactical_01  linkedin/personal  en  by linkedin-personal
              + 09:00  he_li_01  linkedin/personal  he  by linkedin-personal

            Wed 2026-02-18  Asia/Jerusalem
              + 09:00  he_community_01  community/facebook  he  by community-facebook
              + 09:00  he_community_01  community/telegram  he  by community-telegram
              + 09:00  he_community_01  community/whatsapp  he  by community-whatsapp

            Thu 2026-02-19  Asia/Jerusalem
              + 09:00  en_li_tactical_02  linkedin/company  en  by linkedin-company
              + 09:00  en_li_tactical_02  linkedin/personal  en  by linkedin-personal
              + 09:00  en_x_short_01  x/main_account  en  by x-main_account
              + 09:00  he_li_02  linkedin/personal  he  by linkedin-personal
              + 09:00  he_short_01  x/main_account  he  by x-main_account

            Waits for a person
              publish_blog_en_week1  web/site  en  due 2026-02-16 09:00 Asia/Jerusalem  ReviewPending
              publish_blog_he_week1  web/site  he  due 2026-02-16 09:00 Asia/Jerusalem  ReviewPending
              newsletter_week1  newsletter/weekly  en  due 2026-02-18 09:00 Asia/Jerusalem  ReviewPending
              newsletter_week1  newsletter/weekly  he  due 2026-02-18 09:00 Asia/Jerusalem  ReviewPending
              welcome-d0  email/welcome  en  due 2026-02-20 09:00 Asia/Jerusalem  ReviewPending
              welcome-d0  email/welcome  he  due 2026-02-20 09:00 Asia/Jerusalem  ReviewPending
              welcome-d3  email/welcome  en  due 2026-02-20 09:00 Asia/Jerusalem  ReviewPending
              welcome-d3  email/welcome  he  due 2026-02-20 09:00 Asia/Jerusalem  ReviewPending
              welcome-d7  email/welcome  en  due 2026-02-20 09:00 Asia/Jerusalem  ReviewPending
              welcome-d7  email/welcome  he  due 2026-02-20 09:00 Asia/Jerusalem  ReviewPending

            Assumed: No ChannelConfig is among the files: every account is taken to have one.
            Assumed: No cluster was compared: what was published before is planned again, and no Secret was
            looked for.
            ");
        }
    }
}

const PACK: &str = r"
---
apiVersion: campanile.dev/v1alpha1
kind: PolicyPack
metadata: {name: brand, namespace: team}
spec:
  rules:
    - {name: no-greeting, bannedPhrases: {phrases: [hello]}}
";

fn guarded(policies: &str, pack: &str) -> String {
    let campaign = CAMPAIGN.replace("policies: []", policies);
    let files = tree(&[
        ("campanile.yaml", &format!("{campaign}{CHANNEL}{pack}")),
        (
            "docs/week-1.csv",
            &sheet(&[row("a", "2026-02-16", "company", "approved")]),
        ),
    ]);
    screen_of(&plan_of(&files, None).unwrap())
}

#[test]
fn what_a_pack_among_the_files_stops_is_planned_as_blocked() {
    let screen = guarded("policies: [{name: brand}]", PACK);
    assert!(
        screen.contains("GuardFailed") && screen.contains("no-greeting"),
        "{screen}"
    );
    assert!(!guarded("policies: []", PACK).contains("GuardFailed"));
}

#[test]
fn a_plan_says_where_nobody_judges_and_which_pack_nobody_here_knows() {
    let screen = guarded("publishEnabled: true", PACK);
    assert!(screen.contains("names no PolicyPack"), "{screen}");
    let screen = guarded("policies: [{name: legal}]", PACK);
    assert!(
        screen.contains("PolicyPack legal is not among the files"),
        "{screen}"
    );
}

#[test]
fn rows_are_shown_when_there_is_room_for_them_and_what_has_none_is_in_the_way() {
    let limits = "  limits: {minimumGap: 90m}\n";
    let channel = CHANNEL.replace(
        "spec: {platform: linkedin, account: company, webhook: {url: \"https://hooks.example.com/\"}}\n",
        &format!("spec:\n  platform: linkedin\n  account: company\n  webhook: {{url: \"https://hooks.example.com/\"}}\n{limits}"),
    );
    let rows = ["a", "b", "c"].map(|post| row(post, "2026-02-16", "company", "approved"));
    let files = tree(&[
        ("campanile.yaml", &format!("{CAMPAIGN}{channel}")),
        ("docs/week-1.csv", &sheet(&rows)),
    ]);
    let planned = plan_of(&files, None).unwrap();
    assert!(planned.blocked);
    insta::assert_snapshot!(screen_of(&planned), @"
    Campaign week1: 2 to be published, 1 without room

    Warnings
      docs/week-1.csv:2:1  SameInstantOnAccount
          The post `a` goes to company on linkedin at the same instant as `b`, `c`. Give one of them a
          publish_time of its own, if that is not meant.
      docs/week-1.csv:3:1  SameInstantOnAccount
          The post `b` goes to company on linkedin at the same instant as `a`, `c`. Give one of them a
          publish_time of its own, if that is not meant.
      docs/week-1.csv:4:1  SameInstantOnAccount
          The post `c` goes to company on linkedin at the same instant as `a`, `b`. Give one of them a
          publish_time of its own, if that is not meant.

    No room before it is missed
      docs/week-1.csv:4  c  linkedin/company  en  MinimumGap
          ChannelConfig linkedin-company keeps 1h30m between two publications (limits.minimumGap). There
          is no room for it before it is missed, after 2026-02-16T08:10:00Z. Give it another time, or
          change the limits.

    Mon 2026-02-16  Asia/Jerusalem
      + 08:10  a  linkedin/company  en  by linkedin-company
      + 09:40  b  linkedin/company  en  by linkedin-company  due 08:10, MinimumGap

    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
    let comment = markdown::text(&planned);
    assert!(comment.contains("**No room before it is missed**"), "{comment}");
    assert!(
        comment.contains("(due 08:10, <code>MinimumGap</code>)"),
        "{comment}"
    );
    let json = serde_json::to_value(&planned).unwrap();
    let row = |post: &str| {
        let rows = json["campaigns"][0]["rows"].as_array().unwrap();
        rows.iter().find(|row| row["postId"] == post).unwrap().clone()
    };
    assert_eq!(
        (&row("b")["at"], &row("b")["waitsFor"]),
        (&"2026-02-16T07:40:01Z".into(), &"MinimumGap".into())
    );
    assert_eq!(row("c")["wouldBeMissed"]["reason"], "MinimumGap");
}
