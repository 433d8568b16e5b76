//! The publishing sheet: CSV, or a JSON array of the same records, with the place of every cell.

mod column;
mod csv;
mod encoding;
mod json;

use std::borrow::Cow;

use super::{
    diagnostic::Diagnostic,
    text::{Span, Text, nearest, quoted},
};
pub use column::Column;

/// The largest sheet, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
const MAX_ROWS: usize = 100_000;
const MAX_CELL: usize = 64 * 1024;
/// Known columns, and as many again as a team may keep for itself.
const MAX_COLUMNS: usize = 200;

/// A sheet, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Sheet<'a> {
    /// The rows in the order of the file; empty rows are left out.
    pub records: Vec<Record<'a>>,
    /// Problems of the sheet itself; those of a row stand in the row.
    pub diagnostics: Vec<Diagnostic>,
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Record<'a> {
    /// Where it begins.
    pub span: Span,
    /// Its cells in known columns.
    pub cells: Vec<(Column, Cell<'a>)>,
    /// Why it is no row like the others.
    pub problems: Vec<Diagnostic>,
}

/// A cell and its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell<'a> {
    /// What stands in it, quotes and escapes resolved.
    pub words: Cow<'a, str>,
    /// Where.
    pub span: Span,
}

impl Sheet<'_> {
    /// True where the file is a sheet; nothing may be taken from one that is not.
    pub fn is_readable(&self) -> bool {
        !self.diagnostics.iter().any(|diagnostic| diagnostic.fatal)
    }

    fn unreadable(diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            records: Vec::new(),
            diagnostics,
        }
    }
}

impl<'a> Record<'a> {
    /// The cell of a column, if the row has one.
    pub fn cell(&self, column: Column) -> Option<&Cell<'a>> {
        self.cells
            .iter()
            .find(|(known, _)| *known == column)
            .map(|(_, cell)| cell)
    }

    /// The trimmed words of a column; empty where the row has none.
    pub fn words(&self, column: Column) -> &str {
        self.cell(column).map_or("", |cell| cell.words.trim())
    }

    /// Where a column's cell stands; the row where it has none.
    pub fn place(&self, column: Column) -> Span {
        self.cell(column).map_or(self.span, |cell| cell.span)
    }
}

/// Decodes the bytes of a sheet; the error is fatal, and names Excel's habits where they show.
pub fn decode<'a>(path: &'a str, bytes: &'a [u8]) -> Result<Text<'a>, Box<Diagnostic>> {
    Text::decode(path, bytes, MAX_BYTES).map_err(|error| Box::new(encoding::explained(*error, bytes)))
}

/// Reads a decoded sheet: JSON where it begins with a bracket or a brace, else CSV.
pub fn read<'a>(text: &Text<'a>) -> Sheet<'a> {
    if text.content().trim_start().starts_with(['[', '{']) {
        json::read(text)
    } else {
        read_csv(text)
    }
}

fn read_csv<'a>(text: &Text<'a>) -> Sheet<'a> {
    let mut records = csv::Records::new(text.content());
    let header = match records.find(|record| !record.as_ref().is_ok_and(|cells| is_empty(cells))) {
        Some(Ok(header)) => header,
        Some(Err(broken)) => return Sheet::unreadable(vec![broken_quoting(text, broken)]),
        None => {
            let message = "The sheet is empty.".to_owned();
            let help = "Write a line of column names, then a line for each post.";
            return Sheet::unreadable(vec![
                text.error(Span::default(), "SheetEmpty", message, help).fatal(),
            ]);
        }
    };
    let (columns, diagnostics) = columns(text, &header);
    let mut sheet = Sheet {
        records: Vec::new(),
        diagnostics,
    };
    if sheet.is_readable() {
        rows(text, records, &columns, &mut sheet);
    }
    sheet
}

fn rows<'a>(text: &Text<'a>, records: csv::Records<'a>, columns: &[Option<Column>], sheet: &mut Sheet<'a>) {
    for record in records {
        let cells = match record {
            Ok(cells) => cells,
            Err(broken) => return sheet.diagnostics.push(broken_quoting(text, broken)),
        };
        if is_empty(&cells) {
            continue;
        }
        let span = cells.first().map(|cell| cell.span).unwrap_or_default();
        if sheet.records.len() >= MAX_ROWS {
            return sheet.diagnostics.push(too_many_rows(text, span));
        }
        if let Some(long) = cells.iter().find(|cell| cell.words.len() > MAX_CELL) {
            sheet.diagnostics.push(cell_too_long(text, long));
        }
        sheet.records.push(row(text, cells, columns));
    }
}

fn row<'a>(text: &Text<'a>, mut cells: Vec<Cell<'a>>, columns: &[Option<Column>]) -> Record<'a> {
    while cells.len() > columns.len() && cells.last().is_some_and(|cell| cell.words.is_empty()) {
        cells.pop();
    }
    let mut record = Record {
        span: cells.first().map(|cell| cell.span).unwrap_or_default(),
        ..Record::default()
    };
    if cells.len() != columns.len() {
        let message = format!(
            "This row has {} cells, the header has {}.",
            cells.len(),
            columns.len()
        );
        let help =
            "Put words that hold a comma, a quote or a line break in double quotes, and leave no comma out.";
        record
            .problems
            .push(text.error(record.span, "RaggedRow", message, help));
    }
    record.cells = columns
        .iter()
        .zip(cells)
        .filter_map(|(column, cell)| Some(((*column)?, cell)))
        .collect();
    record
}

/// Which known column each cell of the header is.
fn columns(text: &Text<'_>, header: &[Cell<'_>]) -> (Vec<Option<Column>>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    if let Some(cell) = header.get(MAX_COLUMNS) {
        let message = format!(
            "The sheet has {} columns; the limit is {MAX_COLUMNS}.",
            header.len()
        );
        let problem = text.error(
            cell.span,
            "TooManyColumns",
            message,
            "Remove the columns that nobody reads.",
        );
        return (Vec::new(), vec![problem.fatal()]);
    }
    if let Some(problem) = other_separator(text, header) {
        return (Vec::new(), vec![problem]);
    }
    let mut columns: Vec<Option<Column>> = Vec::new();
    for cell in header {
        let column = Column::of_name(&cell.words);
        if let Some(known) = column.filter(|known| columns.contains(&Some(*known))) {
            let message = format!("The column {} stands twice in the header.", known.name());
            let problem = text.error(cell.span, "DuplicateColumn", message, "Remove one of the two.");
            diagnostics.push(problem.fatal());
        } else if column.is_none() && !cell.words.trim().is_empty() {
            diagnostics.push(unknown_column(text, cell.span, &cell.words));
        }
        columns.push(column);
    }
    let unknown: Vec<&str> = header
        .iter()
        .map(|cell| cell.words.as_ref())
        .filter(|name| Column::of_name(name).is_none())
        .collect();
    let missing = Column::REQUIRED
        .into_iter()
        .filter(|column| !columns.contains(&Some(*column)));
    let span = header.first().map(|cell| cell.span).unwrap_or_default();
    diagnostics.extend(missing.map(|column| column_missing(text, span, column, &unknown)));
    (columns, diagnostics)
}

/// Excel writes semicolons where the computer's country writes decimals with a comma.
fn other_separator(text: &Text<'_>, header: &[Cell<'_>]) -> Option<Diagnostic> {
    let names = |separator| {
        header
            .iter()
            .flat_map(|cell| cell.words.split(separator))
            .filter(|name| Column::of_name(name).is_some())
            .count()
    };
    let commas = names(',');
    let (name, separator) = [("semicolons", ';'), ("tabs", '\t')]
        .into_iter()
        .find(|(_, separator)| names(*separator) > commas + 2)?;
    let message = format!("The columns are separated by {name}, not by commas.");
    let help = "In Excel choose Save As and the type \"CSV UTF-8 (Comma delimited)\"; where it still writes \
                semicolons, set the list separator of the computer to a comma.";
    let span = Span::of(1, 1, text.line(1).split(separator).next().unwrap_or_default());
    Some(text.error(span, "WrongSeparator", message, help).fatal())
}

fn is_empty(cells: &[Cell<'_>]) -> bool {
    cells.iter().all(|cell| cell.words.trim().is_empty())
}

fn unknown_column(text: &Text<'_>, span: Span, name: &str) -> Diagnostic {
    let message = format!(
        "The column {} is not known; nothing reads it.",
        quoted(name.trim())
    );
    let help = Column::nearest(name).map_or_else(
        || "Remove it, or keep it for yourselves.".to_owned(),
        |near| format!("Is {near} meant?"),
    );
    text.warning(span, "UnknownColumn", message, &help)
}

fn column_missing(text: &Text<'_>, span: Span, column: Column, unknown: &[&str]) -> Diagnostic {
    let message = format!("The required column {} is missing.", column.name());
    let help = nearest(column.name(), unknown).map_or_else(
        || format!("Add a column named {}.", column.name()),
        |near| format!("Rename {} to {}.", quoted(near), column.name()),
    );
    text.error(span, "ColumnMissing", message, &help).fatal()
}

fn broken_quoting(text: &Text<'_>, broken: csv::BrokenQuoting) -> Diagnostic {
    let help = "Put the whole cell in double quotes, and write a quote inside it twice.";
    text.error(broken.span, "BrokenQuoting", broken.message, help)
        .fatal()
}

fn too_many_rows(text: &Text<'_>, span: Span) -> Diagnostic {
    let message = format!("The sheet has more than {MAX_ROWS} rows.");
    text.error(span, "TooManyRows", message, "Split it into several sheets.")
        .fatal()
}

fn cell_too_long(text: &Text<'_>, cell: &Cell<'_>) -> Diagnostic {
    let message = format!(
        "This cell has {} bytes; the limit is {MAX_CELL}.",
        cell.words.len()
    );
    let help = "Shorten it; if the words of several rows run together here, a quote is missing.";
    text.error(cell.span, "CellTooLong", message, help).fatal()
}

#[cfg(test)]
mod tests;
