//! The seeds of the fuzz targets of sheets, as ordinary tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests end where they go wrong"
)]

#[path = "../../fuzz/properties/sheets.rs"]
mod properties;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let seeds: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(seeds.len() >= 3, "{target} has seeds");
    seeds
}

/// A seed, and what is left of it when it is torn.
fn torn(seed: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..=seed.len())
        .step_by(13)
        .filter_map(|length| seed.get(..length))
}

#[test]
fn the_properties_of_sheets_hold_for_every_seed_and_for_what_is_left_of_a_torn_one() {
    for seed in seeds("sheet_csv") {
        properties::sheet_csv(&seed);
        torn(&seed).for_each(properties::sheet_csv);
    }
    for seed in seeds("sheet_json") {
        properties::sheet_json(&seed);
        torn(&seed).for_each(properties::sheet_json);
    }
}
