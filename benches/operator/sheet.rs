//! Publishing sheets of any length, and how long the offline check of one takes.

use std::{fmt::Write as _, process::Command, sync::OnceLock, time::Instant};

use jiff::{Span, Timestamp, Zoned, tz::TimeZone};

use crate::{Options, table::Table};

/// Where the sheet stands on the branch.
pub(crate) const PATH: &str = "docs/gtm/sheet.csv";

const HEAD: &str =
    "post_id,publish_date,publish_time,locale,platform,account_target,post_copy,utm_url,status\n";

/// The second half of each row's words.
const SECOND_HALF: &str =
    ", where every change has an author and a reason, and where nothing is published that nobody approved";

/// When rows are due.
#[derive(Clone, Copy)]
pub(crate) enum When {
    /// A minute ago.
    Now,
    /// In two days.
    Later,
}

fn moment(when: When) -> (String, String) {
    static STARTED: OnceLock<Timestamp> = OnceLock::new();
    // A row keeps its time for as long as we run: another one would be a change of it.
    let now: Zoned = STARTED.get_or_init(Timestamp::now).to_zoned(TimeZone::UTC);
    let at = match when {
        When::Now => now.saturating_sub(Span::new().minutes(1)),
        When::Later => now.saturating_add(Span::new().days(2)),
    };
    (
        at.strftime("%Y-%m-%d").to_string(),
        at.strftime("%H:%M").to_string(),
    )
}

/// Rows of 200 characters of copy each; their ids begin with `prefix`.
pub(crate) fn rows(prefix: &str, count: usize, when: When, account: &str) -> String {
    let (date, time) = moment(when);
    let mut text = String::new();
    for number in 0..count {
        let _written = writeln!(
            text,
            "{prefix}-{number:06},{date},{time},en,linkedin,{account},\"Post {number}: what a team learns when its plan \
             stands on a git branch, where everybody reads it, where every change has an author and a reason, and where \
             nothing is published that nobody approved.\",\
             https://www.example.com/launch?utm_source=linkedin&utm_medium=social&utm_campaign=launch,approved"
        );
    }
    text
}

/// A whole sheet.
pub(crate) fn sheet(rows: &str) -> String {
    format!("{HEAD}{rows}")
}

/// Times `campanile check` of a long sheet, the start of the process included.
pub(crate) fn check(options: &Options, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sheet.csv");
    // Half of the usual words: 100,000 rows stay below the 32 MiB that a sheet may have.
    let text = sheet(&rows("row", options.rows, When::Later, "company")).replace(SECOND_HALF, "");
    std::fs::write(&path, text).expect("the sheet");
    let mut samples = Vec::new();
    for _ in 0..options.runs {
        let began = Instant::now();
        let output = Command::new(&options.binary)
            .arg("check")
            .arg(&path)
            .output()
            .expect("campanile check starts");
        // A sheet that is refused is not read: its time would say nothing.
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        samples.push(began.elapsed().as_secs_f64());
    }
    table.add(
        format!("`campanile check` of {} rows", options.rows),
        "1 s",
        "s",
        samples,
    );
}
