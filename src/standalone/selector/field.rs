//! Field selectors: `metadata.name=x,status.phase!=Active`.

use std::borrow::Cow;
use std::fmt;

use super::{SelectableFields, SelectorError};

/// One condition on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTerm {
    /// The field's label, such as `metadata.name`.
    pub field: String,
    /// The value that it has to have, or not to have.
    pub value: String,
    /// `!=`: selected is what differs.
    pub differs: bool,
}

/// Which objects a request means, by their fields: all terms have to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Reads the query parameter `fieldSelector` and checks each field's label; an empty text selects everything.
    ///
    /// `\` escapes `\`, `,` and `=` in a value.
    pub fn parse(text: &str, fields: &SelectableFields) -> Result<Self, SelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let (field, differs, value) = split_term(part).ok_or_else(|| {
                SelectorError(format!("invalid selector: '{text}'; can't understand '{part}'"))
            })?;
            terms.push(FieldTerm {
                field: field.to_owned(),
                value: unescaped(value)?,
                differs,
            });
        }
        // The server drops a term that says nothing at all: `=`.
        terms.retain(|term| !(term.field.is_empty() && term.value.is_empty()));
        for term in &terms {
            fields.check(&term.field)?;
        }
        Ok(Self { terms })
    }

    /// Selects the object of one name, as a watch of a single object does.
    pub fn of_name(name: &str) -> Self {
        let term = FieldTerm {
            field: "metadata.name".to_owned(),
            value: name.to_owned(),
            differs: false,
        };
        Self { terms: vec![term] }
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// The value that a field has to have, if the selector asks for exactly one.
    pub fn exact(&self, field: &str) -> Option<&str> {
        let term = self
            .terms
            .iter()
            .find(|term| term.field == field && !term.differs);
        term.map(|term| term.value.as_str())
    }

    /// Whether an object with these fields is selected; an absent field compares as the empty text.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> Option<Cow<'a, str>>) -> bool {
        self.terms.iter().all(|term| {
            let equal = field(&term.field).map_or(term.value.is_empty(), |value| value == term.value);
            equal != term.differs
        })
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|character| {
        let ends = character == ',' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })
    .collect()
}

fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let operators = [("!=", true), ("==", false), ("=", false)];
    term.char_indices().find_map(|(index, _)| {
        let (field, rest) = term.split_at_checked(index)?;
        operators
            .iter()
            .find_map(|(operator, differs)| Some((field, *differs, rest.strip_prefix(operator)?)))
    })
}

fn unescaped(value: &str) -> Result<String, SelectorError> {
    let mut literal = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next @ ('\\' | ',' | '=')) => literal.push(next),
                other => return Err(invalid_escape(other)),
            },
            ',' | '=' => {
                let code = u32::from(character);
                let text = format!("invalid field selector: unescaped character in value: {code}");
                return Err(SelectorError(text));
            }
            _ => literal.push(character),
        }
    }
    Ok(literal)
}

fn invalid_escape(character: Option<char>) -> SelectorError {
    let sequence: String = ['\\'].into_iter().chain(character).collect();
    SelectorError(format!(
        "invalid field selector: invalid escape sequence: {sequence}"
    ))
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let operator = if term.differs { "!=" } else { "=" };
            let value = term
                .value
                .replace('\\', "\\\\")
                .replace(',', "\\,")
                .replace('=', "\\=");
            write!(formatter, "{separator}{}{operator}{value}", term.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<FieldSelector, SelectorError> {
        FieldSelector::parse(text, &SelectableFields::custom(true, ["spec.x"]))
    }

    fn selects(text: &str, fields: &[(&str, &str)]) -> bool {
        let value = |field: &str| {
            fields
                .iter()
                .find(|(name, _)| *name == field)
                .map(|(_, value)| Cow::Borrowed(*value))
        };
        parsed(text).unwrap().matches(value)
    }

    #[test]
    fn terms_compare_exactly_and_an_absent_field_is_empty() {
        let fields = [("metadata.name", "a"), ("spec.x", "1,2=3")];
        for selector in [
            "",
            "metadata.name=a",
            "metadata.name==a,spec.x!=",
            "spec.x=1\\,2\\=3",
            "metadata.namespace=",
            "=",
        ] {
            assert!(selects(selector, &fields), "{selector}");
        }
        for selector in [
            "metadata.name=b",
            "metadata.name!=a",
            "spec.x=",
            "metadata.name=a,metadata.name=b",
        ] {
            assert!(!selects(selector, &fields), "{selector}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_servers_text() {
        for (selector, text) in [
            (
                "metadata.name",
                "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
            ),
            (
                "metadata.name=a=b",
                "invalid field selector: unescaped character in value: 61",
            ),
            (
                "metadata.name=a\\b",
                "invalid field selector: invalid escape sequence: \\b",
            ),
            (
                "metadata.name=a\\",
                "invalid field selector: invalid escape sequence: \\",
            ),
            ("spec.y=1", "field label not supported: spec.y"),
            ("metadata.name = a", "field label not supported: metadata.name "),
        ] {
            assert_eq!(parsed(selector).unwrap_err().to_string(), text, "{selector}");
        }
    }

    #[test]
    fn a_name_that_is_asked_for_exactly_is_known() {
        assert_eq!(
            parsed("spec.x!=1,metadata.name=a")
                .unwrap()
                .exact("metadata.name"),
            Some("a")
        );
        assert_eq!(parsed("metadata.name!=a").unwrap().exact("metadata.name"), None);
        assert_eq!(FieldSelector::of_name("a").exact("metadata.name"), Some("a"));
    }

    #[test]
    fn a_printed_selector_reads_as_itself() {
        let selector = parsed("spec.x!=a\\,b\\=c\\\\,metadata.name=a").unwrap();
        assert_eq!(selector.to_string(), "metadata.name=a,spec.x!=a\\,b\\=c\\\\");
        assert_eq!(parsed(&selector.to_string()).unwrap(), selector);
    }
}
