//! The types that expressions give, as far as their own parts settle them: the interpreter has no types before values.

use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// What is not known before there is a value.
pub(in crate::standalone::schema) const DYNAMIC: &str = "dyn";

/// Functions that are named after what they give.
const CONVERSIONS: [&str; 6] = ["bool", "bytes", "double", "int", "string", "uint"];

/// The type of what an expression gives, in the words of CEL; none where more would have to be known.
///
/// `known` says it of variables and their fields.
pub(in crate::standalone::schema) fn of(
    expression: &IdedExpr,
    known: &dyn Fn(&IdedExpr) -> Option<String>,
) -> Option<String> {
    match &expression.expr {
        Expr::Literal(literal) => Some(of_literal(literal).to_owned()),
        Expr::Select(select) if select.test => Some("bool".to_owned()),
        Expr::Ident(_) | Expr::Select(_) => known(expression),
        Expr::List(list) => {
            let item = common(list.elements.iter().map(|item| of(item, known)))?;
            Some(format!("list({item})"))
        }
        Expr::Map(map) => {
            let entries = map.entries.iter().filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some(entry),
                EntryExpr::StructField(_) => None,
            });
            let key = common(entries.clone().map(|entry| of(&entry.key, known)))?;
            let value = common(entries.map(|entry| of(&entry.value, known)))?;
            Some(format!("map({key}, {value})"))
        }
        Expr::Call(call) => of_call(call, known),
        Expr::Comprehension(_) | Expr::Struct(_) | Expr::Unspecified => None,
    }
}

fn of_literal(literal: &LiteralValue) -> &'static str {
    match literal {
        LiteralValue::Boolean(_) => "bool",
        LiteralValue::Bytes(_) => "bytes",
        LiteralValue::Double(_) => "double",
        LiteralValue::Int(_) => "int",
        LiteralValue::Null => "null_type",
        LiteralValue::String(_) => "string",
        LiteralValue::UInt(_) => "uint",
    }
}

/// The one type of all; none where they differ, or one of them is not known.
fn common(mut types: impl Iterator<Item = Option<String>>) -> Option<String> {
    let first = types.next()??;
    types.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

fn of_call(call: &CallExpr, known: &dyn Fn(&IdedExpr) -> Option<String>) -> Option<String> {
    let arguments = || call.args.iter().map(|argument| of(argument, known));
    match call.func_name.as_str() {
        operators::LOGICAL_AND
        | operators::LOGICAL_OR
        | operators::LOGICAL_NOT
        | operators::EQUALS
        | operators::NOT_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS
        | operators::LESS
        | operators::LESS_EQUALS
        | operators::IN => Some("bool".to_owned()),
        operators::CONDITIONAL => common(arguments().skip(1)),
        operators::NEGATE => common(arguments()),
        operators::ADD
        | operators::SUBSTRACT
        | operators::MULTIPLY
        | operators::DIVIDE
        | operators::MODULO => of_arithmetic(arguments().collect::<Option<_>>()?),
        "size" => Some("int".to_owned()),
        conversion if call.target.is_none() && CONVERSIONS.contains(&conversion) => {
            Some(conversion.to_owned())
        }
        _ => None,
    }
}

/// What is not known takes the type of what is; times and durations make each other, and are left out.
fn of_arithmetic(mut types: Vec<String>) -> Option<String> {
    types.retain(|of| of != DYNAMIC);
    let of = common(types.into_iter().map(Some))?;
    matches!(of.as_str(), "bytes" | "double" | "int" | "string" | "uint").then_some(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standalone::schema::cel::Compiled;

    fn type_of(source: &str) -> Option<String> {
        let compiled = Compiled::new(source, &["object"]).unwrap();
        of(compiled.expression(), &|_| Some(DYNAMIC.to_owned()))
    }

    #[test]
    fn the_parts_of_an_expression_settle_its_type() {
        for (source, expected) in [
            ("1 + 1", "int"),
            ("-1.5", "double"),
            ("object.a + 'x'", "string"),
            ("['a', 'b']", "list(string)"),
            ("{'a': 1}", "map(string, int)"),
            ("object == null ? 1u : 2u", "uint"),
            ("size(object) > 1 && has(object.a)", "bool"),
            ("string(object)", "string"),
            ("object.a", "dyn"),
            ("null", "null_type"),
        ] {
            assert_eq!(type_of(source).as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn what_is_not_settled_has_no_type() {
        for source in [
            "[]",
            "['a', 1]",
            "object.all(item, true)",
            "object.a + object.b",
            "object.foo()",
        ] {
            assert_eq!(type_of(source), None, "{source}");
        }
    }
}
