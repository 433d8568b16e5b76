//! The pack of the documentation, and the claims that it looks at.

/// Where the pack looks for metrics.
pub(crate) const CLAIMS: &str = "docs/gtm/baseline-metrics.md";
/// Metrics of which nothing is known: nothing may be quoted.
pub(crate) const TO_BE_DEFINED: &str = "# Baseline\n\nDate: 2026-02-14\n\n| Metric | Current | Window | Source | Verified |\n|---|---:|---|---|---|\n| Unique visitors | TBD | last 28 days | GA4 | No |\n";

/// Exactly as users find it, but for the namespace.
pub(crate) fn pack() -> String {
    let page = include_str!("../../docs/policies.md");
    let (_, from_here) = page
        .split_once("```yaml\n")
        .expect("docs/policies.md begins with a pack");
    let (pack, _) = from_here
        .split_once("```")
        .expect("the pack of docs/policies.md ends");
    pack.replace(", namespace: resumely", "")
}
