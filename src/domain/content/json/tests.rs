use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    depth: 64,
    values: 10_000,
};

fn read(json: &str) -> Result<Node, Box<Diagnostic>> {
    parse(&Text::decode("a.json", json.as_bytes(), 1 << 20).unwrap(), LIMITS)
}

fn place(json: &str) -> (&'static str, u32, u32) {
    let error = read(json).unwrap_err();
    assert!(error.fatal);
    (error.code, error.position.line, error.position.column)
}

#[test]
fn every_value_and_key_knows_its_place() {
    let node = read("{\n  \"א\": [1, \"two\"],\n  \"b\": null}").unwrap();
    let list = node.get("א").unwrap();
    assert_eq!(list.position, Position { line: 2, column: 8 });
    assert_eq!(list.length, 10);
    assert_eq!(list.list().unwrap()[1].position, Position { line: 2, column: 12 });
    assert_eq!(
        node.object().unwrap()[1].span.position,
        Position { line: 3, column: 3 }
    );
}

#[test]
fn escapes_are_resolved_and_pairs_joined() {
    let node = read(r#""a\n\u00e9\uD83D\uDE00\/""#).unwrap();
    assert_eq!(node.text(), Some("a\né😀/"));
    assert_eq!(place(r#""\uD83D""#), ("JsonSyntax", 1, 3));
    assert_eq!(place(r#""\uDE00""#), ("JsonSyntax", 1, 3));
}

#[test]
fn a_missing_comma_is_shown_where_it_is_missed() {
    assert_eq!(place("[1\n 2]"), ("JsonSyntax", 2, 2));
}

#[test]
fn a_comma_before_the_end_of_a_list_is_an_error() {
    assert_eq!(place("[1,]"), ("JsonSyntax", 1, 4));
    assert_eq!(place("{\"a\":1,}"), ("JsonSyntax", 1, 8));
}

#[test]
fn a_string_without_end_is_shown_at_its_beginning() {
    assert_eq!(place("{\"a\": \"b}"), ("JsonSyntax", 1, 7));
}

#[test]
fn a_second_value_after_the_first_is_an_error() {
    assert_eq!(place("{} {}"), ("JsonSyntax", 1, 4));
    assert_eq!(place("01"), ("JsonSyntax", 1, 2));
}

#[test]
fn a_key_written_twice_is_an_error_at_the_second() {
    assert_eq!(place("{\"a\": 1,\n \"a\": 2}"), ("DuplicateKey", 2, 2));
}

#[test]
fn nesting_and_size_end_at_their_limits() {
    assert_eq!(place(&"[".repeat(100_000)), ("JsonTooDeep", 1, 65));
    assert!(read(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
    assert_eq!(place(&format!("[{}0]", "0,".repeat(10_000))).0, "JsonTooLarge");
}

/// The same value as serde_json has it, to compare two readers.
fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => serde_json::from_str(number).unwrap(),
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Object(members) => members
            .iter()
            .map(|member| (member.name.clone(), plain(&member.node)))
            .collect(),
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(|text| text.replace('\0', "").into()),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::btree_map("[a-zא-ת\"\\\\]{0,4}", inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_as_the_same_value(value in any_json()) {
        let written = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(plain(&read(&written).unwrap()), value);
    }

    #[test]
    fn what_we_read_serde_json_reads_too(json in "[\\[\\]{}:,\"\\\\0-9eE.+\\-a-f\\suntrl]{0,24}") {
        if let Ok(node) = read(&json) {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&json) {
                prop_assert_eq!(plain(&node), value);
            } else {
                // serde_json refuses numbers that no double holds; we keep them as written.
                prop_assert!(json.contains(['e', 'E']));
            }
        }
    }
}
