use serde_json::json;

use super::*;

fn read(format: Format, text: &str) -> Body {
    decode(format, text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    decode(Format::Json, text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_field_that_stands_twice_is_named_by_its_path_and_the_last_one_counts() {
    let body = read(
        Format::Json,
        r#"{"a":1,"spec":{"x":1,"l":[{"y":1},{"y":1,"y":2}],"x":2,"x":3},"a":{}}"#,
    );
    assert_eq!(
        body.value,
        json!({"a": {}, "spec": {"x": 3, "l": [{"y": 1}, {"y": 2}]}})
    );
    let expected = [
        "duplicate field \"spec.l[1].y\"",
        "duplicate field \"spec.x\"",
        "duplicate field \"a\"",
    ];
    assert_eq!(body.duplicates, expected);
}

#[test]
fn complaints_are_bounded() {
    let fields: Vec<String> = (0..300)
        .map(|field| format!("\"f{field}\":1,\"f{field}\":2,"))
        .collect();
    let body = read(Format::Json, &format!("{{{}\"last\":1}}", fields.concat()));
    assert_eq!(body.duplicates.len(), 100);
}

#[test]
fn numbers_stay_whole_while_they_fit() {
    let body = read(
        Format::Json,
        "[9223372036854775807, 9223372036854775808, -1, 1.0]",
    );
    assert_eq!(body.value[0], json!(i64::MAX));
    assert!(body.value[1].is_f64());
    assert_eq!(body.value[2], json!(-1));
    assert_eq!(body.value[3], json!(1));
}

#[test]
fn what_is_no_json_is_said_as_the_server_says_it() {
    for (text, complaint) in [
        ("", "unexpected end of JSON input"),
        ("{\"a\":", "unexpected end of JSON input"),
        ("{\"a\":}", "invalid character '}' looking for beginning of value"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        (
            "{\"a\":1 \"b\"}",
            "invalid character '\"' after object key:value pair",
        ),
        ("[1 2]", "invalid character '2' after array element"),
        (
            "{a:1}",
            "invalid character 'a' looking for beginning of object key string",
        ),
        (
            "{\"a\":1,}",
            "invalid character '}' looking for beginning of object key string",
        ),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{} x", "invalid character 'x' after top-level value"),
    ] {
        assert_eq!(refused(text), complaint, "{text}");
    }
}

#[test]
fn an_unrecognized_object_is_quoted_with_its_first_bytes() {
    let message = |text: &str| {
        let error = decode(Format::Json, text.as_bytes()).unwrap_err();
        unrecognized("ConfigMap", &error, text.as_bytes())
    };
    let start = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse \
                 error: ";
    assert_eq!(
        message(""),
        format!("{start}unexpected end of JSON input (<empty>)")
    );
    assert_eq!(
        message("x"),
        format!("{start}invalid character 'x' looking for beginning of value (78)")
    );
    let long = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"";
    assert_eq!(
        message(long),
        format!("{start}unexpected end of JSON input ({} ...)", &long[..30])
    );
}

#[test]
fn yaml_reads_as_the_same_values() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  n: \"1\"\n  t: |\n    x\nlist: [1, 1.5, true, null]\n";
    let expected = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"n": "1", "t": "x\n"},
        "list": [1, 1.5, true, null],
    });
    let body = read(Format::Yaml, text);
    assert_eq!(
        body,
        Body {
            value: expected,
            duplicates: Vec::new()
        }
    );
}

#[test]
fn yaml_tells_duplicates_too() {
    let body = read(Format::Yaml, "spec:\n  x: 1\n  x: 2\n");
    assert_eq!(body.value, json!({"spec": {"x": 2}}));
    assert_eq!(body.duplicates, ["duplicate field \"spec.x\""]);
}

#[test]
fn yaml_that_could_grow_without_a_bound_is_refused() {
    for text in [
        "a: &x [1]\nb: *x\n",
        "a: 1\n---\nb: 2\n",
        &"[".repeat(200),
        "a: [1\n",
    ] {
        let error = decode(Format::Yaml, text.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("yaml: "), "{error}");
    }
}

#[test]
fn json_that_is_too_deep_is_refused() {
    assert!(decode(Format::Json, "[".repeat(100_000).as_bytes()).is_err());
}
