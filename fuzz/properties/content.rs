//! What holds for every input of the readers of e-mail files, newsletter issues, queues, pages and registries of metrics.
//!
//! The fuzz targets hold it against what libFuzzer invents, the tests against the seeds.

use campanile::{
    api::{Direction, NewsletterVariable, Severity},
    domain::{
        content::{diagnostic::Diagnostic, email, newsletter, page, queue},
        policy::claims::{self, Registry},
    },
};

/// Templates render without a script and with the placeholders that they declare.
pub(crate) fn email(bytes: &[u8]) {
    let (content, found) = email::parse("email.md", bytes, &[]);
    placed(&found, bytes);
    for template in &content.templates {
        let html = email::render_html(template, &template.locale, Direction::Rtl);
        assert!(!html.contains("<script"), "a script was rendered");
        let undeclared = email::undeclared(template, &[]);
        assert!(undeclared.len() <= template.placeholders.len());
        placed(&undeclared, bytes);
        let errors = email::parse_html("email.html", html.as_bytes()).1;
        let active = errors.iter().any(|error| error.code == "ActiveContent");
        assert!(!active, "what we render acts by itself");
    }
    placed(&email::parse_html("email.html", bytes).1, bytes);
}

/// A sound version renders without anything that acts by itself, and every name of it has a value or words of its own.
pub(crate) fn newsletter(bytes: &[u8]) {
    let (issue, found) = newsletter::parse("issue.md", bytes, &[]);
    placed(&found, bytes);
    let errors = found.iter().any(|one| one.severity == Severity::Error);
    assert!(issue.readable || errors, "an issue is refused without a word");
    let variables = [NewsletterVariable {
        name: "link".to_owned(),
        value: "https://example.com/?utm_source=a&utm_medium=b&utm_campaign=c".to_owned(),
    }];
    let filling = newsletter::Filling {
        variables: &variables,
        parameter: ("cid", "abcd2345"),
    };
    for version in &issue.versions {
        let (broadcast, found) = version.broadcast(&filling);
        assert_eq!(version.broadcast(&filling), (broadcast.clone(), found.clone()));
        placed(&found, bytes);
        assert!(!broadcast.html.contains("<script"), "a script was rendered");
        if version.problems.is_empty() && found.is_empty() {
            assert!(!broadcast.subject.is_empty() && broadcast.link.is_some());
            let (_, errors) = email::parse_html("issue.html", broadcast.html.as_bytes());
            let active = errors.iter().any(|error| error.code == "ActiveContent");
            assert!(!active, "what we render acts by itself");
        }
    }
}

/// A queue that is used as a whole has its week, and every task its id.
pub(crate) fn queue(bytes: &[u8]) {
    let (queue, found) = queue::parse("queue.json", bytes);
    placed(&found, bytes);
    assert_eq!(queue.readable, queue.readable && queue.week_id.is_some());
    assert!(queue.tasks.iter().all(|task| !task.id.value.is_empty()));
    let errors = found.iter().any(|one| one.severity == Severity::Error);
    assert!(queue.readable || errors, "a queue is refused without a word");
}

/// A document is the same every time, has one heading, and no script.
pub(crate) fn page(bytes: &[u8]) {
    let (page, found) = page::parse("page.md", bytes);
    placed(&found, bytes);
    let Some(page) = page else {
        assert!(found.iter().any(|one| one.severity == Severity::Error));
        return;
    };
    let html = page::document(&page, "he", Direction::Rtl, None);
    assert!(!html.contains("<script"), "a script was rendered");
    assert_eq!(html.matches("<h1").count(), 1);
    assert_eq!(page::parse("page.md", bytes).0, Some(page));
}

/// A registry without a metric says why, a verified metric can be found by its name, and claims stand in their text.
pub(crate) fn registry(bytes: &[u8]) {
    let (registry, found) = Registry::read("metrics.md", bytes);
    placed(&found, bytes);
    assert!(
        !registry.metrics.is_empty() || !found.is_empty(),
        "a registry is refused without a word"
    );
    for metric in registry.metrics.iter().filter(|metric| metric.verified) {
        assert_eq!(registry.get(&metric.name), Some(metric));
    }
    let text = String::from_utf8_lossy(bytes);
    for claim in claims::find(&text, "he") {
        assert!(text.get(claim.span).is_some_and(|words| !words.is_empty()));
        assert!(claim.quantity.low <= claim.quantity.high);
    }
}

/// Every problem stands in the file, is none of the whole campaign, and can be printed.
fn placed(found: &[Diagnostic], bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for one in found {
        assert!(!one.fatal && one.position.line as usize <= lines, "{one}");
        assert!(!one.finding().message.is_empty());
        assert!(!one.excerpt.contains('\u{1b}'));
    }
}
