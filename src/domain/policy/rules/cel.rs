//! Anything else, as an expression in CEL.
//!
//! `cel` computes and `kube_cel` adds the functions that Kubernetes users know. Neither bounds the work, so this does:
//! only functions that read nothing but their operands are allowed, nothing may grow inside a loop, loops stand in
//! each other twice at most, and before each evaluation the steps are bounded from above by the sizes of the subject.

use kube_cel::{
    KubeCelExt,
    cel::{
        Context, Program, Value,
        common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators},
        to_value,
    },
};
use serde_json::json;

use super::{Examine, pattern::bounded};
use crate::{
    api,
    domain::policy::{
        reading::{At, Hits, Reading},
        subject::Subject,
        words::hashtags_in,
    },
};

/// The most steps of one evaluation: some tenths of a second on one core.
const MAX_STEPS: f64 = 5_000_000.0;
/// Bytes that are read in one step, as the API server counts them.
const BYTES_A_STEP: f64 = 10.0;
/// What it costs to prepare a pattern, in steps.
const PATTERN_STEPS: f64 = 20_000.0;
/// Loops in loops.
const MAX_LOOPS: usize = 2;
/// Signs of an expression that stand in each other or follow each other.
const MAX_SIGNS: usize = 300;
/// Functions that give no more than they were given.
const FUNCTIONS: [&str; 20] = [
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "lowerAscii",
    "upperAscii",
    "trim",
    "indexOf",
    "lastIndexOf",
    "substring",
    "charAt",
    "int",
    "double",
    "uint",
    "string",
    "min",
    "max",
    "sets.contains",
    "sets.intersects",
];
const OPERATORS: [&str; 20] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::OPT_INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// An expression that was found to be in order.
#[derive(Debug)]
pub(super) struct Cel {
    expression: IdedExpr,
    cost: Cost,
}

impl Cel {
    pub(super) fn new(parameters: &api::CelRule) -> Result<Self, String> {
        let source = parameters.expression.as_str();
        let signs = source
            .matches(|one: char| "([{!-+*/%?.<>=&|,".contains(one))
            .count();
        if signs > MAX_SIGNS {
            return Err("The expression has too many parts: make several rules of it.".to_owned());
        }
        let program = Program::compile(source).map_err(|error| {
            let error = error.to_string();
            let first: String = error
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect();
            format!("The expression cannot be read: {first}")
        })?;
        let expression = program.expression().clone();
        let cost = Judging::default().whole(&expression)?;
        Ok(Self { expression, cost })
    }
}

impl Examine for Cel {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let asset = asset(reading.subject);
        if self.cost.steps(&Size::of(reading.subject)) > MAX_STEPS {
            let message = "Evaluating the expression would take too much work on so long a text.".to_owned();
            hits.inconclusive(At::Whole, message, "Simplify the expression, or split the text.");
            return;
        }
        match self.value(asset) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => {
                hits.fail(
                    At::Whole,
                    "The expression is not true of it.".to_owned(),
                    "See what the rule says.",
                );
            }
            Ok(_) => hits.inconclusive(
                At::Whole,
                "The expression gives neither true nor false.".to_owned(),
                "Correct the expression.",
            ),
            Err(why) => {
                let message = format!("The expression cannot be evaluated: {why}.");
                hits.inconclusive(
                    At::Whole,
                    message,
                    "Correct the expression: ask with has() before reading a part.",
                );
            }
        }
    }
}

impl Cel {
    fn value(&self, asset: serde_json::Value) -> Result<Value, String> {
        let told = |error: String| -> String {
            error
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(120)
                .collect()
        };
        let asset = to_value(asset).map_err(|error| told(error.to_string()))?;
        FUNCTIONS_OF_KUBERNETES.with(|functions| {
            let mut context = functions.new_inner_scope();
            context.add_variable_from_value("asset", asset);
            context
                .resolve(&self.expression)
                .map_err(|error| told(error.to_string()))
        })
    }
}

thread_local! {
    // Some hundred functions: registered once for each thread, not for each subject.
    static FUNCTIONS_OF_KUBERNETES: Context<'static> = Context::default().with_all();
}

/// What an expression sees of a subject: every member is always there.
fn asset(subject: &Subject) -> serde_json::Value {
    let hashtags = hashtags_in(&subject.text)
        .into_iter()
        .filter_map(|range| subject.text.get(range));
    json!({
        "postId": subject.post_id,
        "campaign": subject.campaign,
        "platform": subject.platform,
        "account": subject.account,
        "channelType": subject.channel_type.as_deref().unwrap_or_default(),
        "type": format!("{:?}", subject.type_),
        "locale": subject.locale,
        "title": subject.title.as_deref().unwrap_or_default(),
        "text": subject.text,
        "html": subject.html.as_deref().unwrap_or_default(),
        "subject": subject.subject.as_deref().unwrap_or_default(),
        "previewText": subject.preview_text.as_deref().unwrap_or_default(),
        "excerpt": subject.excerpt.as_deref().unwrap_or_default(),
        "tags": subject.tags,
        "links": subject.links,
        "hashtags": hashtags.take(256).collect::<Vec<_>>(),
        "altTexts": subject.media.iter().map(|picture| &picture.alt_text).collect::<Vec<_>>(),
        "claims": subject.claims,
    })
}

/// How large a subject is: the bytes of all its words, and its longest list.
struct Size {
    bytes: f64,
    length: f64,
}

impl Size {
    fn of(subject: &Subject) -> Self {
        let words = [
            subject.title.as_deref(),
            subject.subject.as_deref(),
            subject.preview_text.as_deref(),
            subject.excerpt.as_deref(),
            subject.html.as_deref(),
            Some(subject.text.as_str()),
        ];
        let lists = [
            subject.links.len(),
            subject.tags.len(),
            subject.media.len(),
            subject.claims.len(),
            256,
        ];
        let links: usize = subject.links.iter().map(String::len).sum();
        let bytes = words.into_iter().flatten().map(str::len).sum::<usize>() + links;
        Self {
            bytes: float(bytes) + 1_000.0,
            length: float(lists.into_iter().max().unwrap_or_default()),
        }
    }
}

/// What an expression may take, found once when it is read.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    /// Parts of the expression outside of loops, inside of one and inside of two.
    parts: [f64; MAX_LOOPS + 1],
    /// Patterns, alike.
    patterns: [f64; MAX_LOOPS + 1],
    /// How often values are joined.
    joins: f64,
    /// Members of lists that the expression itself writes.
    written: f64,
}

impl Cost {
    /// The steps on a subject, bounded from above.
    fn steps(&self, size: &Size) -> f64 {
        let joined = 1.0 + self.joins;
        let turns = (size.length + self.written) * joined;
        let of_part = 1.0 + size.bytes * joined / BYTES_A_STEP;
        let mut repeated = 1.0;
        let mut steps = 0.0;
        for (parts, patterns) in self.parts.iter().zip(self.patterns) {
            steps += repeated * (parts * of_part + patterns * PATTERN_STEPS);
            repeated *= turns;
        }
        steps
    }
}

/// Judges an expression before it is ever evaluated.
#[derive(Default)]
struct Judging {
    cost: Cost,
    loops: usize,
    /// Variables of the loops around, and what they accumulate.
    variables: Vec<String>,
    accumulators: Vec<String>,
}

impl Judging {
    fn whole(mut self, expression: &IdedExpr) -> Result<Cost, String> {
        self.visit(expression)?;
        Ok(self.cost)
    }

    fn visit(&mut self, expression: &IdedExpr) -> Result<(), String> {
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                self.cost.written += float(list.elements.len());
                list.elements.iter().try_for_each(|element| self.visit(element))
            }
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(_) => Err("The expression names a type; only values are known.".to_owned()),
            Expr::Comprehension(fold) => self.fold(fold),
        }
    }

    fn entry(&mut self, entry: &EntryExpr) -> Result<(), String> {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key)?;
                self.visit(&entry.value)
            }
        }
    }

    fn variable(&self, name: &String) -> Result<(), String> {
        if name == "asset" || self.variables.contains(name) || self.accumulators.contains(name) {
            return Ok(());
        }
        Err(format!("The expression names {name}; it knows asset alone."))
    }

    fn call(&mut self, call: &CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        if !FUNCTIONS.contains(&name) && !OPERATORS.contains(&name) {
            return Err(format!("The function {name} is not known to rules."));
        }
        let joins = name == operators::ADD && !self.accumulates(call);
        if joins && self.loops > 0 {
            return Err("Inside of a loop nothing may be joined with +.".to_owned());
        }
        self.cost.joins += f64::from(u8::from(joins));
        if let Some(parts) = self.cost.parts.get_mut(self.loops) {
            *parts += 1.0;
        }
        if name == "matches" {
            self.pattern(call)?;
        }
        let operands = call.target.as_deref().into_iter().chain(&call.args);
        operands.into_iter().try_for_each(|operand| self.visit(operand))
    }

    /// A loop's own step, which puts one more member behind those that it has.
    fn accumulates(&self, call: &CallExpr) -> bool {
        matches!(call.args.first().map(|first| &first.expr), Some(Expr::Ident(name)) if self.accumulators.contains(name))
    }

    /// A pattern is written out, so that it can be judged when the pack is read.
    fn pattern(&mut self, call: &CallExpr) -> Result<(), String> {
        if let Some(patterns) = self.cost.patterns.get_mut(self.loops) {
            *patterns += 1.0;
        }
        match call.args.last().map(|last| &last.expr) {
            Some(Expr::Literal(LiteralValue::String(pattern))) => bounded(pattern.inner(), false).map(drop),
            _ => Err("matches needs its pattern written out.".to_owned()),
        }
    }

    fn fold(&mut self, fold: &ComprehensionExpr) -> Result<(), String> {
        self.visit(&fold.iter_range)?;
        self.visit(&fold.accu_init)?;
        if self.loops == MAX_LOOPS {
            return Err(format!("More than {MAX_LOOPS} loops stand in each other."));
        }
        let names = [Some(&fold.iter_var), fold.iter_var2.as_ref()];
        let before = (self.variables.len(), self.accumulators.len());
        self.variables.extend(names.into_iter().flatten().cloned());
        self.accumulators.push(fold.accu_var.clone());
        self.loops += 1;
        let inside = self
            .visit(&fold.loop_cond)
            .and_then(|()| self.visit(&fold.loop_step));
        self.loops -= 1;
        let judged = inside.and_then(|()| self.visit(&fold.result));
        self.variables.truncate(before.0);
        self.accumulators.truncate(before.1);
        judged
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bound need not be exact")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{CelRule, RuleResult},
        domain::policy::{
            Evidence,
            fixtures::{failing, judged, passing, rule, subject},
        },
    };

    fn compiled(expression: &str) -> Result<Cel, String> {
        Cel::new(&CelRule {
            expression: expression.to_owned(),
        })
    }

    #[test]
    fn an_expression_has_to_be_true_of_a_post() {
        let one_link = r#"{"cel": {"expression": "size(asset.links) <= 1 && !asset.text.contains('מחיר') && asset.hashtags.all(tag, tag != '#ad')"}}"#;
        passing(
            one_link,
            &[("en", "See https://example.com"), ("he", "שלום"), ("en", "")],
        );
        failing(
            one_link,
            &[
                ("en", "https://a.org https://b.org"),
                ("he", "המחיר עלה"),
                ("en", "Look #ad"),
            ],
        );
    }

    #[test]
    fn what_is_neither_true_nor_false_is_inconclusive() {
        for expression in [
            "asset.nothing == 'x'",
            "asset.links[5] == 'x'",
            "size(asset.text)",
        ] {
            let rule = rule(&format!(r#"{{"cel": {{"expression": "{expression}"}}}}"#));
            let verdict = judged(&rule, &subject(r#"{"text": "x"}"#), &Evidence::NONE);
            assert_eq!(verdict.result, RuleResult::Inconclusive, "{expression}");
        }
    }

    #[test]
    fn what_it_may_not_do_is_refused_when_the_pack_is_read() {
        for expression in [
            "asset.text ==",
            "self.text == ''",
            "now() == 0",
            "timestamp('2026-01-01T00:00:00Z') == timestamp('2026-01-01T00:00:00Z')",
            "asset.text.replace('a', asset.text) == ''",
            "asset.text.split('') == []",
            "asset.links.map(a, asset.links.map(b, asset.links.map(c, c))).size() > 0",
            "[asset.text].map(x, x + x).map(x, x + x) == []",
            "asset.text.matches(asset.title)",
            "asset.text.matches('\\\\w{1000}{1000}')",
        ] {
            assert!(compiled(expression).is_err(), "{expression}");
        }
        assert!(compiled(&"(".repeat(1000)).is_err());
        assert!(compiled(&format!("{}true", "!".repeat(1000))).is_err());
        assert!(compiled(&format!("asset.text{}", "+asset.text".repeat(300))).is_err());
    }

    #[test]
    fn a_bomb_is_not_evaluated() {
        let rule = rule(
            r#"{"cel": {"expression": "asset.links.all(a, asset.links.all(b, asset.text.contains(a) || asset.text.contains(b)))"}}"#,
        );
        let links = "https://example.com ".repeat(20_000);
        let long = subject(&serde_json::json!({"text": links}).to_string());
        assert_eq!(
            judged(&rule, &long, &Evidence::NONE).result,
            RuleResult::Inconclusive
        );
    }
}
