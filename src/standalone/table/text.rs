//! Values as Go prints them into a text column.

use serde_json::Value;

/// A text as it is, a number or boolean as Go prints it, an object or list as JSON, null as `<no value>`.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        Value::Number(number) => number.as_f64().map(float).unwrap_or_default(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => json(value),
    }
}

/// The shortest form that reads as the number; with an exponent below 1e-4 and from 1e21 on.
fn float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    number.to_string()
}

/// JSON as Go writes it: members in the order of their names, and escaped what HTML would read.
fn json(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, member)| format!("{}:{}", quoted(name), json(member)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::String(text) => quoted(text),
        Value::Null => "null".to_owned(),
        scalar => printed(scalar),
    }
}

fn quoted(text: &str) -> String {
    let json = Value::String(text.to_owned()).to_string();
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_print_as_in_go() {
        for (value, text) in [
            (json!("x"), "x"),
            (json!(7), "7"),
            (json!(1.5), "1.5"),
            (json!(1e21), "1e+21"),
            (json!(0.00001), "1e-05"),
            (json!(true), "true"),
            (json!(null), "<no value>"),
            (
                json!({"b": [1, "<"], "a": {}}),
                "{\"a\":{},\"b\":[1,\"\\u003c\"]}",
            ),
        ] {
            assert_eq!(printed(&value), text);
        }
    }
}
