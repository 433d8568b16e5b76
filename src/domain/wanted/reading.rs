//! The files that a campaign names, read within their bounds.

use super::{Inputs, SourceFile, Wanted};
use crate::{
    api::Severity,
    domain::content::{
        FileProblem,
        diagnostic::Diagnostic,
        sheet,
        text::{Span, Text, quoted},
    },
};

/// As many as a glob yields.
const MAX_FILES: usize = 1000;

/// A file of the branch.
pub(super) struct Content {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads the sheets; one that is not there stops the campaign, for its rows would look withdrawn.
pub(super) fn sheets(inputs: &Inputs<'_>, wanted: &mut Wanted) -> Vec<Content> {
    let patterns = inputs
        .campaign
        .source
        .sheets
        .iter()
        .map(|sheet| sheet.path.as_str());
    let mut contents: Vec<Content> = Vec::new();
    for pattern in patterns {
        for path in paths(inputs, pattern, wanted, true) {
            if !contents.iter().any(|content| content.path == path) {
                contents.extend(read(inputs, path, (sheet::MAX_BYTES, true), wanted));
            }
        }
    }
    contents
}

/// Decodes the sheets that were read.
pub(super) fn texts<'a>(contents: &'a [Content], wanted: &mut Wanted) -> Vec<Text<'a>> {
    let mut texts = Vec::new();
    for content in contents {
        match sheet::decode(&content.path, &content.bytes) {
            Ok(text) => texts.push(text),
            Err(error) => {
                wanted.diagnostics.push(*error);
                wanted.unread.push(content.path.clone());
            }
        }
    }
    texts
}

/// The paths that a path or glob of the campaign names.
pub(super) fn paths(inputs: &Inputs<'_>, pattern: &str, wanted: &mut Wanted, fatal: bool) -> Vec<String> {
    if !pattern.contains(['*', '?', '[', '{']) {
        return vec![pattern.to_owned()];
    }
    let paths = inputs.files.matching(pattern);
    let problem = match paths.len() {
        0 => (
            "NoFileMatches",
            format!("No file matches {}.", quoted(pattern)),
            "Repair the path in the Campaign, or put the file on the branch.",
        ),
        MAX_FILES.. => (
            "TooManyFiles",
            format!("{MAX_FILES} files or more match {}.", quoted(pattern)),
            "Name fewer files.",
        ),
        _ => return paths,
    };
    wanted.diagnostics.push(whole(pattern, problem, fatal));
    wanted.unread.push(pattern.to_owned());
    Vec::new()
}

/// Reads one file within its bound.
pub(super) fn read(
    inputs: &Inputs<'_>,
    path: String,
    (limit, fatal): (usize, bool),
    wanted: &mut Wanted,
) -> Option<Content> {
    match inputs.files.read(&path, limit as u64) {
        Ok(bytes) => {
            wanted.files.push(SourceFile {
                path: path.clone(),
                names_its_campaigns: false,
            });
            Some(Content { path, bytes })
        }
        Err(problem) => {
            wanted.diagnostics.push(unread(&path, &problem, fatal));
            wanted.unread.push(path);
            None
        }
    }
}

/// The diagnostic of a file that could not be had.
pub(in super::super) fn unread(path: &str, problem: &FileProblem, fatal: bool) -> Diagnostic {
    let problem = match problem {
        FileProblem::Missing => (
            "FileMissing",
            format!("There is no file {} on the branch.", quoted(path)),
            "Put it there, or repair the path that names it.",
        ),
        FileProblem::TooLarge { size, limit } => (
            "FileTooLarge",
            format!("The file has {size} bytes; the limit is {limit}."),
            "Split it into smaller files.",
        ),
        FileProblem::Refused(why) => (
            "FileRefused",
            format!("{} is not read: {why}.", quoted(path)),
            "Put a regular file there.",
        ),
    };
    whole(path, problem, fatal)
}

fn whole(path: &str, (code, message, help): (&'static str, String, &str), fatal: bool) -> Diagnostic {
    Diagnostic {
        fatal,
        ..Diagnostic::at(path, Span::default(), (Severity::Error, code), (message, help))
    }
}

/// Notes a file that was read beside those that the campaign names.
pub(super) fn note(wanted: &mut Wanted, path: &str) {
    wanted.files.push(SourceFile {
        path: path.to_owned(),
        names_its_campaigns: false,
    });
}
