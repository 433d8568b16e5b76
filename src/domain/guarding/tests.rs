use serde_json::json;

use super::*;

const METRICS: &str = "\
# Metrics

Date: 2026-02-10

| Metric | Current | Window | Source | Verified |
|---|---|---|---|---|
";

fn file(row: &str) -> Vec<u8> {
    format!("{METRICS}{row}\n").into_bytes()
}

fn pack(name: &str, path: &str) -> (Arc<CompiledPack>, Needs) {
    let rules = json!({"rules": [{"name": "verified", "numericClaims": {"registry": {"path": path}}}]});
    let spec: PolicyPackSpec = serde_json::from_value(rules).unwrap();
    (Arc::new(policy::compile(name, &spec).unwrap()), Needs::of(&spec))
}

#[test]
fn each_rule_asks_the_file_of_claims_that_it_names() {
    let files = BTreeMap::from([
        (
            "jobs.md".to_owned(),
            file("| interviews | 40 | 2026-01 | CRM | Yes |"),
        ),
        (
            "money.md".to_owned(),
            file("| savings | 12 | 2026-01 | CRM | Yes |"),
        ),
    ]);
    let needs = [pack("a", "jobs.md"), pack("b", "money.md"), pack("c", "gone.md")];
    let together = Needs::together(needs.iter().map(|(_, needs)| needs));
    let (read, problems) = claims(&files, &together);
    let at = |path| read.registries().at(path).map(|registry| registry.metrics.len());
    assert_eq!(
        (at("jobs.md"), at("money.md"), at("gone.md")),
        (Some(1), Some(1), None)
    );
    let named: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(named, ["gone.md"], "{problems:?}");
    let name = |path| {
        let registry = read.registries().at(path)?;
        Some(registry.metrics.first()?.name.clone())
    };
    assert_eq!(name("jobs.md").as_deref(), Some("interviews"));
    assert_eq!(name("money.md").as_deref(), Some("savings"));
}
