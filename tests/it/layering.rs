//! The direction of the arrows, read from the sources: a module knows only what is below it.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::path::{Path, PathBuf};

/// What each module may know of the crate.
const MAY_KNOW: [(&str, &[&str]); 14] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "controller",
            "http",
            "standalone",
            "git",
            "publish",
            "notify",
            "domain",
            "api",
            "egress",
            "secret",
            "config",
            "telemetry",
        ],
    ),
    (
        "controller",
        &[
            "git",
            "publish",
            "notify",
            "domain",
            "api",
            "egress",
            "secret",
            "config",
            "telemetry",
        ],
    ),
    (
        "http",
        &[
            "controller",
            "git",
            "notify",
            "domain",
            "api",
            "egress",
            "secret",
            "config",
            "telemetry",
        ],
    ),
    ("standalone", &[]),
    (
        "git",
        &["domain", "api", "egress", "secret", "config", "telemetry"],
    ),
    (
        "publish",
        &["domain", "api", "egress", "secret", "config", "telemetry"],
    ),
    (
        "notify",
        &["domain", "api", "egress", "secret", "config", "telemetry"],
    ),
    ("domain", &["api"]),
    ("api", &[]),
    ("egress", &["secret", "config", "telemetry"]),
    ("secret", &[]),
    ("config", &["egress", "secret", "api"]),
    ("telemetry", &["config", "secret"]),
];

/// Crates that only the shell may name: the domain and the API know no cluster's client, no network and no disk.
const SHELL_ONLY: [&str; 10] = [
    "tokio",
    "reqwest",
    "axum",
    "gix",
    "object_store",
    "lettre",
    "tower",
    "getrandom",
    "tempfile",
    "futures",
];

/// Every Rust file of the sources, with the module of the crate that it belongs to.
fn sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                let module = name.iter().next().unwrap().to_str().unwrap().to_owned();
                files.push((module, path));
            }
        }
    }
    files.sort();
    files
}

/// The code without comments, and without what stands in quotes.
fn code(source: &str) -> String {
    let lines = source.lines().map(|line| {
        let line = line.split("//").next().unwrap();
        let outside: Vec<&str> = line.split('"').step_by(2).collect();
        outside.join("")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that code names by `crate::`, also inside a braced `use`.
fn named(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (_, rest) in code
        .match_indices(prefix)
        .map(|(at, _)| code.split_at(at + prefix.len()))
    {
        match rest.strip_prefix('{') {
            None => names.extend(word(rest)),
            Some(group) => names.extend(first_words(group)),
        }
    }
    names
}

/// The first word of every entry of a braced list.
fn first_words(group: &str) -> Vec<String> {
    let (mut depth, mut entry, mut words) = (0, String::new(), Vec::new());
    for one in group.chars() {
        match one {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => words.extend(word(&std::mem::take(&mut entry))),
            one if depth == 0 => entry.push(one),
            _ => {}
        }
    }
    words.extend(word(&entry));
    words
}

fn word(text: &str) -> Option<String> {
    let word: String = text
        .trim_start()
        .chars()
        .take_while(|one| one.is_alphanumeric() || *one == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}

/// How a file names the modules of the crate: the root file of a module also by `super`.
fn prefixes(module: &str, path: &Path) -> Vec<&'static str> {
    let is_root =
        path.ends_with(format!("src/{module}.rs")) || path.ends_with(format!("src/{module}/mod.rs"));
    match module {
        "main" => vec!["campanile::"],
        _ if is_root => vec!["crate::", " super::"],
        _ => vec!["crate::"],
    }
}

#[test]
fn no_arrow_points_up() {
    let mut upward = Vec::new();
    for (module, path) in sources() {
        if module == "lib" {
            continue;
        }
        let known = MAY_KNOW.iter().find(|(name, _)| *name == module);
        assert!(
            known.is_some(),
            "{module} has no place among the modules: add it to the table"
        );
        let code = code(&std::fs::read_to_string(&path).unwrap());
        let (_, allowed) = known.unwrap();
        let names = prefixes(&module, &path)
            .into_iter()
            .flat_map(|prefix| named(&code, prefix));
        for name in names {
            let is_module = MAY_KNOW.iter().any(|(known, _)| *known == name);
            if is_module && name != module && !allowed.contains(&name.as_str()) {
                upward.push(format!("{}: {module} names {name}", path.display()));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn domain_and_api_name_nothing_of_the_shell() {
    let mut found = Vec::new();
    for (module, path) in sources() {
        if module != "domain" && module != "api" {
            continue;
        }
        let code = code(&std::fs::read_to_string(&path).unwrap());
        for name in SHELL_ONLY {
            let uses = [
                format!("use {name}::"),
                format!(" {name}::"),
                format!("({name}::"),
                format!("<{name}::"),
            ];
            if uses.iter().any(|uses| code.contains(uses.as_str())) {
                found.push(format!("{} names {name}", path.display()));
            }
        }
        if module == "domain" && (code.contains("async ") || code.contains(".await")) {
            found.push(format!("{} is async", path.display()));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_reader_of_this_test_sees_every_form_of_an_arrow() {
    let code = code(
        "use crate::{\n  api::{A, B},\n  git::X, // crate::http\n};\nlet a = \"crate::cli\"; crate::publish::b();",
    );
    assert_eq!(named(&code, "crate::"), ["api", "git", "publish"]);
}
