//! The sheet of a scene, and the days that its rows are on.

use jiff::{Timestamp, ToSpan as _, tz};

/// What the links of a scene lead to.
const LINK: &str = "https://www.example.com/?utm_source=s&utm_medium=m&utm_campaign=c";

/// Dates around now, in a zone where it is between twelve and one, so that no day ends during a test.
#[derive(Clone)]
pub(crate) struct Day {
    /// Name of the zone.
    pub(crate) zone: String,
    pub(crate) today: String,
    pub(crate) tomorrow: String,
}

impl Day {
    pub(super) fn around_noon() -> Self {
        let now = Timestamp::now();
        let offset = 12 - now.to_zoned(tz::TimeZone::UTC).hour();
        // These names count westward.
        let zone = match -offset {
            0 => "Etc/GMT".to_owned(),
            west => format!("Etc/GMT{west:+}"),
        };
        let local = now.in_tz(&zone).unwrap();
        Self {
            zone,
            today: local.date().to_string(),
            tomorrow: local.date().saturating_add(1.day()).to_string(),
        }
    }
}

/// A row of a sheet.
#[derive(Clone)]
pub(crate) struct Row {
    pub(super) post: String,
    pub(super) date: String,
    pub(super) time: String,
    pub(super) locale: String,
    pub(super) platform: String,
    pub(super) account: String,
    pub(super) copy: String,
    pub(super) status: String,
}

impl Row {
    pub(crate) fn on(mut self, date: &str, time: &str) -> Self {
        (self.date, self.time) = (date.to_owned(), time.to_owned());
        self
    }

    pub(crate) fn for_platform(mut self, platform: &str) -> Self {
        platform.clone_into(&mut self.platform);
        self
    }

    pub(crate) fn to(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    pub(crate) fn status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    pub(crate) fn saying(mut self, copy: &str) -> Self {
        copy.clone_into(&mut self.copy);
        self
    }
}

/// A sheet of rows.
pub(crate) fn sheet(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = "post_id,publish_date,publish_time,locale,platform,account_target,post_copy,utm_url,status";
    writer.write_record(header.split(',')).unwrap();
    for row in rows {
        let Row {
            post,
            date,
            time,
            locale,
            platform,
            account,
            copy,
            status,
        } = row;
        writer
            .write_record([post, date, time, locale, platform, account, copy, LINK, status])
            .unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}
