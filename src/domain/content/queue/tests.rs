use proptest::prelude::*;

use super::*;

fn places(json: &str) -> Vec<(&'static str, u32, u32)> {
    let (_, found) = parse("queue.json", json.as_bytes());
    assert!(
        found.iter().all(|one| !one.fatal),
        "a queue never stops the campaign"
    );
    let place = |one: &Diagnostic| (one.code, one.position.line, one.position.column);
    found.iter().map(place).collect()
}

fn with_task(members: &str) -> String {
    format!("{{\"week_id\": \"w\", \"tasks\": [\n{{{members}}}]}}")
}

const WHOLE: &str =
    r#""id": "a", "type": "content_publish", "asset": "a.md", "due_date": "2026-02-16", "status": "Pending""#;

#[test]
fn a_task_is_read_with_its_places() {
    let (queue, found) = parse("queue.json", with_task(WHOLE).as_bytes());
    assert_eq!(found, []);
    assert!(queue.readable);
    let task = &queue.tasks[0];
    assert_eq!(
        (task.id.value.as_str(), task.status.value.as_str()),
        ("a", "pending")
    );
    assert_eq!(task.type_.span.position, Position { line: 2, column: 21 });
    assert_eq!(task.locale, None);
}

#[test]
fn an_old_locale_becomes_the_new_one() {
    let (queue, _) = parse("q", with_task(&format!("{WHOLE}, \"locale\": \"iw\"")).as_bytes());
    assert_eq!(queue.tasks[0].locale.as_ref().unwrap().value, "he");
}

#[test]
fn every_missing_field_is_reported_at_its_task_and_the_task_may_not_be_acted_on() {
    let json = with_task(r#""id": "a""#);
    assert_eq!(places(&json), [("MissingField", 2, 1); 4]);
    assert_eq!(parse("q", json.as_bytes()).0.tasks[0].problems.len(), 4);
}

#[test]
fn an_unknown_field_is_a_warning_that_names_the_nearest() {
    let (queue, found) = parse(
        "q",
        with_task(&format!("{WHOLE}, \"locales\": \"en\"")).as_bytes(),
    );
    assert_eq!(
        (found[0].code, found[0].severity),
        ("UnknownField", Severity::Warning)
    );
    assert_eq!(found[0].help, "Did you mean `locale`?");
    assert!(queue.tasks[0].problems.is_empty());
}

#[test]
fn two_tasks_of_one_id_are_one_task_with_an_error() {
    let json = format!("{{\"week_id\": \"w\", \"tasks\": [{{{WHOLE}}},\n{{{WHOLE}}}]}}");
    assert_eq!(places(&json), [("DuplicateTask", 2, 8)]);
    let (queue, _) = parse("q", json.as_bytes());
    assert_eq!((queue.tasks.len(), queue.tasks[0].problems.len()), (1, 1));
}

#[test]
fn days_and_locales_that_do_not_exist_are_errors() {
    let bad = WHOLE.replace("2026-02-16", "2026-02-30");
    assert_eq!(places(&with_task(&bad)), [("BadDate", 2, 69)]);
    let bad = format!("{WHOLE}, \"locale\": \"not one\"");
    assert_eq!(places(&with_task(&bad))[0].0, "BadLocale");
}

#[test]
fn a_queue_that_is_no_queue_is_not_readable() {
    for json in [
        "[]",
        "{\"week_id\": 1, \"tasks\": []}",
        "{\"week_id\": \"w\"}",
        "{",
        "\u{fffd}",
    ] {
        let (queue, found) = parse("q", json.as_bytes());
        assert!(!queue.readable && !found.is_empty(), "{json}");
    }
    let (queue, found) = parse("q", b"{\"week_id\": \"\xff\"}");
    assert!(!queue.readable);
    assert_eq!(found[0].code, "NotUtf8");
}

#[test]
fn a_range_that_ends_before_it_starts_is_an_error() {
    let json = "{\"week_id\": \"w\", \"tasks\": [], \"date_range\": {\"start\": \"2026-02-20\", \"end\": \"2026-02-16\"}}";
    assert_eq!(places(json)[0].0, "BadDate");
}

#[test]
fn more_than_ten_thousand_tasks_are_refused_whole() {
    let tasks = vec!["0"; 10_001].join(",");
    let json = format!("{{\"week_id\": \"w\", \"tasks\": [{tasks}]}}");
    assert_eq!(places(&json)[0].0, "TooManyTasks");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        parse("q", &bytes);
    }

    #[test]
    fn no_text_in_the_place_of_a_value_makes_it_panic(value in "\\PC{0,40}") {
        parse("q", with_task(&WHOLE.replace("content_publish", &value)).as_bytes());
        parse("q", with_task(&WHOLE.replace("\"2026-02-16\"", &value)).as_bytes());
    }
}
