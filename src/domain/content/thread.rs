//! The cell `thread`: the further items of a thread, with a line of three dashes between two of them.

/// More items than this are no thread that anybody reads; an Asset has room for no more.
pub const MAX_ITEMS: usize = 25;
/// A line that ends an item.
const BETWEEN: &str = "---";

/// An item, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its words, without the space around them.
    pub words: String,
    /// The line of the cell in which they begin, from 0.
    pub line: usize,
}

/// The items of a cell, in order; one without words stands as such. None for an empty cell.
///
/// Line breaks become LF, so that saving a sheet on another system changes no digest.
pub fn items(cell: &str) -> Vec<Item> {
    if cell.trim().is_empty() {
        return Vec::new();
    }
    let cell = cell.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = cell.lines().collect();
    let mut items = Vec::new();
    let mut begin = 0;
    for part in lines.split(|line| line.trim() == BETWEEN) {
        let empty = part.iter().take_while(|line| line.trim().is_empty()).count();
        items.push(Item {
            words: part.join("\n").trim().to_owned(),
            line: begin + empty.min(part.len().saturating_sub(1)),
        });
        begin += part.len() + 1;
    }
    items
}

/// True for a cell that names a file instead of holding the words.
pub fn is_path(cell: &str) -> bool {
    let cell = cell.trim();
    let ends = [".md", ".markdown", ".txt"];
    !cell.contains(char::is_whitespace) && ends.iter().any(|end| cell.to_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: &str) -> Vec<(usize, String)> {
        items(cell)
            .into_iter()
            .map(|item| (item.line, item.words))
            .collect()
    }

    #[test]
    fn a_line_of_three_dashes_stands_between_two_items() {
        let of = |line, words: &str| (line, words.to_owned());
        assert_eq!(written(""), []);
        assert_eq!(
            written("One -- still one\n--- not a border"),
            [of(0, "One -- still one\n--- not a border")]
        );
        assert_eq!(
            written("\nOne\r\nmore\r\n --- \r\n\r\nשתיים\n---\nthree\n"),
            [of(1, "One\nmore"), of(5, "שתיים"), of(7, "three")]
        );
    }

    #[test]
    fn an_item_without_words_stands_as_such() {
        let words = |cell: &str| -> Vec<String> { items(cell).into_iter().map(|item| item.words).collect() };
        assert_eq!(words("a\n---\n---\nb"), ["a", "", "b"]);
        assert_eq!(words("---"), ["", ""]);
        assert_eq!(words("a\n---"), ["a", ""]);
    }

    #[test]
    fn a_cell_that_names_a_file_is_told_from_words() {
        assert!(is_path("docs/threads/seven-habits.md"));
        assert!(!is_path("Read seven-habits.md"));
        assert!(!is_path("Done."));
    }
}
