use proptest::prelude::*;

use super::*;
use crate::domain::policy::claims::Unit;

const REGISTRY: &str = "\
# Baseline

Date: 2026-02-14  
Owner: Growth

| Metric | Current | Window | Source | Verified |
|---|---:|---|---|---|
| Unique visitors | 12,400 | last 28 days | GA4 | Yes |
| Visitor -> Signup CVR | 4.2% | last 28 days | PostHog event `signup` | yes |
| ATS check starts | TBD | last 28 days | PostHog | No |
| Time to apply | 10-15 min | last 28 days | survey | No |
";

fn read(text: &str) -> (Registry, Vec<Diagnostic>) {
    Registry::read("docs/metrics.md", text.as_bytes())
}

fn problems(text: &str) -> Vec<(&'static str, u32, u32)> {
    let (_, found) = read(text);
    found
        .iter()
        .map(|one| (one.code, one.position.line, one.position.column))
        .collect()
}

#[test]
fn a_table_with_a_date_in_its_head_is_a_registry() {
    let (registry, found) = read(REGISTRY);
    assert_eq!(found, []);
    assert_eq!(registry.date, Some(jiff::civil::date(2026, 2, 14)));
    assert_eq!(registry.metrics.len(), 4);
    let rate = registry.get(" visitor -> signup cvr ").unwrap();
    assert!(rate.verified);
    assert_eq!(rate.quantity.as_ref().unwrap().unit, Unit::Percent);
    assert_eq!(rate.source, "PostHog event signup");
    assert_eq!((rate.position.line, rate.position.column), (9, 3));
    let unmeasured = registry.get("ATS check starts").unwrap();
    assert!(!unmeasured.verified && unmeasured.quantity.is_none());
    assert_eq!(registry.nearest("unique visitor"), Some("Unique visitors"));
}

#[test]
fn the_columns_may_stand_in_any_order_and_other_tables_before_them() {
    let text = "**Date:** 2026-02-14\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nVerified | Source | Window | Current | Metric | Note\n-|-|-|-|-|-\nYes | GA4 | week | 7 | Signups | ok\n";
    let (registry, found) = read(text);
    assert_eq!(found, []);
    assert!(registry.get("signups").unwrap().verified);
    assert_eq!(registry.date, Some(jiff::civil::date(2026, 2, 14)));
}

#[test]
fn every_problem_has_its_line_and_column() {
    assert_eq!(problems("nothing"), [("RegistryTableMissing", 0, 0)]);
    assert_eq!(
        problems(&REGISTRY.replace("2026-02-14", "14/02/2026")),
        [("BadDate", 3, 7)]
    );
    assert_eq!(
        problems(&REGISTRY.replace("Date:", "Day:")),
        [("DateMissing", 1, 1)]
    );
    assert_eq!(
        problems(&REGISTRY.replace("4.2%", "4% or 5%")),
        [("ValueUnclear", 9, 27)]
    );
    assert_eq!(
        problems(&REGISTRY.replace("| yes |", "| mostly |")),
        [("VerifiedUnclear", 9, 74)]
    );
    assert_eq!(
        problems(&REGISTRY.replace("| Source |", "| Origin |")),
        [("ColumnMissing", 6, 1)]
    );
    assert_eq!(
        problems(
            &REGISTRY
                .replace("ATS check starts", "unique  VISITORS")
                .replace("unique  ", "unique ")
        ),
        [("DuplicateMetric", 10, 3)]
    );
    let (_, found) = Registry::read("m.md", b"| Metric |\xff");
    assert_eq!((found[0].code, found[0].fatal), ("NotUtf8", false));
}

#[test]
fn a_row_that_cannot_be_read_stands_behind_nothing() {
    let (registry, _) = read(&REGISTRY.replace("| yes |", "| mostly |"));
    assert!(!registry.get("Visitor -> Signup CVR").unwrap().verified);
    let (registry, _) = read(
        &REGISTRY
            .replace("ATS check starts | TBD", "Unique visitors | 12,400")
            .replace("| No |", "| Yes |"),
    );
    assert!(!registry.get("Unique visitors").unwrap().verified);
    let (registry, _) = read(&REGISTRY.replace("Date:", "Day:"));
    assert_eq!(registry.expires(Duration::from_secs(1)), None);
}

#[test]
fn a_bar_in_a_name_is_escaped_and_a_torn_row_is_not_verified() {
    let (registry, found) = read(&REGISTRY.replace("Unique visitors", "Visits \\| all"));
    assert_eq!(found, []);
    assert!(registry.get("Visits | all").is_some());
    let (registry, _) = read(&REGISTRY.replace("| 12,400 | last 28 days | GA4 | Yes |", "| 12,400"));
    assert!(!registry.get("Unique visitors").unwrap().verified);
}

#[test]
fn age_counts_from_the_beginning_of_its_day() {
    let (registry, _) = read(REGISTRY);
    let thirty_days = Duration::from_hours(30 * 24);
    assert_eq!(
        registry.expires(thirty_days).unwrap().to_string(),
        "2026-03-16T00:00:00Z"
    );
    assert_eq!(registry.expires(Duration::MAX), None);
    assert!(!registry.is_dated_ahead("2026-02-13T09:00:00Z".parse().unwrap()));
    assert!(registry.is_dated_ahead("2026-02-12T23:59:59Z".parse().unwrap()));
}

#[test]
fn a_registry_of_any_size_is_bounded() {
    let row = "| m | x | w | s | maybe |\n";
    let text = format!(
        "{}{}",
        &REGISTRY[..REGISTRY.find("| Unique").unwrap()],
        row.repeat(20_000)
    );
    let (registry, found) = read(&text);
    assert_eq!(registry.metrics.len(), MAX_METRICS);
    assert!(found.len() <= MAX_DIAGNOSTICS);
    let (registry, found) = Registry::read("m.md", &vec![b'|'; MAX_BYTES + 1]);
    assert_eq!((registry.metrics.len(), found[0].code), (0, "FileTooLarge"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_registry_or_problems(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (registry, found) = Registry::read("m.md", &bytes);
        prop_assert!(!registry.metrics.is_empty() || !found.is_empty());
    }

    #[test]
    fn whatever_stands_in_a_cell_its_row_is_found_by_its_name(name in "[A-Za-z][A-Za-z ]{0,20}[a-z]", cell in "[^|\\\\\r\n\0]{0,20}") {
        let text = format!("Date: 2026-02-14\n\n|Metric|Current|Window|Source|Verified|\n|-|-|-|-|-|\n|{name}|{cell}|w|s|Yes|\n");
        let (registry, _) = read(&text);
        prop_assert!(registry.get(&name).is_some_and(|metric| metric.verified), "{}", text);
    }
}
