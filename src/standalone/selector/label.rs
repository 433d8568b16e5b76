//! Label selectors: from a query's text, or from the `LabelSelector` of an object.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::names::{label_key_problems, label_value_problems, quoted};
use super::{SelectorError, expression};

/// How a requirement compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    /// Checks key, number of values and each value, as the API server does; all problems are in the error.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Self, SelectorError> {
        let mut problems = Vec::new();
        problems.extend(checked_key("key", key).err().map(|error| error.0));
        problems.extend(count_problem(operator, &values));
        for (index, value) in values.iter().enumerate() {
            problems.extend(value_problems(operator, key, index, value));
        }
        if problems.is_empty() {
            return Ok(Self {
                key: key.to_owned(),
                operator,
                values,
            });
        }
        Err(SelectorError(aggregated(problems)))
    }

    /// The label that is looked at.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether a label's value (`None`: the object has no such label) fulfils the requirement.
    pub fn holds(&self, label: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|listed| listed == value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => self.compared(label).is_some_and(|(label, bound)| label > bound),
            Operator::LessThan => self.compared(label).is_some_and(|(label, bound)| label < bound),
        }
    }

    fn compared(&self, label: Option<&str>) -> Option<(i64, i64)> {
        Some((label?.parse().ok()?, self.values.first()?.parse().ok()?))
    }
}

/// `path` is where the server's message says that the key stands; it says `<nil>` for a selector's text.
pub(super) fn checked_key(path: &str, key: &str) -> Result<(), SelectorError> {
    let problems = label_key_problems(key);
    if problems.is_empty() {
        return Ok(());
    }
    Err(SelectorError(format!(
        "{path}: Invalid value: {}: {}",
        quoted(key),
        problems.join("; ")
    )))
}

fn count_problem(operator: Operator, values: &[String]) -> Option<String> {
    let detail = match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            "for 'in', 'notin' operators, values set can't be empty"
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            "values set must be empty for exists and does not exist"
        }
        _ => return None,
    };
    let listed: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    Some(format!("values: Invalid value: [{}]: {detail}", listed.join(",")))
}

fn value_problems(operator: Operator, key: &str, index: usize, value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if matches!(operator, Operator::GreaterThan | Operator::LessThan) && value.parse::<i64>().is_err() {
        let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
        problems.push(format!(
            "values[{index}]: Invalid value: {}: {detail}",
            quoted(value)
        ));
    }
    let wrong = label_value_problems(value);
    if !wrong.is_empty() {
        problems.push(format!(
            "values[{index}][{key}]: Invalid value: {}: {}",
            quoted(value),
            wrong.join("; ")
        ));
    }
    problems
}

fn aggregated(problems: Vec<String>) -> String {
    let mut seen = BTreeSet::new();
    let distinct: Vec<String> = problems
        .into_iter()
        .filter(|problem| seen.insert(problem.clone()))
        .collect();
    match distinct.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", distinct.join(", ")),
    }
}

/// Which objects a request means, by their labels: all requirements have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector {
    /// `None` selects nothing.
    requirements: Option<Vec<Requirement>>,
}

impl LabelSelector {
    /// Reads the query parameter `labelSelector`; an empty text selects everything.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        Ok(Self {
            requirements: Some(expression::requirements(text)?),
        })
    }

    /// Reads a `meta/v1 LabelSelector` (`matchLabels`, `matchExpressions`): absent or null selects nothing, `{}`
    /// everything.
    pub fn from_object(selector: Option<&Value>) -> Result<Self, SelectorError> {
        let Some(selector) = selector.filter(|selector| !selector.is_null()) else {
            return Ok(Self { requirements: None });
        };
        let mut requirements = Vec::new();
        for (key, value) in selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let value = value.as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement::new(key, Operator::Equals, vec![value])?);
        }
        for expression in selector
            .get("matchExpressions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            requirements.push(requirement_of(expression)?);
        }
        Ok(Self {
            requirements: Some(requirements),
        })
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.requirements.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether an object with these labels is selected; `label` answers a label's value.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let Some(requirements) = &self.requirements else {
            return false;
        };
        requirements
            .iter()
            .all(|requirement| requirement.holds(label(&requirement.key)))
    }

    /// Whether an object is selected by its `metadata.labels`.
    pub fn matches_object(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        self.matches(|key| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str))
    }
}

fn requirement_of(expression: &Value) -> Result<Requirement, SelectorError> {
    let text = |name: &str| expression.get(name).and_then(Value::as_str).unwrap_or_default();
    let operator = match text("operator") {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => {
            return Err(SelectorError(format!(
                "{} is not a valid label selector operator",
                quoted(other)
            )));
        }
    };
    let values = expression
        .get("values")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let values = values
        .map(|value| value.as_str().unwrap_or_default().to_owned())
        .collect();
    Requirement::new(text("key"), operator, values)
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self
            .requirements
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        formatter.write_str(&texts.join(","))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        let mut values = self.values.clone();
        values.sort();
        let values = values.join(",");
        match self.operator {
            Operator::In => write!(formatter, "{key} in ({values})"),
            Operator::NotIn => write!(formatter, "{key} notin ({values})"),
            Operator::Equals => write!(formatter, "{key}={values}"),
            Operator::DoubleEquals => write!(formatter, "{key}=={values}"),
            Operator::NotEquals => write!(formatter, "{key}!={values}"),
            Operator::Exists => write!(formatter, "{key}"),
            Operator::DoesNotExist => write!(formatter, "!{key}"),
            Operator::GreaterThan => write!(formatter, "{key}>{values}"),
            Operator::LessThan => write!(formatter, "{key}<{values}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(selector: &str, labels: &Value) -> bool {
        let selector = LabelSelector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"));
        selector.matches_object(&json!({"metadata": {"labels": labels}}))
    }

    #[test]
    fn every_operator_selects_what_it_says() {
        let labels = json!({"app": "web", "tier": "", "n": "7"});
        for selector in [
            "",
            "app=web",
            "app==web",
            "app!=db",
            "app in (db,web)",
            "app notin (db)",
            "app",
            "!absent",
            "absent!=x",
            "absent notin (x)",
            "tier=",
            "tier in ()",
            "n>6",
            "n<8",
            " app = web , !absent ",
            "tier in (a,)",
        ] {
            assert!(selects(selector, &labels), "{selector}");
        }
        for selector in [
            "app=db",
            "absent",
            "!app",
            "app!=web",
            "app notin (web,db)",
            "n>7",
            "app>1",
            "app=web,absent",
        ] {
            assert!(!selects(selector, &labels), "{selector}");
        }
    }

    #[test]
    fn words_that_are_operators_elsewhere_are_values_and_keys() {
        assert!(selects("in in (notin)", &json!({"in": "notin"})));
        assert!(selects("notin=in", &json!({"notin": "in"})));
    }

    #[test]
    fn an_object_without_labels_is_selected_by_absence_alone() {
        let bare = json!({"metadata": {"name": "x"}});
        assert!(LabelSelector::parse("!a,b!=c").unwrap().matches_object(&bare));
        assert!(!LabelSelector::parse("a").unwrap().matches_object(&bare));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_servers_text() {
        for (selector, text) in [
            ("a in", "unable to parse requirement: found '' expected: '('"),
            (
                "a in (",
                "unable to parse requirement: found '', expected: ',', ')' or identifier",
            ),
            (
                "a in (b",
                "unable to parse requirement: found '', expected: ',' or ')'",
            ),
            (
                "a in (b c)",
                "unable to parse requirement: found 'c', expected: ',' or ')'",
            ),
            (
                "a in (=)",
                "unable to parse requirement: found '=', expected: ',', ')' or identifier",
            ),
            (
                "a b",
                "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            ),
            ("a,", "found '', expected: identifier after ','"),
            (",a", "found ',', expected: !, identifier, or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("!a=b", "found '=', expected: ',' or 'end of string'"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            (
                "a==!b",
                "unable to parse requirement: found '!', expected: identifier",
            ),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value \
                     must be an integer",
            ),
            (
                "/a",
                "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty",
            ),
        ] {
            assert_eq!(
                LabelSelector::parse(selector).unwrap_err().to_string(),
                text,
                "{selector}"
            );
        }
        let error = LabelSelector::parse("a=b@c").unwrap_err().to_string();
        let start = "unable to parse requirement: values[0][a]: Invalid value: \"b@c\": a valid label must be an empty";
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn a_selector_of_an_object_selects_nothing_if_absent_and_everything_if_empty() {
        let object = json!({"metadata": {"labels": {"a": "b"}}});
        let selects = |selector: Option<Value>| {
            LabelSelector::from_object(selector.as_ref())
                .unwrap()
                .matches_object(&object)
        };
        assert!(!selects(None));
        assert!(!selects(Some(Value::Null)));
        assert!(selects(Some(json!({}))));
        assert!(selects(Some(
            json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]})
        )));
        assert!(!selects(Some(
            json!({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]})
        )));
    }

    #[test]
    fn a_selector_of_an_object_is_checked() {
        let refused = |selector: Value| {
            LabelSelector::from_object(Some(&selector))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(json!({"matchExpressions": [{"key": "a", "operator": "Near"}]})),
            "\"Near\" is not a valid label selector operator"
        );
        assert_eq!(
            refused(json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]})),
            "values: Invalid value: [\"b\"]: values set must be empty for exists and does not exist"
        );
    }

    #[test]
    fn a_selector_is_printed_in_the_order_of_its_keys() {
        let selector = LabelSelector::parse("z notin (b,a), !y ,x, w!=v,u==t").unwrap();
        assert_eq!(selector.to_string(), "u==t,w!=v,x,!y,z notin (a,b)");
    }
}
