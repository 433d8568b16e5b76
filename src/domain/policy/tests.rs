use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    fixtures::{NOW, check, judged, pack, rule, subject},
    *,
};
use crate::api::{
    AssetSource, FieldPlace, PolicyPack, PolicyPackSpec, RuleAction, RuleMode, RuleResult, Severity,
};

const BRAND: &str = "
apiVersion: campanile.dev/v1alpha1
kind: PolicyPack
metadata: {name: brand, namespace: resumely}
spec:
  rules:
    - {name: no-hype, severity: Error, action: BlockAsset, message: \"We promise nothing we cannot keep.\", bannedPhrases: {phrases: [\"guaranteed\", \"100% success\"], wholeWord: true}}
    - {name: verified-numbers, severity: Error, action: BlockAsset, numericClaims: {registry: {path: docs/gtm/baseline-metrics.md, maxAge: 720h}, prices: [\"$9\", \"$19\"]}}
    - {name: hebrew-is-hebrew, severity: Error, action: BlockAsset, selector: {locales: [he]}, localeQuality: {minScriptShare: 60}}
    - {name: short-on-x, severity: Error, action: BlockAsset, selector: {platforms: [x]}, length: {max: 280, unit: XWeighted}}
  tests:
    - {name: hype is refused, asset: {text: \"Guaranteed interviews\", locale: en, platform: linkedin}, expect: {rule: no-hype, result: Fail}}
";

fn verdict(packs: &[Arc<CompiledPack>], asset: &str) -> Verdict {
    evaluate(packs, &subject(asset), &Evidence::NONE, NOW.parse().unwrap())
}

/// A pack of one rule that bans `bad`, with other members beside.
fn banning(name: &str, members: &Value) -> Arc<CompiledPack> {
    let mut rule = json!({"name": "no-bad", "bannedPhrases": {"phrases": ["bad"]}});
    for (key, value) in members.as_object().unwrap() {
        rule[key] = value.clone();
    }
    pack(name, &json!({"rules": [rule]}))
}

#[test]
fn the_brand_pack_works_as_it_is_written() {
    let object: PolicyPack = serde_saphyr::from_str(BRAND).unwrap();
    let compiled = compile("brand", &object.spec).unwrap();
    assert!(run_tests(&compiled).iter().all(|test| test.passed));
    let found = verdict(
        &[Arc::new(compiled)],
        r#"{"platform": "linkedin", "text": "Guaranteed interviews"}"#,
    );
    let hype = found
        .findings
        .iter()
        .find(|finding| finding.rule == "no-hype")
        .unwrap();
    assert!(hype.message.contains("We promise nothing we cannot keep."));
    assert_eq!(
        (hype.excerpt.as_str(), hype.pack.as_str()),
        ("Guaranteed", "brand")
    );
    assert_eq!(found.result, RuleResult::Fail);
}

#[test]
fn a_rule_needs_only_a_name_and_its_kind() {
    let spec: PolicyPackSpec =
        serde_json::from_value(json!({"rules": [{"name": "a", "localeQuality": {}}]})).unwrap();
    let rule = &spec.rules[0];
    assert_eq!((rule.severity, rule.mode), (Severity::Error, RuleMode::Enforce));
    assert_eq!(rule.kind.locale_quality.as_ref().unwrap().min_script_share, 60);
    let found = check(
        &pack("a", &json!({"rules": [{"name": "a", "localeQuality": {}}]})),
        r#"{"locale": "he", "text": "Not translated"}"#,
    );
    assert_eq!(
        (found[0].action, found[0].result),
        (RuleAction::BlockAsset, RuleResult::Fail)
    );
}

#[test]
fn a_rule_without_a_kind_or_with_two_names_what_is_wrong() {
    for (rule, words) in [
        (json!({"name": "a"}), "has no kind"),
        (json!({"name": "a", "links": {}, "utm": {}}), "links"),
    ] {
        let spec = serde_json::from_value(json!({"rules": [rule]})).unwrap();
        let problems = compile("p", &spec).unwrap_err();
        assert!(
            problems.len() == 1 && problems[0].message.contains(words),
            "{problems:?}"
        );
        assert_eq!(problems[0].path, "spec.rules[0]");
    }
}

#[test]
fn every_problem_of_a_pack_is_named_at_once() {
    let spec = serde_json::from_value(json!({
        "rules": [
            {"name": "a", "regex": {"pattern": "("}},
            {"name": "a", "length": {"max": 1}},
            {"name": "b", "selector": {"locales": ["not a tag"]}, "length": {"max": 1}}
        ],
        "overlays": [{"locale": "??", "rules": [{"name": "c", "cel": {"expression": "now()"}}]}]
    }))
    .unwrap();
    let problems: Vec<String> = compile("p", &spec)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert!(problems[0].starts_with("spec.rules[0].regex (a): The pattern `(` cannot be used"));
}

#[test]
fn only_an_enforced_error_stops() {
    for (members, stops) in [
        (json!({}), true),
        (json!({"severity": "Warning"}), false),
        (json!({"mode": "Audit"}), false),
    ] {
        let found = verdict(&[banning("p", &members)], r#"{"text": "bad"}"#);
        assert_eq!(found.result == RuleResult::Fail, stops, "{members}");
        assert_eq!(found.findings.len(), 1, "{members}");
        assert_eq!(found.findings[0].counts(), stops);
    }
}

#[test]
fn an_action_says_what_follows() {
    let acting = |action: &str| verdict(&[banning("p", &json!({"action": action}))], r#"{"text": "bad"}"#);
    assert_eq!(acting("BlockAsset").halt, None);
    let halt = acting("HaltChannel");
    assert_eq!(
        (halt.result, halt.halt.unwrap().scope),
        (RuleResult::Fail, HaltScope::Channel)
    );
    assert_eq!(acting("HaltCampaign").halt.unwrap().scope, HaltScope::Campaign);
    let person = acting("RequireApproval");
    assert_eq!(
        (person.result, person.require_approval),
        (RuleResult::Pass, vec!["no-bad".to_owned()])
    );
}

#[test]
fn a_sensitive_topic_asks_for_a_person_unless_the_rule_says_more() {
    let topics = json!({"topics": [{"name": "war", "phrases": ["war"]}]});
    let asks = pack("p", &json!({"rules": [{"name": "s", "sensitivity": topics}]}));
    let found = verdict(&[asks], r#"{"text": "war"}"#);
    assert_eq!(
        (found.result, found.require_approval.len()),
        (RuleResult::Pass, 1)
    );
    let blocks = pack(
        "p",
        &json!({"rules": [{"name": "s", "action": "BlockAsset", "sensitivity": topics}]}),
    );
    assert_eq!(verdict(&[blocks], r#"{"text": "war"}"#).result, RuleResult::Fail);
}

#[test]
fn inconclusive_never_passes_by_itself_and_fail_beats_it() {
    let links = json!({"name": "links", "links": {}});
    let unknown = pack("p", &json!({"rules": [links]}));
    let asset = r#"{"text": "bad https://example.com"}"#;
    assert_eq!(
        verdict(&[Arc::clone(&unknown)], asset).result,
        RuleResult::Inconclusive
    );
    assert_eq!(
        verdict(&[unknown, banning("q", &json!({}))], asset).result,
        RuleResult::Fail
    );
    let person = pack(
        "p",
        &json!({"rules": [{"name": "links", "onInconclusive": "RequireApproval", "links": {}}]}),
    );
    let found = verdict(&[person], asset);
    assert_eq!(
        (found.result, found.require_approval),
        (RuleResult::Pass, vec!["links".to_owned()])
    );
    assert_eq!(found.findings[0].action, RuleAction::RequireApproval);
}

#[test]
fn words_that_were_not_read_are_inconclusive_for_every_rule() {
    let mut unread = subject(r#"{"text": ""}"#);
    unread.words_missing = true;
    let found = judged(&banning("p", &json!({})), &unread, &Evidence::NONE);
    assert_eq!(found.result, RuleResult::Inconclusive);
}

#[test]
fn a_later_pack_may_tighten_and_never_relax() {
    let strict = banning("strict", &json!({}));
    for milder in [
        banning("later", &json!({"severity": "Warning"})),
        banning("later", &json!({"mode": "Audit"})),
        banning("later", &json!({"action": "RequireApproval"})),
        banning("later", &json!({"bannedPhrases": {"phrases": ["other"]}})),
        banning(
            "later",
            &json!({"bannedPhrases": {"phrases": ["bad"], "exceptions": ["bad"]}}),
        ),
        banning("later", &json!({"selector": {"platforms": ["x"]}})),
    ] {
        for packs in [
            [Arc::clone(&strict), Arc::clone(&milder)],
            [milder, Arc::clone(&strict)],
        ] {
            let found = verdict(&packs, r#"{"text": "bad"}"#);
            assert_eq!((found.result, found.findings.len()), (RuleResult::Fail, 1));
            assert_eq!(found.findings[0].pack, "strict");
        }
    }
    let tighter = banning("later", &json!({"action": "HaltCampaign"}));
    let found = verdict(&[strict, tighter], r#"{"text": "bad"}"#);
    assert_eq!(
        (found.findings.len(), found.findings[0].pack.as_str()),
        (1, "later")
    );
    assert_eq!(found.halt.unwrap().scope, HaltScope::Campaign);
}

#[test]
fn rules_of_one_name_in_two_packs_both_hold() {
    let length = |name: &str, max: u32| {
        pack(
            name,
            &json!({"rules": [{"name": "short", "length": {"max": max}}]}),
        )
    };
    let packs = [length("a", 10), length("b", 5)];
    assert_eq!(verdict(&packs, r#"{"text": "1234567"}"#).result, RuleResult::Fail);
    assert_eq!(verdict(&packs, r#"{"text": "12345"}"#).result, RuleResult::Pass);
}

#[test]
fn a_new_language_is_data_alone() {
    let disclaimed = pack(
        "p",
        &json!({
            "rules": [{"name": "disclaimer", "requiredText": {"phrases": ["Results vary"]}}],
            "overlays": [
                {"locale": "he", "rules": [{"name": "disclaimer", "requiredText": {"phrases": ["התוצאות משתנות"]}}]},
                {"locale": "pt", "rules": [{"name": "disclaimer", "requiredText": {"phrases": ["Os resultados variam"]}}]},
                {"locale": "pt-BR", "rules": [{"name": "brazil", "requiredText": {"phrases": ["CNPJ"]}}]}
            ]
        }),
    );
    for (locale, text, found) in [
        ("en", "Results vary", 0),
        ("he", "Results vary", 1),
        ("iw-IL", "התוצאות משתנות", 0),
        ("pt", "Os resultados variam", 0),
        ("pt-BR", "Os resultados variam", 1),
        ("pt-BR", "Os resultados variam. CNPJ", 0),
        ("fr", "Les résultats varient", 1),
    ] {
        let asset = json!({"locale": locale, "text": text}).to_string();
        assert_eq!(check(&disclaimed, &asset).len(), found, "{locale} {text}");
    }
}

#[test]
fn a_rule_of_a_language_takes_no_place_where_it_does_not_look() {
    let pack = pack(
        "p",
        &json!({
            "rules": [{"name": "a", "bannedPhrases": {"phrases": ["bad"]}}],
            "overlays": [{"locale": "he", "rules": [{"name": "a", "selector": {"types": ["Email"]}, "bannedPhrases": {"phrases": ["רע"]}}]}]
        }),
    );
    let found = |type_: &str| {
        check(
            &pack,
            &json!({"type": type_, "locale": "he", "text": "bad"}).to_string(),
        )
        .len()
    };
    assert_eq!((found("Post"), found("Email")), (1, 0));
}

#[test]
fn a_selector_compares_names_as_the_sheet_does() {
    let on_x = banning(
        "p",
        &json!({"selector": {"platforms": ["Twitter"], "accounts": [" Main "], "locales": ["iw"], "types": ["Post"]}}),
    );
    let found = |platform: &str, account: &str, locale: &str| {
        check(
            &on_x,
            &json!({"platform": platform, "account": account, "locale": locale, "text": "bad"}).to_string(),
        )
        .len()
    };
    assert_eq!(found("x", "main", "he"), 1);
    assert_eq!(found("X", "MAIN", "he-IL"), 1);
    assert_eq!(
        (
            found("x", "other", "he"),
            found("linkedin", "main", "he"),
            found("x", "main", "hel")
        ),
        (0, 0, 0)
    );
}

#[test]
fn a_finding_stands_in_the_file_where_the_words_do() {
    let place = |field, line, column| FieldPlace {
        field,
        line,
        column,
        from: 1,
        ..FieldPlace::default()
    };
    let source = AssetSource {
        path: "docs/sheet.csv".to_owned(),
        line: 7,
        places: Some(vec![
            place(crate::api::ContentField::Text, 7, 40),
            place(crate::api::ContentField::Title, 7, 12),
        ]),
        ..AssetSource::default()
    };
    let pack = banning("p", &json!({}));
    let subject = subject(r#"{"title": "Not bad", "text": "One\nשלום bad"}"#).at(&source);
    let spots: Vec<(u32, u32)> = judged(&pack, &subject, &Evidence::NONE)
        .findings
        .iter()
        .map(|finding| (finding.line, finding.column))
        .collect();
    assert_eq!(spots, [(7, 16), (8, 6)]);
}

#[test]
fn ten_thousand_findings_are_bounded_and_counted() {
    let text = "bad ".repeat(10_000);
    let found = verdict(&[banning("p", &json!({}))], &json!({"text": text}).to_string());
    assert_eq!(found.result, RuleResult::Fail);
    assert!(found.findings.len() <= MAX_FINDINGS);
    assert_eq!(found.findings.len() + found.left_out as usize, 10_000);
    assert!(
        found
            .findings
            .iter()
            .all(|finding| finding.message.chars().count() <= 512 && finding.excerpt.chars().count() <= 120)
    );
}

#[test]
fn a_pack_of_a_hundred_rules_keeps_a_verdict_bounded() {
    let rules: Vec<Value> = (0..100)
        .map(|number| json!({"name": format!("r{number}"), "bannedPhrases": {"phrases": ["bad"]}}))
        .collect();
    let found = verdict(
        &[pack("p", &json!({"rules": rules}))],
        &json!({"text": "bad ".repeat(200)}).to_string(),
    );
    assert_eq!(found.findings.len(), MAX_FINDINGS);
    assert_eq!(found.findings.len() + found.left_out as usize, 20_000);
}

#[test]
fn a_megabyte_of_copy_is_judged() {
    let rules = every_kind()["rules"].as_array().unwrap().clone();
    let kinds = [
        "bannedPhrases",
        "requiredText",
        "glossary",
        "length",
        "hashtags",
        "sensitivity",
        "duplicate",
        "cel",
    ];
    let some: Vec<Value> = rules
        .into_iter()
        .filter(|rule| kinds.iter().any(|kind| rule.get(kind).is_some()))
        .collect();
    let text = "bad שלום https://example.com one of the words. ".repeat(20_000);
    let found = verdict(
        &[pack("p", &json!({"rules": some}))],
        &json!({"text": text}).to_string(),
    );
    assert!(text.len() > 1_000_000 && found.findings.len() <= MAX_FINDINGS);
    assert_eq!(found.result, RuleResult::Fail);
}

#[test]
fn words_that_are_made_to_take_long_do_not() {
    let every = pack("p", &every_kind());
    for unit in [
        "((((((((",
        "{{{{{{{{",
        "<a <b \" ' ",
        "https://",
        "a@a@",
        "a.b.c.",
        "והבלמשכ",
        "#a @b cv resume ",
        "https://a)))) ",
    ] {
        let text = unit.repeat(20_000 / unit.len());
        let found = verdict(
            &[Arc::clone(&every)],
            &json!({"text": text, "html": text}).to_string(),
        );
        assert!(found.findings.len() <= MAX_FINDINGS, "{unit}");
    }
}

#[test]
fn a_pack_that_contradicts_itself_says_both() {
    let contradicting = pack(
        "p",
        &json!({"rules": [
            {"name": "say-it", "requiredText": {"phrases": ["bad"]}},
            {"name": "do-not", "bannedPhrases": {"phrases": ["bad"]}}
        ]}),
    );
    for text in ["bad", "good"] {
        assert_eq!(
            verdict(&[Arc::clone(&contradicting)], &json!({"text": text}).to_string())
                .findings
                .len(),
            1,
            "{text}"
        );
    }
}

#[test]
fn equal_rules_have_equal_digests_and_other_rules_others() {
    let digest = |spec: &Value| pack("p", spec).digest.clone();
    let rules = json!({"rules": [{"name": "a", "length": {"max": 1}}]});
    let told = json!({"description": "What it is for", "rules": [{"name": "a", "length": {"max": 1}}]});
    let other = json!({"rules": [{"name": "a", "length": {"max": 2}}]});
    assert_eq!(digest(&rules), digest(&told));
    assert_ne!(digest(&rules), digest(&other));
}

#[test]
fn a_pack_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&rule(r#"{"cel": {"expression": "true"}}"#));
}

/// A rule of each kind.
fn every_kind() -> Value {
    let kinds = json!([
        {"bannedPhrases": {"phrases": ["bad", "a"], "exceptions": ["not bad"]}},
        {"requiredText": {"phrases": ["vary"]}},
        {"substitution": {"pairs": [{"insteadOf": "cv", "use": "resume"}]}},
        {"regex": {"pattern": "(a|b)+c"}},
        {"occurrence": {"phrases": ["a"], "max": 1}},
        {"conditional": {"when": ["a"], "then": ["b"]}},
        {"readability": {"maxSentenceWords": 5, "maxAverageWords": 5, "maxGrade": 5}},
        {"length": {"max": 10, "unit": "XWeighted"}},
        {"length": {"min": 5, "max": 10, "unit": "Graphemes", "field": "Title"}},
        {"hashtags": {"min": 1, "max": 2, "deny": ["a"], "require": ["b"]}},
        {"altText": {"minLength": 5}},
        {"utm": {"postId": "utm_content", "allowed": [{"parameter": "utm_source", "values": ["{platform}"]}]}},
        {"links": {"ownDomains": ["example.com"], "localePath": {"he": "/he"}, "httpsOnly": true}},
        {"callToAction": {"phrases": ["try"], "ownDomains": ["example.com"], "maxLinks": 1}},
        {"seo": {"title": {"min": 5}, "description": {"max": 5}}},
        {"accessibility": {}},
        {"glossary": {"terms": [{"term": "Ab", "exactCase": true, "forbidden": ["b"]}]}},
        {"localeQuality": {"keep": ["a"], "requiredParts": ["Title"]}},
        {"numericClaims": {"registry": {"path": "metrics.md"}}},
        {"emailCompliance": {"subjectBeginsWith": ["ad"]}},
        {"aiDisclosure": {"labels": ["made with ai"]}},
        {"secretLeak": {"patterns": ["ab+"]}},
        {"promptLeak": {"phrases": ["draft"], "allow": ["todo"]}},
        {"duplicate": {}},
        {"sensitivity": {"topics": [{"name": "t", "phrases": ["b"]}]}},
        {"cel": {"expression": "asset.links.all(link, link.contains('utm_')) && size(asset.text) < 100"}}
    ]);
    let rules: Vec<Value> = kinds
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(number, kind)| {
            let mut rule = kind.clone();
            rule["name"] = json!(format!("rule-{number}"));
            rule
        })
        .collect();
    json!({ "rules": rules })
}

fn any_asset() -> impl Strategy<Value = String> {
    let words = "(\\PC|[a-z א-ת#@.:/{}<>\"'\n\u{200b}\u{202e}👍]|bad|https://example\\.com/he\\?a=1|<a href=x>|</a>){0,24}";
    let locale = prop::sample::select(vec!["en", "he", "ru", "x-none", "he-Latn"]);
    let type_ = prop::sample::select(vec!["Post", "Page", "Email", "Template"]);
    (words, words, words, locale, type_).prop_map(|(text, html, title, locale, type_)| {
        json!({"text": text, "html": html, "title": title, "subject": title, "locale": locale, "type": type_, "altTexts": [title]})
            .to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_subject_is_judged_and_equal_inputs_give_equal_verdicts(asset in any_asset()) {
        let every = pack("p", &every_kind());
        let first = verdict(&[Arc::clone(&every)], &asset);
        prop_assert_eq!(&first, &verdict(&[every], &asset));
        for finding in &first.findings {
            prop_assert!(!finding.message.is_empty() && finding.message.chars().count() <= 512);
            prop_assert!(finding.excerpt.chars().count() <= 120);
            prop_assert!(!finding.excerpt.contains(char::is_control));
        }
    }

    #[test]
    fn a_pack_more_never_makes_a_verdict_milder(
        asset in any_asset(),
        chosen in prop::collection::vec((0_usize..26, prop::bool::ANY, prop::bool::ANY, 0_usize..4), 1..8),
    ) {
        let every = every_kind();
        let packs: Vec<Arc<CompiledPack>> = chosen
            .iter()
            .enumerate()
            .map(|(number, (kind, warns, audits, action))| {
                let mut rule = every["rules"][*kind].clone();
                rule["severity"] = json!(if *warns { "Warning" } else { "Error" });
                rule["mode"] = json!(if *audits { "Audit" } else { "Enforce" });
                rule["action"] = json!(["BlockAsset", "RequireApproval", "HaltChannel", "HaltCampaign"][*action]);
                pack(&format!("p{number}"), &json!({"rules": [rule]}))
            })
            .collect();
        let mut before = Verdict::default();
        for number in 0..=packs.len() {
            let now = verdict(&packs[..number], &asset);
            prop_assert!(now.result >= before.result);
            prop_assert!(before.require_approval.iter().all(|rule| now.require_approval.contains(rule)));
            prop_assert!(now.halt.as_ref().map(|halt| halt.scope) >= before.halt.as_ref().map(|halt| halt.scope));
            before = now;
        }
    }

    #[test]
    fn a_manifest_of_any_shape_compiles_or_names_its_problems(pattern in "\\PC{0,20}", phrase in "\\PC{1,8}", expression in "[a-z().+!&|='\\[\\] ]{1,24}") {
        let spec = json!({"rules": [
            {"name": "a", "regex": {"pattern": pattern}},
            {"name": "b", "bannedPhrases": {"phrases": [phrase]}},
            {"name": "c", "cel": {"expression": expression}}
        ]});
        let spec: PolicyPackSpec = serde_json::from_value(spec).unwrap();
        if let Err(problems) = compile("p", &spec) {
            prop_assert!(problems.iter().all(|problem| !problem.message.is_empty() && !problem.path.is_empty()));
        }
    }
}

#[test]
fn links_are_judged_by_what_the_evidence_says() {
    let links = BTreeMap::from([("https://example.com/".to_owned(), LinkFinding::Status(200))]);
    let evidence = Evidence {
        links: &links,
        ..Evidence::NONE
    };
    let found = judged(
        &rule(r#"{"links": {}}"#),
        &subject(r#"{"text": "https://example.com/"}"#),
        &evidence,
    );
    assert_eq!(found.result, RuleResult::Pass);
}

#[test]
fn the_packs_of_the_examples_pass_their_own_tests() {
    for text in [
        include_str!("../../../examples/policies/brand.yaml"),
        include_str!("../../../examples/policies/email.yaml"),
        include_str!("../../../examples/policies/regulated.yaml"),
    ] {
        let object: PolicyPack = serde_saphyr::from_str(text).unwrap();
        let name = object.metadata.name.as_deref().unwrap();
        let failed: Vec<String> = run_tests(&compile(name, &object.spec).unwrap())
            .into_iter()
            .filter(|test| !test.passed)
            .map(|test| format!("{name}: {}: {}", test.name, test.message))
            .collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[test]
fn the_last_email_of_both_languages_is_stopped_for_its_minutes_where_they_stand() {
    const PATH: &str = "docs/gtm/week-1-email-assets.md";
    let bytes = include_bytes!("../../../tests/fixtures/week-one/docs/gtm/week-1-email-assets.md");
    let file = std::str::from_utf8(bytes).unwrap();
    let (emails, _) = crate::domain::content::email::parse(PATH, bytes, &[]);
    let object: PolicyPack = serde_saphyr::from_str(BRAND).unwrap();
    let brand = Arc::new(compile("brand", &object.spec).unwrap());
    for locale in ["en", "he"] {
        let email = emails
            .templates
            .iter()
            .find(|email| email.locale == locale && email.id_step == "D7")
            .unwrap();
        let mut subject = subject(
            &json!({"type": "Template", "locale": locale, "text": email.body, "subject": email.subject})
                .to_string(),
        );
        subject.places = Places {
            path: PATH.to_owned(),
            line: email.position.line,
            fields: email.places.clone(),
        };
        let found = judged(&brand, &subject, &Evidence::NONE);
        assert_eq!(found.result, RuleResult::Fail);
        for minutes in ["30-45", "10-15"] {
            let finding = found
                .findings
                .iter()
                .find(|finding| finding.excerpt.contains(minutes))
                .unwrap();
            let line = file.lines().nth(finding.line as usize - 1).unwrap();
            let rest: String = line.chars().skip(finding.column as usize - 1).collect();
            assert_eq!(
                (finding.rule.as_str(), finding.path.as_str()),
                ("verified-numbers", PATH)
            );
            assert!(rest.starts_with(finding.excerpt.as_str()), "{finding:?}: {rest}");
        }
    }
}

#[test]
fn words_that_are_demanded_may_stand_in_any_item_and_words_that_are_banned_in_none() {
    let rules = json!({"rules": [
        {"name": "ad", "requiredText": {"phrases": ["#ad"]}},
        {"name": "no-bad", "bannedPhrases": {"phrases": ["bad"]}},
    ]});
    let packs = [pack("brand", &rules)];
    let judged = |text: &str, thread: &[&str], is_later_item: bool| {
        let subject = Subject {
            text: text.to_owned(),
            thread_items: thread.iter().map(|&item| item.to_owned()).collect(),
            is_later_item,
            ..Subject::default()
        };
        evaluate(&packs, &subject, &Evidence::NONE, NOW.parse().unwrap()).result
    };
    assert_eq!(judged("First", &["Second", "Third #ad"], false), RuleResult::Pass);
    assert_eq!(judged("First", &["Second", "Third"], false), RuleResult::Fail);
    assert_eq!(judged("First #ad", &["bad"], false), RuleResult::Fail);
    assert_eq!(judged("Second", &[], true), RuleResult::Pass);
    assert_eq!(judged("bad", &[], true), RuleResult::Fail);
}
