use proptest::prelude::*;

use super::*;
use crate::domain::content::diagnostic::Position;

const HEADER: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status";
const ROW: &str = "a,2026-02-16,en,x,main,Hello,https://e.com,draft";

fn with<T>(bytes: &[u8], read_it: impl FnOnce(Sheet<'_>) -> T) -> T {
    let text = decode("s.csv", bytes).unwrap();
    read_it(read(&text))
}

fn codes(bytes: &[u8]) -> Vec<(&'static str, u32, u32)> {
    let place = |found: &Diagnostic| (found.code, found.position.line, found.position.column);
    match decode("s.csv", bytes) {
        Err(error) => vec![place(&error)],
        Ok(text) => read(&text).diagnostics.iter().map(place).collect(),
    }
}

fn words(bytes: &[u8], column: Column) -> Vec<String> {
    with(bytes, |sheet| {
        assert!(sheet.is_readable(), "{:?}", sheet.diagnostics);
        sheet
            .records
            .iter()
            .map(|record| record.words(column).to_owned())
            .collect()
    })
}

#[test]
fn a_sheet_with_byte_order_mark_and_windows_line_ends_is_an_ordinary_one() {
    let sheet = format!("\u{feff}{HEADER}\r\n{ROW}\r\n");
    assert_eq!(words(sheet.as_bytes(), Column::PostId), ["a"]);
    with(sheet.as_bytes(), |sheet| {
        assert_eq!(sheet.records[0].span.position, Position { line: 2, column: 1 });
        assert_eq!(
            sheet.records[0].place(Column::PostCopy).position,
            Position { line: 2, column: 24 }
        );
    });
}

#[test]
fn columns_stand_in_any_order_and_their_names_ignore_case_and_spaces() {
    let sheet = "Status, UTM URL ,post_copy,Account Target,PLATFORM,locale,publish_date,Post ID\napproved,u,c,t,x,en,d,p\n";
    assert_eq!(words(sheet.as_bytes(), Column::PostId), ["p"]);
    assert_eq!(words(sheet.as_bytes(), Column::Status), ["approved"]);
}

#[test]
fn empty_rows_are_no_rows() {
    let sheet = format!("\n{HEADER}\n\n,,,,,,,\n{ROW}\n\n");
    assert_eq!(words(sheet.as_bytes(), Column::PostId), ["a"]);
}

#[test]
fn copy_over_several_lines_keeps_them_and_the_lines_after_it_keep_their_numbers() {
    let sheet = format!("{HEADER}\na,2026-02-16,he,x,main,\"שלום 👋🏽\nעולם, \"\"יפה\"\"\",u,draft\n{ROW}\n");
    assert_eq!(
        words(sheet.as_bytes(), Column::PostCopy)[0],
        "שלום 👋🏽\nעולם, \"יפה\""
    );
    with(sheet.as_bytes(), |sheet| {
        assert_eq!(sheet.records[1].span.position.line, 4);
    });
}

#[test]
fn every_missing_column_is_named_with_what_may_have_been_meant() {
    let sheet = "post_id,publish_date,locale,platform,account_target,post_cpy,status\n";
    with(sheet.as_bytes(), |sheet| {
        let missing: Vec<&str> = sheet
            .diagnostics
            .iter()
            .filter(|found| found.code == "ColumnMissing" && found.fatal)
            .map(|found| found.help.as_str())
            .collect();
        assert_eq!(
            missing,
            ["Rename `post_cpy` to post_copy.", "Add a column named utm_url."]
        );
    });
}

#[test]
fn an_unknown_column_is_a_warning_with_the_nearest_known_name() {
    let sheet = format!("{HEADER},publish_tme,owner\n{ROW},,\n");
    with(sheet.as_bytes(), |sheet| {
        assert!(sheet.is_readable());
        let help: Vec<&str> = sheet
            .diagnostics
            .iter()
            .map(|found| found.help.as_str())
            .collect();
        assert_eq!(
            help,
            ["Is publish_time meant?", "Remove it, or keep it for yourselves."]
        );
    });
}

#[test]
fn a_column_that_stands_twice_makes_the_sheet_unreadable() {
    let sheet = format!("{HEADER},Post ID\n{ROW},b\n");
    assert_eq!(codes(sheet.as_bytes()), [("DuplicateColumn", 1, 78)]);
}

#[test]
fn a_row_with_too_few_or_too_many_cells_is_its_own_problem() {
    let sheet = format!("{HEADER}\na,b\n{ROW},more\n{ROW},,\n");
    with(sheet.as_bytes(), |sheet| {
        assert!(sheet.is_readable());
        let problems: Vec<usize> = sheet.records.iter().map(|record| record.problems.len()).collect();
        assert_eq!(problems, [1, 1, 0]);
        assert_eq!(sheet.records[0].problems[0].code, "RaggedRow");
    });
}

#[test]
fn excel_s_separators_have_a_sentence_of_their_own() {
    let semicolons = format!("{HEADER}\n{ROW}\n").replace(',', ";");
    assert_eq!(codes(semicolons.as_bytes()), [("WrongSeparator", 1, 1)]);
    let tabs = format!("{HEADER}\n{ROW}\n").replace(',', "\t");
    with(tabs.as_bytes(), |sheet| {
        assert!(sheet.diagnostics[0].message.contains("tabs"));
    });
}

#[test]
fn excel_s_encodings_have_a_sentence_of_their_own() {
    let mut windows = format!("{HEADER}\n").into_bytes();
    windows.extend(b"a,2026-02-16,he,x,main,\xf9\xec\xe5\xed,u,draft\n");
    let error = decode("s.csv", &windows).unwrap_err();
    assert!(error.fatal && error.message.contains("Windows-1255"), "{error}");
    assert_eq!((error.position.line, error.position.column), (2, 24));
    for little in [true, false] {
        let units = format!("\u{feff}{HEADER}\n").encode_utf16().collect::<Vec<u16>>();
        let bytes: Vec<u8> = units
            .iter()
            .flat_map(|unit| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            })
            .collect();
        assert!(decode("s.csv", &bytes).unwrap_err().message.contains("UTF-16"));
    }
    let latin = format!("{HEADER}\na,2026-02-16,fr,x,main,caf\u{1},u,draft\n").into_bytes();
    let latin: Vec<u8> = latin
        .iter()
        .map(|byte| if *byte == 1 { 0xc9 } else { *byte })
        .collect();
    let error = decode("s.csv", &latin).unwrap_err();
    assert!(
        error.code == "NotUtf8" && !error.message.contains("Windows-1255"),
        "{error}"
    );
}

#[test]
fn a_byte_that_is_no_hebrew_word_is_not_called_hebrew() {
    let hint = |locale: &str, copy: &[u8]| {
        let mut sheet = format!("{HEADER}\na,2026-02-16,{locale},x,main,").into_bytes();
        sheet.extend(copy);
        sheet.extend(b",u,draft\n");
        decode("s.csv", &sheet)
            .unwrap_err()
            .message
            .contains("Windows-1255")
    };
    assert!(hint("he", b"\xf9\xec\xe5\xed \x96 \xf9\xec\xe5\xed, world"));
    // An accent in a word of Latin letters, one that strayed alone, and words of a campaign that has no Hebrew.
    assert!(!hint("he", b"caf\xe9"));
    assert!(!hint("he", b"A stray \xe9 byte"));
    assert!(!hint("fr", b"\xe0 la caf\xe9t\xe9ria"));
    assert!(!hint("ru", b"\xef\xf0\xe8\xe2\xe5\xf2"));
}

#[test]
fn a_nul_byte_or_a_byte_that_is_no_text_is_named_with_line_and_byte() {
    let mut nul = format!("{HEADER}\n{ROW}\n").into_bytes();
    nul.push(0);
    assert_eq!(codes(&nul)[0].0, "NulByte");
    assert_eq!(codes(&nul)[0].1, 3);
}

#[test]
fn broken_quoting_makes_the_sheet_unreadable() {
    let sheet = format!("{HEADER}\na,2026-02-16,en,x,main,\"Hello,u,draft\n{ROW}\n");
    assert_eq!(codes(sheet.as_bytes()), [("BrokenQuoting", 2, 24)]);
}

#[test]
fn bounds_are_refused_whole_with_the_place_where_they_end() {
    let long = format!(
        "{HEADER}\na,2026-02-16,en,x,main,{},u,draft\n",
        "x".repeat(MAX_CELL + 1)
    );
    assert_eq!(codes(long.as_bytes()), [("CellTooLong", 2, 24)]);
    let rows = format!("{HEADER}\n{}", format!("{ROW}\n").repeat(MAX_ROWS + 1));
    assert_eq!(codes(rows.as_bytes()), [("TooManyRows", 100_002, 1)]);
    assert_eq!(
        words(&rows.as_bytes()[..rows.len() - ROW.len() - 1], Column::PostId).len(),
        MAX_ROWS
    );
    let large = vec![b'x'; MAX_BYTES + 1];
    assert_eq!(codes(&large)[0].0, "FileTooLarge");
    let wide = "a,".repeat(MAX_COLUMNS + 1);
    assert_eq!(codes(wide.as_bytes())[0].0, "TooManyColumns");
    assert_eq!(codes(b" \n\n")[0].0, "SheetEmpty");
}

#[test]
fn a_json_array_of_records_is_the_same_sheet() {
    let json = r#"[
  {"post_id": "a", "publish_date": "2026-02-16", "locale": "he", "platform": "x", "account_target": "main",
   "post_copy": "שלום", "utm_url": "u", "status": null, "title": 7}
]"#;
    assert_eq!(words(json.as_bytes(), Column::PostCopy), ["שלום"]);
    assert_eq!(words(json.as_bytes(), Column::Title), ["7"]);
    with(json.as_bytes(), |sheet| {
        assert_eq!(sheet.records[0].span.position, Position { line: 2, column: 3 });
        assert_eq!(
            sheet.records[0].place(Column::PostCopy).position,
            Position { line: 3, column: 17 }
        );
    });
}

#[test]
fn json_that_is_no_sheet_is_refused_at_its_place() {
    assert_eq!(codes(b"[{\"post_id\": 1,]"), [("JsonSyntax", 1, 16)]);
    assert_eq!(codes(b"{\"post_id\": 1}"), [("NotASheet", 1, 1)]);
    assert_eq!(codes(b"[{\"post_id\": \"a\"}]").len(), 7);
    assert!(codes(b"[]").is_empty());
    let json = br#"[{"post_id": ["a"], "Post ID": "b", "publish_date": "", "locale": "", "platform": "", "account_target": "", "post_copy": "", "utm_url": "", "status": "", "ownr": 1}, 7]"#;
    with(json, |sheet| {
        assert!(sheet.is_readable());
        assert_eq!(sheet.diagnostics[0].code, "UnknownColumn");
        let problems: Vec<&str> = sheet.records[0].problems.iter().map(|found| found.code).collect();
        assert_eq!(problems, ["NotText", "DuplicateColumn"]);
        assert_eq!(sheet.records[1].problems[0].code, "NotARecord");
    });
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(codes(&bytes));
    }

    #[test]
    fn any_cells_come_back_from_csv_and_from_json(cells in prop::collection::vec("[a-zא-ת,\";|+\n👋 -]{0,12}", 8)) {
        prop_assume!(cells.iter().any(|cell| !cell.trim().is_empty()));
        let names: Vec<&str> = HEADER.split(',').collect();
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(&names).unwrap();
        writer.write_record(&cells).unwrap();
        let as_csv = writer.into_inner().unwrap();
        let record: serde_json::Map<String, serde_json::Value> =
            names.iter().map(|name| (*name).to_owned()).zip(cells.iter().map(|cell| cell.clone().into())).collect();
        let as_json = serde_json::to_vec_pretty(&[record]).unwrap();
        // A space before a quote is broken quoting in CSV, unless the writer quotes the cell, as this one does.
        for bytes in [as_csv, as_json] {
            for (column, cell) in Column::REQUIRED.into_iter().zip(&cells) {
                prop_assert_eq!(&words(&bytes, column)[0], cell.trim());
            }
        }
    }
}
