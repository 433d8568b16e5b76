//! What servers count: metrics in Prometheus' text format.

use std::collections::BTreeMap;

/// Counters by a name of our own.
pub(crate) type Counts = BTreeMap<String, f64>;

/// The lines of one metric: labels and value.
fn lines<'a>(text: &'a str, metric: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(metric)?;
        let (labels, value) = rest.strip_prefix('{')?.split_once('}')?;
        Some((labels, value.trim().parse().ok()?))
    })
}

fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let start = format!("{name}=\"");
    let mut parts = labels.split("\",");
    parts
        .find_map(|part| part.strip_prefix(&start))
        .map_or("", |value| value.trim_end_matches('"'))
}

/// The sum of a metric over the lines that have a label value.
pub(crate) fn sum(text: &str, metric: &str, name: &str, value: &str) -> f64 {
    lines(text, metric)
        .filter(|(labels, _)| label(labels, name) == value)
        .map(|(_, count)| count)
        .sum()
}

/// The sum of a metric over all its lines.
pub(crate) fn total(text: &str, metric: &str) -> f64 {
    lines(text, metric).map(|(_, count)| count).sum()
}

/// Requests that the API server answered, by resource and verb; those that failed by their code too.
pub(crate) fn requests(text: &str) -> Counts {
    let mut counts = Counts::new();
    for (labels, count) in lines(text, "apiserver_request_total") {
        let of = |name| label(labels, name);
        let resource = match of("subresource") {
            "" => of("resource").to_owned(),
            subresource => format!("{}/{subresource}", of("resource")),
        };
        let code = match of("code") {
            code if code.starts_with('2') => String::new(),
            code => format!(" {code}"),
        };
        *counts
            .entry(format!("{} {resource}{code}", of("verb")))
            .or_default() += count;
    }
    counts
}

/// What was counted between two looks.
pub(crate) fn between(before: &Counts, after: &Counts) -> Counts {
    after
        .iter()
        .map(|(name, count)| (name.clone(), count - before.get(name).unwrap_or(&0.0)))
        .filter(|(_, count)| *count > 0.0)
        .collect()
}

/// Whether a request writes one of the things that the operator writes for people.
pub(crate) fn is_write(name: &str) -> bool {
    let writes = ["POST ", "PUT ", "PATCH ", "APPLY ", "DELETE "]
        .iter()
        .any(|verb| name.starts_with(verb));
    let ours = [
        "assets",
        "receipts",
        "campaigns",
        "channelconfigs",
        "policypacks",
        "events",
        "configmaps",
    ]
    .iter()
    .any(|kind| name.contains(kind));
    writes && ours
}
