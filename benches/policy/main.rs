//! How long guards take: one asset, ten thousand of them, and what must not take long whoever writes it.
//!
//! `cargo bench --bench policy [-- PACK.yaml]`; the default is the brand pack of the examples. One thread.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it goes wrong"
)]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use campanile::{
    api::{PolicyPack, PolicyPackSpec},
    domain::policy::{CompiledPack, Evidence, Subject, compile, evaluate},
};
use jiff::Timestamp;

const ROUNDS: usize = 2_000;
const ASSETS: usize = 10_000;
const ENGLISH: &str = "If your resume keeps getting ignored, the issue is often clarity, not capability. I published the 7 ATS mistakes that block qualified candidates and how to fix them quickly. Run a free ATS check before your next application.\n\nhttps://resumelybuilderai.com/?utm_source=linkedin&utm_medium=social&utm_campaign=week1_launch&cid=abcdefgh";
const HEBREW: &str = "הטעויות שהכי פוגעות בהתאמה ל-ATS: תקציר כללי, מונחים חסרים, בולטים בלי תוצאה, מבנה לא עקבי ועיצוב שמקשה על פרסור. מדריך מלא + בדיקה חינמית.\n\nhttps://resumelybuilderai.com/he?utm_source=community&utm_medium=social&utm_campaign=week1_launch&cid=abcdefgh";

fn main() {
    let path = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let path = path.unwrap_or_else(|| "examples/policies/brand.yaml".to_owned());
    let text = std::fs::read_to_string(&path).expect("a pack");
    let pack: PolicyPack = serde_saphyr::from_str(&text).expect("a PolicyPack");
    let began = Instant::now();
    let compiled = Arc::new(compile("bench", &pack.spec).expect("rules in order"));
    println!(
        "{path}: {} rules, compiled in {:?}",
        pack.spec.rules.len(),
        began.elapsed()
    );
    let packs = [compiled];
    for (name, locale, text) in [
        ("an English post", "en", ENGLISH),
        ("a Hebrew post", "he", HEBREW),
    ] {
        one(name, &packs, &subject(locale, text));
    }
    many(&packs);
    megabyte(&packs);
    bomb();
}

fn subject(locale: &str, text: &str) -> Subject {
    let mut subject = Subject {
        post_id: "post".to_owned(),
        platform: "linkedin".to_owned(),
        account: "company".to_owned(),
        locale: locale.to_owned(),
        text: text.to_owned(),
        ..Subject::default()
    };
    subject.gather_links();
    subject
}

fn judge(packs: &[Arc<CompiledPack>], subject: &Subject) -> Duration {
    let began = Instant::now();
    black_box(evaluate(
        packs,
        black_box(subject),
        &Evidence::NONE,
        Timestamp::UNIX_EPOCH,
    ));
    began.elapsed()
}

fn one(name: &str, packs: &[Arc<CompiledPack>], subject: &Subject) {
    // What is prepared with the first look is no part of the others.
    let first = judge(packs, subject);
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| judge(packs, subject)).collect();
    times.sort();
    let at = |share: usize| times.get(ROUNDS * share / 100).copied().unwrap_or_default();
    println!(
        "{name:<24} median {:>9.1?}   99% {:>9.1?}   first {first:>9.1?}",
        at(50),
        at(99)
    );
}

fn many(packs: &[Arc<CompiledPack>]) {
    let subjects: Vec<Subject> = (0..ASSETS)
        .map(|number| {
            let (locale, text) = if number % 2 == 0 {
                ("en", ENGLISH)
            } else {
                ("he", HEBREW)
            };
            subject(locale, &format!("{number}. {text}"))
        })
        .collect();
    let began = Instant::now();
    for subject in &subjects {
        judge(packs, subject);
    }
    println!("{ASSETS} posts              all {:>9.1?}", began.elapsed());
}

fn megabyte(packs: &[Arc<CompiledPack>]) {
    for (name, unit) in [
        ("a megabyte of copy", "One of the words that nobody bans. "),
        ("a megabyte of braces", "{{"),
    ] {
        let text = unit.repeat(1_000_000 / unit.len());
        println!("{name:<24} once   {:>9.1?}", judge(packs, &subject("en", &text)));
    }
}

/// Patterns that would never end in an engine that goes back.
fn bomb() {
    let spec: PolicyPackSpec = serde_json::from_value(serde_json::json!({
        "rules": [{"name": "bomb", "regex": {"pattern": "(a|a)*b|(a*)*c|(x+x+)+y"}}]
    }))
    .expect("a pack");
    let packs = [Arc::new(
        compile("bomb", &spec).expect("a pattern within its bounds"),
    )];
    println!(
        "{:<24} once   {:>9.1?}",
        "a pattern that explodes",
        judge(&packs, &subject("en", &"ax".repeat(50_000)))
    );
}
