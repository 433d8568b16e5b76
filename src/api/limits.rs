//! Limits of an account: how many, how soon after each other, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, TimeOfDay};

/// How many publications an account may have, how soon after each other, and when; whatever is left out is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelLimits {
    /// How many targets are published on one day of timeZone; what is over it waits for the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_publishes_per_day: Option<u32>,
    /// The time zone of days, quiet hours and windows that name none, such as Asia/Jerusalem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// The shortest time between two publications on this account, such as 45m; at most 7d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_gap: Option<GoDuration>,
    /// Posts and e-mails go out later than their time by up to this much, such as 10m; at most 24h. The same slot is always later by the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<GoDuration>,
    /// When something may go out. With windows of kind Allow only within one of them, never within one of kind Deny.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub windows: Vec<PublishingWindow>,
    /// The hours of every day in which nothing goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// What this channel shares with the other channels of one developer app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_bucket: Option<RateBucket>,
    /// FinishGroup: the rest of a thread that has begun goes out although its window has closed. Stop: it waits.
    #[serde(default)]
    pub overrun: Overrun,
}

/// A time in which something may go out, or in which nothing may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishingWindow {
    /// Allow: something may go out. Deny: nothing may, whatever else allows it.
    pub kind: WindowKind,
    /// What it is called, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// The days of the week on which it begins. Neither days nor dates: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    pub days: Vec<Weekday>,
    /// Single days on which it begins, YYYY-MM-DD, beside those of days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 400),
        inner(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
    )]
    pub dates: Vec<String>,
    /// The time of day at which it begins; midnight if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<TimeOfDay>,
    /// The time of day at which it ends; on the next day if it is not after start. Neither end nor duration: the end of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<TimeOfDay>,
    /// How long it is, instead of end; at most 7d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<GoDuration>,
    /// Its time zone; that of the limits if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
}

/// What a window is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum WindowKind {
    /// Something may go out.
    Allow,
    /// Nothing may.
    Deny,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// The hours of every day in which nothing goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuietHours {
    /// The time of day at which they begin.
    pub start: TimeOfDay,
    /// The time of day at which they end; on the next day if it is not after start.
    pub end: TimeOfDay,
    /// Their time zone; that of the limits if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
}

/// How many requests all channels of one developer app may make together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateBucket {
    /// The name of the app: the channels of this namespace that name it share its requests. Where they say different limits, the strictest holds for all.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// How many publishing requests may be made within per.
    #[schemars(range(min = 1, max = 100_000))]
    pub limit: u32,
    /// In how long, such as 1h; at most 7d.
    pub per: GoDuration,
}

/// What becomes of a thread whose window closes while it goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Overrun {
    /// The rest goes out.
    #[default]
    FinishGroup,
    /// The rest waits for the next window.
    Stop,
}
