//! What a Halt stops, compared as identities are compared everywhere.

use std::collections::BTreeMap;

use super::super::slot::{compared, compared_locale, compared_platform};
use crate::api::{HaltSelector, LABEL_CAMPAIGN, LABEL_LOCALE, LABEL_PLATFORM};

/// An asset or a slot, as a person would say what is to be stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stoppable {
    /// Its campaign: name and campaignId, as far as they are known.
    pub campaigns: Vec<String>,
    /// Names and types of its channels.
    pub channels: Vec<String>,
    /// The types among them.
    pub channel_types: Vec<String>,
    /// Its platform.
    pub platform: String,
    /// Its account.
    pub account: String,
    /// Its locale.
    pub locale: String,
    /// Labels of the Asset, its Campaign and its ChannelConfig.
    pub labels: Vec<(String, String)>,
}

/// A selector, brought to the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    campaigns: Vec<String>,
    channels: Vec<String>,
    platforms: Vec<String>,
    accounts: Vec<String>,
    locales: Vec<String>,
    labels: BTreeMap<String, String>,
}

impl Selector {
    /// Brings a selector to the form in which it is compared.
    pub fn new(selector: &HaltSelector) -> Self {
        let all = |texts: &[String], form: fn(&str) -> String| texts.iter().map(|text| form(text)).collect();
        Self {
            campaigns: all(&selector.campaigns, compared),
            channels: all(&selector.channels, compared_platform),
            platforms: all(&selector.platforms, compared_platform),
            accounts: all(&selector.accounts, compared),
            locales: all(&selector.locales, compared_locale),
            labels: selector.labels.clone(),
        }
    }

    /// Whether it stops that. In doubt about a word it stops more: a channel may be named by its platform, too.
    pub fn matches(&self, thing: &Stoppable) -> bool {
        let platform = compared_platform(&thing.platform);
        let account = compared(&thing.account);
        let one_of =
            |wanted: &[String], has: &dyn Fn(&String) -> bool| wanted.is_empty() || wanted.iter().any(has);
        let names = |texts: &[String], wanted: &String| texts.iter().any(|text| compared(text) == *wanted);
        one_of(&self.campaigns, &|wanted| names(&thing.campaigns, wanted))
            && one_of(&self.platforms, &|wanted| {
                *wanted == platform || names(&thing.channel_types, wanted)
            })
            && one_of(&self.accounts, &|wanted| *wanted == account)
            && one_of(&self.channels, &|wanted| {
                *wanted == platform
                    || is_target(wanted, &platform, &account)
                    || names(&thing.channels, wanted)
            })
            && one_of(&self.locales, &|wanted| {
                is_within(&compared_locale(&thing.locale), wanted)
            })
            && self.labels.iter().all(|label| has_label(thing, label))
    }

    /// What it stops, in words, at most 500 bytes.
    pub fn scope(&self) -> String {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let parts = [
            ("campaigns", &self.campaigns),
            ("channels", &self.channels),
            ("platforms", &self.platforms),
            ("accounts", &self.accounts),
            ("locales", &self.locales),
            ("labels", &labels),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(field, names)| format!("{field} {}", names.join(", ")))
            .collect();
        if parts.is_empty() {
            return "everything".to_owned();
        }
        super::super::receipt::shortened(&parts.join("; "), 500)
    }
}

/// `linkedin/company`, the platform with its aliases.
fn is_target(wanted: &str, platform: &str, account: &str) -> bool {
    wanted
        .split_once('/')
        .is_some_and(|(of, name)| compared_platform(of) == platform && name.trim() == account)
}

/// A locale is the wanted one, or lies under it: `en-gb` is English.
fn is_within(locale: &str, wanted: &str) -> bool {
    locale
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Our own labels say what the fields say, also where the value can be no label.
fn has_label(thing: &Stoppable, (key, value): (&String, &String)) -> bool {
    let ours = match key.as_str() {
        LABEL_CAMPAIGN => thing.campaigns.contains(value),
        LABEL_PLATFORM => thing.platform == *value,
        LABEL_LOCALE => thing.locale == *value,
        _ => false,
    };
    ours || thing.labels.iter().any(|(has, is)| has == key && is == value)
}
