//! What stands behind a claim: the metric that the row names, verified and fresh.

use std::time::Duration;

use jiff::{Timestamp, civil::Date};

use super::{Claim, Metric, Registry, quantity::Quantity};
use crate::domain::content::text::quoted;

/// The age at which a metric may no longer be quoted, where a pack says none: 30 days.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// Claims of one text, and what is known about them.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// What the text claims.
    pub claims: &'q [Claim],
    /// The metrics that its row names.
    pub named: &'q [String],
    /// The registry on the branch; `None` where there is no such file.
    pub registry: Option<&'q Registry>,
    /// Prices that are listed: no claims, though they are money.
    pub prices: &'q [Quantity],
    /// Metrics older than this are no evidence.
    pub max_age: Duration,
    /// The instant of the question.
    pub now: Timestamp,
}

/// A claim and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement<'q> {
    /// The claim.
    pub claim: &'q Claim,
    /// What stands behind it.
    pub ruling: Ruling,
}

/// Whether a claim may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may.
    Pass,
    /// It may not.
    Fail,
    /// It may be true, and nobody has said by which metric.
    Inconclusive,
}

/// What stands behind a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is a listed price.
    ListedPrice,
    /// A metric that the row names says the same, and may be quoted until then.
    Supported {
        /// The metric.
        metric: String,
        /// When it gets too old.
        until: Timestamp,
    },
    /// A metric says the same that the row does not name.
    Unnamed {
        /// The metric.
        metric: String,
        /// When it gets too old.
        until: Timestamp,
    },
    /// The metric says the same, and nobody has verified it.
    Unverified {
        /// The metric.
        metric: String,
    },
    /// The metric says the same, and is too old, or dated ahead.
    Expired {
        /// The metric.
        metric: String,
        /// The date of the registry; `None` where it has none.
        date: Option<Date>,
    },
    /// The metric that the row names has no value yet.
    NotMeasured {
        /// The metric.
        metric: String,
    },
    /// The metric that the row names says something else.
    OtherValue {
        /// The metric.
        metric: String,
        /// What it says.
        current: String,
    },
    /// The row names a metric that is not in the registry.
    UnknownMetric {
        /// What it names.
        name: String,
        /// The metric that may be meant.
        nearest: Option<String>,
    },
    /// No metric says it.
    Unsupported,
    /// There is no registry on the branch.
    NoRegistry,
}

/// Judges every claim of a text, in their order.
pub fn judge<'q>(question: &Question<'q>) -> Vec<Judgement<'q>> {
    question
        .claims
        .iter()
        .map(|claim| Judgement {
            claim,
            ruling: question.ruling(claim),
        })
        .collect()
}

impl Question<'_> {
    fn ruling(&self, claim: &Claim) -> Ruling {
        if self.prices.contains(&claim.quantity) {
            return Ruling::ListedPrice;
        }
        let Some(registry) = self.registry else {
            return Ruling::NoRegistry;
        };
        let named: Vec<&Metric> = self.named.iter().filter_map(|name| registry.get(name)).collect();
        let says = |metric: &Metric| metric.quantity.as_ref() == Some(&claim.quantity);
        let mut equal = named
            .iter()
            .copied()
            .filter(|metric| says(metric))
            .collect::<Vec<_>>();
        // Where several of the named metrics say it, one that may be quoted is enough.
        equal.sort_by_key(|metric| !metric.verified);
        if let Some(metric) = equal.first() {
            return match self.usable(registry, metric) {
                Ok(until) => Ruling::Supported {
                    metric: metric.name.clone(),
                    until,
                },
                Err(ruling) => ruling,
            };
        }
        let mut others: Vec<&Metric> = registry.metrics.iter().filter(|metric| says(metric)).collect();
        others.sort_by_key(|metric| !metric.verified);
        let other = others
            .first()
            .map(|metric| (metric, self.usable(registry, metric)));
        match other {
            Some((metric, Ok(until))) => Ruling::Unnamed {
                metric: metric.name.clone(),
                until,
            },
            Some((_, Err(ruling))) if named.is_empty() => ruling,
            _ => self.unequal(registry, &named),
        }
    }

    /// Until when a metric may be quoted, or why it may not.
    fn usable(&self, registry: &Registry, metric: &Metric) -> Result<Timestamp, Ruling> {
        if !metric.verified {
            return Err(Ruling::Unverified {
                metric: metric.name.clone(),
            });
        }
        let fresh = registry
            .expires(self.max_age)
            .filter(|until| self.now < *until && !registry.is_dated_ahead(self.now));
        fresh.ok_or_else(|| Ruling::Expired {
            metric: metric.name.clone(),
            date: registry.date,
        })
    }

    /// Why none of the metrics that the row names stands behind the claim.
    fn unequal(&self, registry: &Registry, named: &[&Metric]) -> Ruling {
        let unknown = self.named.iter().find(|name| registry.get(name).is_none());
        if let Some(name) = unknown {
            return Ruling::UnknownMetric {
                name: name.clone(),
                nearest: registry.nearest(name).map(str::to_owned),
            };
        }
        match named
            .iter()
            .find(|metric| metric.quantity.is_none())
            .or(named.first())
        {
            Some(metric) if metric.quantity.is_none() => Ruling::NotMeasured {
                metric: metric.name.clone(),
            },
            Some(metric) => Ruling::OtherValue {
                metric: metric.name.clone(),
                current: metric.current.clone(),
            },
            None => Ruling::Unsupported,
        }
    }
}

impl Ruling {
    /// Whether the claim may stand.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::ListedPrice | Self::Supported { .. } => Outcome::Pass,
            Self::Unnamed { .. } => Outcome::Inconclusive,
            _ => Outcome::Fail,
        }
    }

    /// When time alone changes it.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Supported { until, .. } | Self::Unnamed { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// What is wrong with a claim and what to do, in a sentence or two; `excerpt` is its words, `path` the registry's.
    pub fn message(&self, excerpt: &str, path: &str) -> String {
        let claim = quoted(excerpt);
        match self {
            Self::ListedPrice => format!("{claim} is a listed price."),
            Self::Supported { metric, until } => {
                format!("{claim} is what {} says, until {until}.", quoted(metric))
            }
            Self::Unnamed { metric, .. } => {
                let metric = quoted(metric);
                format!(
                    "{claim} is what {metric} says, and nobody says that it is meant. Name it in the column claims."
                )
            }
            Self::Unverified { metric } => {
                let metric = quoted(metric);
                format!(
                    "{claim} is what {metric} says, and that is not verified. Check it at its source, and write Yes in {path}."
                )
            }
            Self::Expired { metric, date } => expired(&claim, &quoted(metric), *date, path),
            Self::NotMeasured { metric } => {
                let metric = quoted(metric);
                format!(
                    "{claim} is claimed by {metric}, which has no value yet. Measure it, or say it without a number."
                )
            }
            Self::OtherValue { metric, current } => {
                let (metric, current) = (quoted(metric), quoted(current));
                format!(
                    "{claim} is not what {metric} says: {current}. Write what was measured, in the same unit."
                )
            }
            Self::UnknownMetric { name, nearest } => {
                let help = nearest.as_ref().map_or_else(
                    || format!("Add it to {path}, or name another."),
                    |nearest| format!("Is {} meant?", quoted(nearest)),
                );
                format!(
                    "{claim} is claimed by {}, which is no metric of {path}. {help}",
                    quoted(name)
                )
            }
            Self::Unsupported => {
                format!(
                    "{claim} is a claim, and no metric of {path} says it. Measure it, or say it without a number."
                )
            }
            Self::NoRegistry => {
                format!(
                    "{claim} is a claim, and there is no registry {path} on the branch. Add it, or say it without a number."
                )
            }
        }
    }
}

fn expired(claim: &str, metric: &str, date: Option<Date>, path: &str) -> String {
    let age = match date {
        Some(date) => format!("{path} is dated {date}"),
        None => format!("{path} has no date"),
    };
    format!(
        "{claim} is what {metric} says, and {age}: too old, or not yet true. Measure again, and renew the date."
    )
}

#[cfg(test)]
mod tests;
