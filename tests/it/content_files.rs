//! E-mail files, newsletter issues, queues and pages as teams really write them, and the seeds of the fuzz targets.

use std::{
    fs,
    path::{Path, PathBuf},
};

use campanile::{
    api::{Direction, Severity},
    domain::{
        content::{diagnostic::Diagnostic, email, page, queue},
        language,
    },
};

#[path = "../../fuzz/properties/content.rs"]
mod properties;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a real week, which are not ours to commit. Without them the committed files with the same traps
/// are read, but never in CI: there the real ones must be.
fn real_week() -> Option<PathBuf> {
    let folder = root().join("../shared/inputs/week-1");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing",
        folder.display()
    );
    None
}

fn bytes(path: &Path) -> Vec<u8> {
    let read = fs::read(path);
    assert!(read.is_ok(), "{}: {read:?}", path.display());
    read.unwrap_or_default()
}

fn codes(found: &[Diagnostic]) -> Vec<(&'static str, u32)> {
    found.iter().map(|one| (one.code, one.position.line)).collect()
}

/// What a week of either kind must come to.
struct Week {
    emails: PathBuf,
    declared: Vec<String>,
    not_enforced: [&'static str; 2],
    steps: Vec<&'static str>,
    finished: Vec<PathBuf>,
    queue: PathBuf,
    name: &'static str,
    pages: [PathBuf; 2],
}

fn week() -> Week {
    match real_week() {
        Some(folder) => Week {
            emails: folder.join("docs/gtm/week-1-email-assets.md"),
            declared: ["dashboard_link", "checker_link", "upgrade_link"]
                .map(str::to_owned)
                .into(),
            not_enforced: ["Sequence Timing", "Send Rules"],
            steps: vec!["D0", "D3", "D7"],
            finished: ["email-1-welcome", "email-2-value", "email-3-conversion"]
                .map(|name| folder.join(format!("scripts/buttondown-emails/{name}.html")))
                .into(),
            queue: folder.join("docs/gtm/week-1-task-queue.json"),
            name: "week1_launch",
            pages: ["en", "he"].map(|locale| {
                folder.join(format!("src/content/blog/{locale}/ats-baseline-mistakes-2026.md"))
            }),
        },
        None => synthetic_week(),
    }
}

fn synthetic_week() -> Week {
    let folder = root().join("tests/fixtures/content");
    Week {
        emails: folder.join("emails.md"),
        declared: vec!["plan_link".to_owned()],
        not_enforced: ["When they go", "Rules for sending"],
        steps: vec!["D0", "D2"],
        finished: vec![folder.join("welcome.html")],
        queue: folder.join("queue.json"),
        name: "spring_week",
        pages: ["en", "he"].map(|locale| folder.join(format!("pages/{locale}/first-bed.md"))),
    }
}

fn weeks() -> [Week; 2] {
    [week(), synthetic_week()]
}

#[test]
fn every_step_of_a_bilingual_sequence_is_a_template_and_the_rest_is_reported() {
    for week in weeks() {
        let (content, found) = email::parse("emails.md", &bytes(&week.emails), &[]);
        let names = |locale| week.steps.iter().map(move |step| (locale, *step));
        let wanted: Vec<_> = names("en").chain(names("he")).collect();
        let ids: Vec<_> = content
            .templates
            .iter()
            .map(|one| (&*one.locale, &*one.id_step))
            .collect();
        assert_eq!(ids, wanted);
        assert!(
            found
                .iter()
                .all(|one| one.code == "NotEnforced" && one.severity == Severity::Warning),
            "{found:?}"
        );
        let prose = content
            .prose
            .iter()
            .filter(|prose| found.iter().any(|one| one.position == prose.position));
        let headings: Vec<_> = prose.map(|prose| prose.heading.as_str()).collect();
        assert_eq!(headings, week.not_enforced);
    }
}

#[test]
fn every_template_has_its_parts_and_renders_in_its_direction() {
    for week in weeks() {
        let (content, _) = email::parse("emails.md", &bytes(&week.emails), &[]);
        for template in &content.templates {
            assert!(!template.subject.is_empty() && template.preview_text.is_some());
            assert!(
                !template.body.contains("---") && !template.body.contains('#'),
                "{}",
                template.body
            );
            assert_eq!(email::undeclared(template, &week.declared), []);
            let direction = language::direction(&template.locale);
            let html = email::render_html(template, &template.locale, direction);
            assert_eq!(html.contains("dir=\"rtl\""), template.locale == "he");
            assert!(html.contains("{{first_name | "));
            let (_, found) = email::parse_html("rendered.html", html.as_bytes());
            assert_eq!(found, []);
        }
        let bare = content
            .templates
            .iter()
            .flat_map(|template| email::undeclared(template, &[]));
        assert!(bare.count() >= 2, "links without a fallback must be declared");
    }
}

#[test]
fn finished_html_of_another_template_language_is_kept_as_it_is() {
    for week in weeks() {
        for path in &week.finished {
            let bytes = bytes(path);
            let (html, found) = email::parse_html("finished.html", &bytes);
            let html = html.unwrap();
            assert_eq!(found, []);
            assert_eq!(html.html.as_bytes(), bytes);
            assert_eq!(html.placeholders[0].name, "subscriber.first_name");
            assert_eq!(email::undeclared_in("finished.html", &html.placeholders, &[]), []);
        }
    }
}

#[test]
fn every_task_of_a_queue_is_read_also_those_that_nothing_handles() {
    for week in weeks() {
        let (queue, found) = queue::parse("queue.json", &bytes(&week.queue));
        assert_eq!(codes(&found), []);
        assert!(queue.readable);
        assert_eq!(queue.week_id.unwrap().value, week.name);
        let types: Vec<_> = queue.tasks.iter().map(|task| task.type_.value.as_str()).collect();
        assert!(types.contains(&"content_publish") && types.contains(&"cro_experiment"));
        assert!(queue.tasks.iter().all(|task| task.status.value == "pending"));
        let locales: Vec<_> = queue
            .tasks
            .iter()
            .filter_map(|task| task.locale.as_ref())
            .collect();
        assert_eq!(
            locales.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(),
            ["en", "he"]
        );
    }
}

#[test]
fn a_page_of_each_language_becomes_one_document_with_one_heading() {
    for week in weeks() {
        for (path, direction) in week.pages.iter().zip([Direction::Ltr, Direction::Rtl]) {
            let (page, found) = page::parse("page.md", &bytes(path));
            assert_eq!(codes(&found), []);
            let page = page.unwrap();
            let locale = if direction == Direction::Rtl { "he" } else { "en" };
            let address = format!("https://www.example.com/{locale}/page");
            let html = page::document(&page, locale, direction, Some(&address));
            assert!(html.starts_with(&format!("<!DOCTYPE html>\n<html lang=\"{locale}\" dir=")));
            assert!(html.contains(&format!("<link rel=\"canonical\" href=\"{address}\">")));
            assert_eq!(html.matches("<h1").count(), 1);
            // The body's own heading is shorter than the title, and is the one that is shown.
            assert!(page.title.starts_with(page.heading_html.as_deref().unwrap()));
            assert!(page.excerpt.is_some() && page.date.is_some() && !page.tags.is_empty());
            assert!(page.text.len() > 100);
        }
    }
}

#[test]
fn the_properties_of_the_fuzz_targets_hold_for_their_seeds() {
    type Property = fn(&[u8]);
    let targets: [(&str, Property); 5] = [
        ("email", properties::email),
        ("newsletter", properties::newsletter),
        ("queue", properties::queue),
        ("page", properties::page),
        ("registry", properties::registry),
    ];
    for (name, holds) in targets {
        let folder = root().join("fuzz/seeds").join(name);
        let seeds: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(seeds.len() >= 3, "{name} has seeds");
        for seed in seeds {
            let bytes = bytes(&seed);
            holds(&bytes);
            // And for every beginning of them, as a torn file is one.
            for length in (0..bytes.len()).step_by(7) {
                holds(&bytes[..length]);
            }
        }
    }
}
