//! Problems as text for people, and as JSON, GitHub annotations and SARIF for programs.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use crate::{
    api::Severity,
    domain::content::{
        diagnostic::{Diagnostic, Position},
        text::excerpt_start,
    },
};

/// Text with the line that is meant.
pub(super) fn text(diagnostics: &[Diagnostic], coloured: bool) -> String {
    let renderer = if coloured {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&rendered(diagnostic, &renderer));
        text.push_str("\n\n");
    }
    text
}

fn rendered(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let line = usize::try_from(diagnostic.position.line).unwrap_or_default();
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code);
    let mut group = if diagnostic.excerpt.is_empty() {
        let column = usize::try_from(diagnostic.position.column).unwrap_or_default();
        let origin = Origin::path(diagnostic.path.as_str());
        title.element(if line > 0 {
            origin.line(line).char_column(column.max(1))
        } else {
            origin
        })
    } else {
        let (source, span) = source(diagnostic);
        let snippet = Snippet::source(source)
            .path(diagnostic.path.as_str())
            .line_start(line.max(1));
        title.element(snippet.annotation(AnnotationKind::Primary.span(span)))
    };
    if !diagnostic.help.is_empty() {
        group = group.element(Level::HELP.message(diagnostic.help.as_str()));
    }
    renderer.render(&[group])
}

/// The excerpt, moved to its column of the line by spaces, and the bytes of it that are meant.
fn source(diagnostic: &Diagnostic) -> (String, Range<usize>) {
    let column = diagnostic.position.column;
    let characters = |number: u32| usize::try_from(number).unwrap_or_default();
    let source = format!(
        "{}{}",
        " ".repeat(characters(excerpt_start(column))),
        diagnostic.excerpt
    );
    let offset = |number: u32| {
        let found = source.char_indices().nth(characters(number));
        found.map_or(source.len(), |(offset, _)| offset)
    };
    let first = column.saturating_sub(1);
    let span = offset(first)..offset(first.saturating_add(diagnostic.length.max(1)));
    (source, span)
}

/// A JSON array.
pub(super) fn json(diagnostics: &[Diagnostic]) -> Result<String, serde_json::Error> {
    let values: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "path": diagnostic.path,
                "line": placed(diagnostic.position.line),
                "column": placed(diagnostic.position.column),
                "length": diagnostic.length,
                "severity": level(diagnostic),
                "code": diagnostic.code,
                "message": diagnostic.message,
                "help": diagnostic.help,
                "excerpt": diagnostic.excerpt,
                "fatal": diagnostic.fatal,
            })
        })
        .collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&values)?))
}

/// A line or a column; none where there is no such place.
fn placed(number: u32) -> Option<u32> {
    Some(number).filter(|number| *number > 0)
}

/// Annotations of GitHub Actions:
/// <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.
pub(super) fn github(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics.iter().map(annotation).collect();
    lines.concat()
}

fn annotation(diagnostic: &Diagnostic) -> String {
    format!(
        "::{} file={},line={},col={},title={}::{}\n",
        level(diagnostic),
        property(&diagnostic.path),
        diagnostic.position.line.max(1),
        diagnostic.position.column.max(1),
        property(diagnostic.code),
        data(&diagnostic.sentence(1000))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
pub(super) fn sarif(diagnostics: &[Diagnostic]) -> Result<String, serde_json::Error> {
    let mut codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| json!({"id": code})).collect();
    let results: Vec<Value> = diagnostics.iter().map(result).collect();
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "campanile",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&sarif)?))
}

fn result(diagnostic: &Diagnostic) -> Value {
    let artifact = json!({"uri": uri(&diagnostic.path)});
    let Position { line, column } = diagnostic.position;
    let location = match (line, column) {
        (0, _) => json!({"artifactLocation": artifact}),
        (_, 0) => json!({"artifactLocation": artifact, "region": {"startLine": line}}),
        _ => json!({"artifactLocation": artifact, "region": {"startLine": line, "startColumn": column}}),
    };
    json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic),
        "message": {"text": diagnostic.sentence(1000)},
        "locations": [{"physicalLocation": location}],
    })
}

/// A path as a relative URI reference (RFC 3986).
fn uri(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn level(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
