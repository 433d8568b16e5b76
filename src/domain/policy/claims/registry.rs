//! The registry of metrics: the Markdown table of a team, with the date in its head.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{quantity, quantity::Quantity};
use crate::domain::{
    content::{
        diagnostic::{Diagnostic, Position},
        text::{Span, Text, nearest, quoted},
    },
    digest, slot,
};

/// The largest registry, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_METRICS: usize = 1_000;
const MAX_NAME: usize = 256;
const MAX_CELL: usize = 1_000;
const MAX_DIAGNOSTICS: usize = 100;
const COLUMNS: [&str; 5] = ["metric", "current", "window", "source", "verified"];
const DATES: [&str; 2] = ["date", "תאריך"];
const UNKNOWN: [&str; 6] = ["", "tbd", "tba", "n/a", "-", "?"];

/// Metrics that a team has measured, or is about to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// The day of the measurements, from the head of the file.
    pub date: Option<Date>,
    /// The metrics in the order of the table.
    pub metrics: Vec<Metric>,
    /// Digest of the bytes that it was read from, sha256:hex.
    pub digest: String,
    /// Where each metric stands, by its compared name.
    by_name: BTreeMap<String, usize>,
}

/// A row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// What its cell says, as written.
    pub current: String,
    /// What that means; `None` while it is to be measured, and where it cannot be read.
    pub quantity: Option<Quantity>,
    /// Over which time it was measured.
    pub window: String,
    /// Where it was measured.
    pub source: String,
    /// True where somebody has checked it, and no other row has its name.
    pub verified: bool,
    /// Where its name stands.
    pub position: Position,
}

impl Registry {
    /// Reads a registry, with every problem at its place; a row that cannot be read stands behind nothing.
    ///
    /// Problems never are fatal: a broken registry stops what quotes it, not the campaign.
    pub fn read(path: &str, bytes: &[u8]) -> (Self, Vec<Diagnostic>) {
        let digest = digest::of_bytes(bytes);
        let text = match Text::decode(path, bytes, MAX_BYTES) {
            Ok(text) => text,
            Err(error) => {
                return (
                    Self {
                        digest,
                        ..Self::default()
                    },
                    vec![error.not_fatal()],
                );
            }
        };
        let mut reading = Reading {
            text: &text,
            registry: Self {
                digest,
                ..Self::default()
            },
            found: Vec::new(),
        };
        reading.file();
        reading.found.sort();
        reading.found.truncate(MAX_DIAGNOSTICS);
        (reading.registry, reading.found)
    }

    /// The metric of a name, whatever its case and spaces.
    pub fn get(&self, name: &str) -> Option<&Metric> {
        self.metrics.get(*self.by_name.get(&slot::compared(name))?)
    }

    /// The metric whose name is most like one that is not known.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let names: Vec<&str> = self.metrics.iter().map(|metric| metric.name.as_str()).collect();
        nearest(name, &names)
    }

    /// The instant from which it is too old; `None` where it has no date.
    ///
    /// Counted from the beginning of its day in UTC: what was measured in the evening is not younger for that.
    pub fn expires(&self, max_age: Duration) -> Option<Timestamp> {
        let day = self.date?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let max_age = SignedDuration::try_from(max_age).ok()?;
        Some(day.checked_add(max_age).unwrap_or(Timestamp::MAX))
    }

    /// True where its date is still to come, wherever on earth it was written.
    pub fn is_dated_ahead(&self, now: Timestamp) -> bool {
        let begins = self.expires(Duration::ZERO);
        let tomorrow = now.checked_add(SignedDuration::from_hours(24));
        begins.is_some_and(|begins| tomorrow.is_ok_and(|tomorrow| begins > tomorrow))
    }
}

/// A cell of the table: its words, and the byte that they begin at.
#[derive(Clone, Debug, Default)]
struct Cell {
    words: String,
    at: usize,
}

struct Reading<'t> {
    text: &'t Text<'t>,
    registry: Registry,
    found: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn file(&mut self) {
        let Some(table) = table(self.text) else {
            let message =
                "No table with the columns Metric, Current, Window, Source, Verified was found.".to_owned();
            let help = "Write one, with a line of dashes under its head; nothing may be quoted until then.";
            let problem = self
                .text
                .error(Span::default(), "RegistryTableMissing", message, help);
            return self.found.push(problem);
        };
        self.date(table.range.start);
        let Some(columns) = self.columns(&table) else {
            return;
        };
        for row in table.rows.iter().take(MAX_METRICS) {
            self.row(&columns, row);
        }
        if table.rows.is_empty() {
            let message = "The registry has no metric.".to_owned();
            let help = "Write a row for each; nothing may be quoted until then.";
            self.error((table.range.start, ""), "RegistryEmpty", message, help);
        }
        if let Some(row) = table.rows.get(MAX_METRICS) {
            let message = format!("The registry has more than {MAX_METRICS} metrics.");
            let at = row.first().map_or(table.range.start, |cell| cell.at);
            self.error((at, ""), "TooManyMetrics", message, "Keep those that are quoted.");
        }
    }

    /// A problem at a byte of the text, over these words.
    fn error(&mut self, (at, words): (usize, &str), code: &'static str, message: String, help: &str) {
        if self.found.len() <= MAX_DIAGNOSTICS {
            let span = Span::new(self.text.position(at), words.chars().count());
            self.found.push(self.text.error(span, code, message, help));
        }
    }

    /// The first line before the table that begins with `Date:`, however it is marked up.
    fn date(&mut self, table: usize) {
        let mut offset = 0;
        for line in self.text.content().split_inclusive('\n') {
            if offset >= table {
                break;
            }
            if let Some(value) = dated(line) {
                return self.read_date(offset, line, value);
            }
            offset += line.len();
        }
        let message = "The registry has no date before its table.".to_owned();
        let help = "Write a line such as Date: 2026-02-14; without it nothing in the table is fresh.";
        self.error((0, ""), "DateMissing", message, help);
    }

    fn read_date(&mut self, offset: usize, line: &str, value: &str) {
        match value.parse::<Date>() {
            Ok(date) if value.len() == 10 => self.registry.date = Some(date),
            _ => {
                let at = offset + line.find(value).unwrap_or_default();
                let message = format!("{} is no date.", quoted(value));
                self.error((at, value), "BadDate", message, "Write it as 2026-02-14.");
            }
        }
    }

    /// Where each of [`COLUMNS`] stands.
    fn columns(&mut self, table: &Table) -> Option<Vec<usize>> {
        let names: Vec<String> = table
            .head
            .iter()
            .map(|cell| slot::compared(&cell.words))
            .collect();
        let mut places = Vec::new();
        for column in COLUMNS {
            let place = names.iter().position(|name| name == column);
            if place.is_none() {
                let message = format!("The registry has no column {column}.");
                let help = "Its columns are Metric, Current, Window, Source and Verified.";
                self.error((table.range.start, ""), "ColumnMissing", message, help);
            }
            places.extend(place);
        }
        (places.len() == COLUMNS.len()).then_some(places)
    }

    fn row(&mut self, columns: &[usize], row: &[Cell]) {
        let cells: Vec<&Cell> = columns.iter().filter_map(|place| row.get(*place)).collect();
        let &[name, current, window, source, verified] = cells.as_slice() else {
            return;
        };
        if name.words.is_empty() || name.words.chars().count() > MAX_NAME {
            let message = "This row has no name of a metric, or one that is too long.".to_owned();
            let help = format!("Write at most {MAX_NAME} characters into the column Metric.");
            return self.error((name.at, &name.words), "BadMetric", message, &help);
        }
        let metric = Metric {
            name: name.words.clone(),
            current: current.words.chars().take(MAX_CELL).collect(),
            quantity: self.value(current),
            window: window.words.chars().take(MAX_CELL).collect(),
            source: source.words.chars().take(MAX_CELL).collect(),
            verified: self.is_verified(verified),
            position: self.text.position(name.at),
        };
        self.add(metric, name);
    }

    fn value(&mut self, cell: &Cell) -> Option<Quantity> {
        if UNKNOWN.contains(&slot::compared(&cell.words).as_str()) {
            return None;
        }
        let value = quantity(&cell.words);
        if value.is_none() {
            let message = format!("{} is not one number.", quoted(&cell.words));
            let help = "Write a number with its unit, such as 42%, 1,200, $9, 3x or 30-45 min, or TBD.";
            self.error((cell.at, &cell.words), "ValueUnclear", message, help);
        }
        value
    }

    fn is_verified(&mut self, cell: &Cell) -> bool {
        match slot::compared(&cell.words).as_str() {
            "yes" | "כן" => true,
            "no" | "לא" | "" => false,
            _ => {
                let message = format!("{} is neither Yes nor No.", quoted(&cell.words));
                let help = "Write Yes once somebody has checked the number at its source.";
                self.error((cell.at, &cell.words), "VerifiedUnclear", message, help);
                false
            }
        }
    }

    /// Adds a metric; two of one name stand behind nothing, since nobody knows which is meant.
    fn add(&mut self, mut metric: Metric, cell: &Cell) {
        let key = slot::compared(&metric.name);
        if let Some(known) = self.registry.by_name.get(&key) {
            let known = self.registry.metrics.get_mut(*known);
            let line = known.as_ref().map_or(0, |known| known.position.line);
            if let Some(known) = known {
                known.verified = false;
            }
            metric.verified = false;
            let message = format!("{} stands in line {line} already.", quoted(&metric.name));
            let help = "Give the two metrics names of their own; until then neither may be quoted.";
            self.error((cell.at, &metric.name), "DuplicateMetric", message, help);
        } else {
            self.registry.by_name.insert(key, self.registry.metrics.len());
        }
        self.registry.metrics.push(metric);
    }
}

/// The value of a line that begins with `Date:`.
fn dated(line: &str) -> Option<&str> {
    let marks =
        |one: char| one.is_whitespace() || matches!(one, '*' | '_' | '-' | '>' | '#' | '`' | '"' | '\'');
    let (label, value) = line.split_once(':')?;
    let label = slot::compared(label.trim_matches(marks));
    DATES.contains(&label.as_str()).then(|| value.trim_matches(marks))
}

struct Table {
    range: Range<usize>,
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// True for the head of a registry, and for one with a column misspelt.
fn is_registry(head: &[Cell]) -> bool {
    let names: Vec<String> = head.iter().map(|cell| slot::compared(&cell.words)).collect();
    let has = |column: &&str| names.iter().any(|name| name == *column);
    has(&"metric") || COLUMNS.iter().filter(|column| has(column)).count() >= 3
}

/// The first table that is one of metrics.
fn table(text: &Text<'_>) -> Option<Table> {
    let parser = Parser::new_ext(text.content(), Options::ENABLE_TABLES).into_offset_iter();
    let mut table: Option<Table> = None;
    let mut row: Vec<Cell> = Vec::new();
    for (event, range) in parser {
        let Some(open) = &mut table else {
            if let Event::Start(Tag::Table(_)) = event {
                table = Some(Table {
                    range,
                    head: Vec::new(),
                    rows: Vec::new(),
                });
            }
            continue;
        };
        match event {
            Event::Start(Tag::TableCell) => row.push(Cell {
                at: range.start + leading(text.content(), &range),
                ..Cell::default()
            }),
            Event::Text(words) | Event::Code(words) | Event::InlineHtml(words) => {
                if let Some(cell) = row.last_mut() {
                    cell.words.push_str(&words);
                }
            }
            Event::End(TagEnd::TableHead) => open.head = trimmed(&mut row),
            Event::End(TagEnd::TableRow) => open.rows.push(trimmed(&mut row)),
            Event::End(TagEnd::Table) => {
                if is_registry(&open.head) {
                    break;
                }
                table = None;
            }
            _ => {}
        }
    }
    table.filter(|table| !table.head.is_empty())
}

/// How many bytes of spaces and marks stand before the words of a cell.
fn leading(content: &str, range: &Range<usize>) -> usize {
    let cell = content.get(range.clone()).unwrap_or_default();
    cell.len() - cell.trim_start_matches([' ', '\t', '|']).len()
}

fn trimmed(row: &mut Vec<Cell>) -> Vec<Cell> {
    let cells = std::mem::take(row);
    cells
        .into_iter()
        .map(|cell| Cell {
            words: cell.words.trim().to_owned(),
            at: cell.at,
        })
        .collect()
}

#[cfg(test)]
mod tests;
