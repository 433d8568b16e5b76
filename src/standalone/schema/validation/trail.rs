//! The path of a value as the validator writes it: dots for fields and for keys.

use std::fmt;

/// Where the judge stands; costs nothing until it is printed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trail<'a> {
    Root,
    Field(&'a Trail<'a>, &'a str),
    /// An entry that no property names, and a field that is missing: they have a dot even at the root.
    Key(&'a Trail<'a>, &'a str),
    Index(&'a Trail<'a>, usize),
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trail::Root => Ok(()),
            Trail::Field(Trail::Root, name) => f.write_str(name),
            Trail::Field(parent, name) | Trail::Key(parent, name) => write!(f, "{parent}.{name}"),
            Trail::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
