//! What every channel has: its line in the table of promises, its page, and manifests that show each of its promises.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use campanile::{
    api::{CHANNEL_MEMBERS, ChannelConfig, custom_resource_definitions},
    controller::GitBranches,
    domain::channels::{self, PROMISES, promise, table},
    egress::{EgressPolicy, HttpClientOptions, http_client},
    git::{GitSettings, Mirrors},
    publish::{PublisherOptions, Secrets, SelectError, required_secrets, select},
    standalone::schema::Structural,
};
use serde_json::Value;

/// What every page has, in this order.
const SECTIONS: [&str; 5] = [
    "## What it publishes",
    "## What it needs",
    "## Limits",
    "## What it promises",
    "## What is manual",
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The manifests of a channel, as they are written.
fn manifests(member: &str) -> Vec<Value> {
    read(&format!("examples/channels/{member}.yaml"))
        .split("\n---\n")
        .map(|document| serde_saphyr::from_str(document).unwrap())
        .collect()
}

fn configs(member: &str) -> Vec<ChannelConfig> {
    let manifests = manifests(member).into_iter();
    manifests
        .map(|manifest| serde_json::from_value(manifest).unwrap())
        .collect()
}

fn options() -> PublisherOptions {
    let egress = EgressPolicy::default();
    let client = http_client(&egress, &HttpClientOptions::default()).unwrap();
    let cache = std::env::temp_dir().join("campanile-channels");
    let mirrors = Mirrors::new(GitSettings::new(cache, egress.clone())).unwrap();
    PublisherOptions {
        client,
        egress,
        allow_local_paths: false,
        branches: Some(Arc::new(GitBranches::new(mirrors, false))),
    }
}

/// Text that any key of a Secret may hold; an address where the key is named as one.
fn secrets(config: &ChannelConfig) -> Secrets {
    required_secrets(&config.spec)
        .into_iter()
        .map(|key| {
            let value = match key.key.as_str() {
                "url" => "https://hooks.example.com/services/canary",
                _ => "1234567890:canary",
            };
            (key, value.into())
        })
        .collect()
}

#[test]
fn the_readme_and_the_docs_hold_the_table_of_promises() {
    for path in ["README.md", "docs/channels.md"] {
        assert!(
            read(path).contains(&table()),
            "{path} lacks what `campanile channels` prints:\n{}",
            table()
        );
    }
}

#[test]
fn every_channel_has_a_page_from_the_one_template() {
    for member in CHANNEL_MEMBERS {
        let page = read(&format!("docs/channels/{member}.md"));
        assert!(page.starts_with(&format!("# {member}\n")), "{member}");
        let places: Vec<Option<usize>> = SECTIONS.iter().map(|section| page.find(section)).collect();
        assert!(
            places.is_sorted() && places.iter().all(Option::is_some),
            "{member}: {places:?}"
        );
        for promise in PROMISES.iter().filter(|promise| promise.member == *member) {
            assert!(
                page.contains(&promise.line()),
                "{member} lacks:\n{}",
                promise.line()
            );
        }
        assert!(
            page.contains(&format!("examples/channels/{member}.yaml")),
            "{member}"
        );
        let list = read("docs/channels.md");
        assert!(
            list.contains(&format!("[`{member}`](channels/{member}.md)")),
            "{member}"
        );
    }
}

#[test]
fn the_manifests_are_what_the_definition_allows_and_name_no_namespace() {
    let definitions = custom_resource_definitions();
    let definition = definitions
        .iter()
        .find(|definition| definition.spec.names.kind == "ChannelConfig")
        .unwrap();
    let schema = definition.spec.versions[0].schema.as_ref().unwrap();
    let schema = serde_json::to_value(&schema.open_api_v3_schema).unwrap();
    let schema = Structural::parse_at(&schema, &campanile::standalone::schema::Path::Root, true).unwrap();
    for member in CHANNEL_MEMBERS {
        for mut manifest in manifests(member) {
            assert_eq!(manifest["metadata"].get("namespace"), None, "{member}");
            assert!(manifest["spec"].get(*member).is_some(), "{member}");
            assert_eq!(schema.prune(&mut manifest), Vec::<String>::new(), "{member}");
            schema.default(&mut manifest);
            assert_eq!(schema.validate(&manifest, None), [], "{member}");
            let mut without = manifest.clone();
            let spec = without["spec"].as_object_mut().unwrap();
            spec.retain(|field, _| !CHANNEL_MEMBERS.contains(&field.as_str()));
            assert_ne!(
                schema.validate(&without, None),
                [],
                "{member}: no rule misses the channel"
            );
        }
    }
}

#[test]
fn the_manifests_show_every_promise_and_the_publishers_keep_them() {
    let mut shown = BTreeSet::new();
    for config in CHANNEL_MEMBERS.iter().flat_map(|member| configs(member)) {
        let channel = config.spec.channel().unwrap();
        let promise = promise(channel).unwrap_or_else(|| panic!("{channel:?} is not in the table"));
        shown.insert(promise.line());
        let publisher = select(&config.spec, &secrets(&config), &options())
            .unwrap_or_else(|error| panic!("{}: {error}", channel.member()));
        assert_eq!(publisher.class().letter(), promise.class, "{channel:?}");
        assert_eq!(publisher.class().name(), channels::class(channel).name());
        assert_eq!(publisher.channel_type(), channel.member());
        assert!(publisher.send_timeout() >= channel.timeout());
    }
    let promised: BTreeSet<String> = PROMISES.iter().map(channels::Promise::line).collect();
    assert_eq!(shown, promised);
}

#[test]
fn every_key_that_a_channel_needs_is_named_where_it_is_missing() {
    for config in CHANNEL_MEMBERS.iter().flat_map(|member| configs(member)) {
        let wanted: Vec<String> = required_secrets(&config.spec)
            .iter()
            .map(|key| format!("Secret {} key {}", key.name, key.key))
            .collect();
        match select(&config.spec, &Secrets::new(), &options()) {
            Err(SelectError::MissingConfig { names }) => assert_eq!(names, wanted),
            other => assert!(wanted.is_empty(), "{other:?}"),
        }
    }
}
