//! The columns that a sheet may have.

use crate::domain::content::text::nearest;

/// A column of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is documented by its name in the sheet")]
pub enum Column {
    PostId,
    PublishDate,
    Locale,
    Platform,
    AccountTarget,
    PostCopy,
    UtmUrl,
    Status,
    PublishTime,
    Timezone,
    Title,
    Media,
    AltText,
    Thread,
    FirstComment,
    LinkPlacement,
    Occurrence,
    Campaign,
    Claims,
    After,
    Variant,
}

impl Column {
    /// Every column, the required ones first.
    pub const ALL: [Self; 21] = [
        Self::PostId,
        Self::PublishDate,
        Self::Locale,
        Self::Platform,
        Self::AccountTarget,
        Self::PostCopy,
        Self::UtmUrl,
        Self::Status,
        Self::PublishTime,
        Self::Timezone,
        Self::Title,
        Self::Media,
        Self::AltText,
        Self::Thread,
        Self::FirstComment,
        Self::LinkPlacement,
        Self::Occurrence,
        Self::Campaign,
        Self::Claims,
        Self::After,
        Self::Variant,
    ];
    /// The columns without which a file is no sheet.
    pub const REQUIRED: [Self; 8] = [
        Self::PostId,
        Self::PublishDate,
        Self::Locale,
        Self::Platform,
        Self::AccountTarget,
        Self::PostCopy,
        Self::UtmUrl,
        Self::Status,
    ];
    /// Columns that are known and that nothing honours yet: a value in one of them blocks its row.
    pub const NOT_HANDLED: [Self; 3] = [Self::Media, Self::AltText, Self::Variant];

    /// The name in the sheet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PostId => "post_id",
            Self::PublishDate => "publish_date",
            Self::Locale => "locale",
            Self::Platform => "platform",
            Self::AccountTarget => "account_target",
            Self::PostCopy => "post_copy",
            Self::UtmUrl => "utm_url",
            Self::Status => "status",
            Self::PublishTime => "publish_time",
            Self::Timezone => "timezone",
            Self::Title => "title",
            Self::Media => "media",
            Self::AltText => "alt_text",
            Self::Thread => "thread",
            Self::FirstComment => "first_comment",
            Self::LinkPlacement => "link_placement",
            Self::Occurrence => "occurrence",
            Self::Campaign => "campaign",
            Self::Claims => "claims",
            Self::After => "after",
            Self::Variant => "variant",
        }
    }

    /// The column of a name; case and spaces are ignored, and a space may stand for the underscore.
    pub fn of_name(name: &str) -> Option<Self> {
        // A JSON sheet asks for every key of every record: the exact name needs no rewriting.
        if let Some(column) = Self::ALL.into_iter().find(|column| column.name() == name) {
            return Some(column);
        }
        let plain = plain(name);
        Self::ALL
            .into_iter()
            .find(|column| self::plain(column.name()) == plain)
    }

    /// The known name that an unknown one most resembles.
    pub(super) fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, &Self::ALL.map(Self::name))
    }
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|one| !one.is_whitespace() && *one != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_spaces() {
        assert_eq!(Column::of_name(" Post ID "), Some(Column::PostId));
        assert_eq!(Column::of_name("UTM_URL"), Some(Column::UtmUrl));
        assert_eq!(Column::of_name("post_copyy"), None);
        assert_eq!(Column::nearest("post_copyy"), Some("post_copy"));
    }

    #[test]
    fn required_columns_are_columns() {
        assert!(Column::REQUIRED.iter().all(|column| Column::ALL.contains(column)));
    }
}
