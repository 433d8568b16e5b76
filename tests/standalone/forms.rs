//! The properties of selectors, patches, protobuf bodies and requests, for their seeds and for torn ones.

#[path = "../../fuzz/properties/control_plane.rs"]
mod properties;
#[path = "../../fuzz/properties/requests.rs"]
mod requests;

use std::{fs, path::PathBuf};

type Property = fn(&[u8]);

fn seeds_of(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn the_properties_of_the_fuzz_targets_hold_for_their_seeds_and_every_beginning_of_them() {
    let targets: [(&str, Property); 4] = [
        ("selectors", properties::selectors),
        ("patches", properties::patches),
        ("protobuf", properties::protobuf),
        ("request_paths", requests::request_paths),
    ];
    for (target, holds) in targets {
        let seeds = seeds_of(target);
        assert!(!seeds.is_empty(), "{target} has seeds");
        for seed in seeds {
            (0..=seed.len()).for_each(|length| holds(&seed[..length]));
        }
    }
}

#[test]
fn a_byte_that_is_changed_breaks_no_property() {
    for (target, holds) in [
        ("patches", properties::patches as Property),
        ("protobuf", properties::protobuf),
    ] {
        for seed in seeds_of(target) {
            for place in 0..seed.len() {
                for bit in [0, 3, 7] {
                    let mut changed = seed.clone();
                    changed[place] ^= 1 << bit;
                    holds(&changed);
                }
            }
        }
    }
}
