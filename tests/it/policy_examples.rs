//! The packs under `examples/policies/`: each compiles, passes its own tests, and has one for each of its rules.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::{collections::BTreeSet, fs, path::Path};

use campanile::{
    api::{PolicyPack, PolicyRule},
    domain::policy::{compile, run_tests},
};

fn packs() -> Vec<PolicyPack> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read =
        |path: &std::path::PathBuf| serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    paths.iter().map(read).collect()
}

#[test]
fn every_example_pack_passes_its_own_tests() {
    let packs = packs();
    assert_eq!(packs.len(), 3);
    for pack in packs {
        let name = pack.metadata.name.unwrap();
        let compiled = compile(&name, &pack.spec).unwrap();
        let outcomes = run_tests(&compiled);
        assert!(outcomes.len() >= 20, "{name}");
        let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}");
    }
}

#[test]
fn every_rule_of_an_example_pack_has_a_test_and_hebrew_has_rules_of_its_own() {
    for pack in packs() {
        let tested: BTreeSet<&str> = pack
            .spec
            .tests
            .iter()
            .map(|test| test.expect.rule.as_str())
            .collect();
        let names = |rules: &[PolicyRule]| rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>();
        for rule in names(&pack.spec.rules) {
            assert!(tested.contains(rule.as_str()), "{rule} has no test");
        }
        let hebrew = pack
            .spec
            .overlays
            .iter()
            .find(|overlay| overlay.locale == "he")
            .unwrap();
        assert!(hebrew.rules.len() >= 2);
        assert!(pack.spec.tests.iter().any(|test| test.asset.locale == "he"));
    }
}
