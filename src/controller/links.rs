//! Links: what they answer, looked at one after the other, remembered, and looked at again in time.

mod look;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use kube::runtime::reflector::ObjectRef;
use reqwest::Client;
use tokio::sync::Notify;
use url::Url;

use self::look::{Look, look};
use super::{context::Shared, lock::lock, view::AssetView};
use crate::{domain::policy::LinkFinding, egress::EgressPolicy};

/// After how long a link that answered well is looked at again.
const AGAIN: Duration = Duration::from_hours(6);
/// After how long one that did not is looked at again.
const AGAIN_AFTER_TROUBLE: Duration = Duration::from_mins(15);
/// What was seen longer ago than this counts for nothing.
const OLDEST: Duration = Duration::from_hours(24);
/// How many links are looked at together.
const AT_ONCE: usize = 4;
/// How long one host is left alone after it was asked.
const BETWEEN_ASKS: Duration = Duration::from_secs(1);
/// How many links are remembered; others are not looked at before there is room.
const MOST_LINKS: usize = 20_000;
/// How many assets are woken by name when a link has been looked at.
const MOST_ASKERS: usize = 2_000;
/// How long the checker rests where no link is due.
const REST: Duration = Duration::from_mins(1);
/// How long it rests where it knows of no link.
const LONG_REST: Duration = Duration::from_hours(1);

/// What every link answered.
#[derive(Debug)]
pub(crate) struct Links {
    client: Client,
    egress: EgressPolicy,
    known: Mutex<Known>,
    rings: Notify,
}

#[derive(Debug, Default)]
struct Known {
    links: BTreeMap<String, Link>,
    /// On the steady clock: when a host may be asked again.
    hosts: BTreeMap<String, Duration>,
}

#[derive(Debug, Default)]
struct Link {
    /// What was seen, and when on the steady clock.
    seen: Option<(LinkFinding, Duration)>,
    /// When somebody last wanted to know.
    wanted_at: Duration,
    /// True while somebody looks.
    looking: bool,
    /// The assets, by namespace and name, that are to be woken when it changes.
    askers: BTreeSet<(String, String)>,
}

impl Link {
    fn is_due(&self, now: Duration) -> bool {
        let pause = match &self.seen {
            None => return !self.looking,
            Some((LinkFinding::Status(200..=299), _)) => AGAIN,
            Some(_) => AGAIN_AFTER_TROUBLE,
        };
        let seen_at = self.seen.as_ref().map_or(Duration::ZERO, |(_, at)| *at);
        // What nobody asks for any more is not looked at any more.
        let wanted = now.saturating_sub(self.wanted_at) < OLDEST;
        !self.looking && wanted && now.saturating_sub(seen_at) >= pause
    }
}

/// What is to be done next.
enum Next {
    Look(String),
    Rest(Duration),
}

impl Links {
    /// None is known yet; the client may follow no redirect by itself.
    pub(crate) fn new(client: Client, egress: EgressPolicy) -> Self {
        Self {
            client,
            egress,
            known: Mutex::default(),
            rings: Notify::new(),
        }
    }

    /// What each link was seen to answer; `None` where one of them has not been looked at, which then is done, and the
    /// asset woken.
    pub(crate) fn found(
        &self,
        links: &[String],
        asset: (&str, &str),
        now: Duration,
    ) -> Option<BTreeMap<String, LinkFinding>> {
        let mut known = lock(&self.known);
        let mut found = BTreeMap::new();
        let mut complete = true;
        for link in links {
            match known.want(&place(link), asset, now) {
                Some(seen) => drop(found.insert(link.clone(), seen)),
                None => complete = false,
            }
        }
        drop(known);
        self.rings.notify_one();
        complete.then_some(found)
    }

    fn next(&self, now: Duration) -> Next {
        lock(&self.known).next(now)
    }

    /// Notes what a look found; answers who is to be woken.
    fn note(&self, link: &str, look: &Look, now: Duration) -> BTreeSet<(String, String)> {
        lock(&self.known).note(link, look, now)
    }
}

impl Known {
    fn want(&mut self, place: &str, (namespace, name): (&str, &str), now: Duration) -> Option<LinkFinding> {
        if !self.links.contains_key(place) && self.links.len() >= MOST_LINKS {
            self.forget(now);
            if self.links.len() >= MOST_LINKS {
                return None;
            }
        }
        let link = self.links.entry(place.to_owned()).or_default();
        link.wanted_at = now;
        if link.askers.len() < MOST_ASKERS {
            link.askers.insert((namespace.to_owned(), name.to_owned()));
        }
        let (seen, at) = link.seen.as_ref()?;
        (now.saturating_sub(*at) < OLDEST).then(|| seen.clone())
    }

    fn forget(&mut self, now: Duration) {
        self.links
            .retain(|_, link| link.looking || now.saturating_sub(link.wanted_at) < OLDEST);
        self.hosts.retain(|_, free_at| *free_at > now);
    }

    fn next(&mut self, now: Duration) -> Next {
        let mut rest = if self.links.is_empty() { LONG_REST } else { REST };
        let mut chosen = None;
        for place in self
            .links
            .iter()
            .filter(|(_, link)| link.is_due(now))
            .map(|(place, _)| place)
        {
            match self.hosts.get(&host(place)) {
                Some(free_at) if *free_at > now => rest = rest.min(free_at.saturating_sub(now)),
                _ => {
                    chosen = Some(place.clone());
                    break;
                }
            }
        }
        let Some(place) = chosen else {
            return Next::Rest(rest);
        };
        self.hosts.insert(host(&place), now + BETWEEN_ASKS);
        if let Some(link) = self.links.get_mut(&place) {
            link.looking = true;
        }
        Next::Look(place)
    }

    fn note(&mut self, place: &str, look: &Look, now: Duration) -> BTreeSet<(String, String)> {
        if let Some(pause) = look.pause {
            self.hosts.insert(host(place), now + pause);
        }
        let Some(link) = self.links.get_mut(place) else {
            return BTreeSet::new();
        };
        link.looking = false;
        let before = link.seen.replace((look.found.clone(), now));
        if before.is_some_and(|(before, _)| before == look.found) {
            return BTreeSet::new();
        }
        std::mem::take(&mut link.askers)
    }
}

/// Looks at links for ever, a few together, and wakes the assets that wait for what is found.
pub(crate) async fn run(shared: &Shared) {
    let links = &shared.links;
    let mut looks = FuturesUnordered::new();
    loop {
        let mut rest = LONG_REST;
        while looks.len() < AT_ONCE {
            match links.next(shared.clock.steady()) {
                Next::Look(link) => looks.push(async move {
                    let found = look(&links.client, &links.egress, &link).await;
                    (link, found)
                }),
                Next::Rest(until) => {
                    rest = until;
                    break;
                }
            }
        }
        tokio::select! {
            Some((link, found)) = looks.next(), if !looks.is_empty() => {
                for (namespace, name) in links.note(&link, &found, shared.clock.steady()) {
                    shared.asset_wakes.wake(ObjectRef::<AssetView>::new(&name).within(&namespace));
                }
            }
            () = links.rings.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// The place that a link leads to: what only counts clicks makes no other place of it.
fn place(link: &str) -> String {
    let Ok(mut url) = Url::parse(link) else {
        return link.to_owned();
    };
    url.set_fragment(None);
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| !key.starts_with("utm_") && key != "cid")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url.into()
}

fn host(place: &str) -> String {
    Url::parse(place)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
