//! `cel.bind(name, value, body)`, which the interpreter does not know, and the variables of an expression.

use std::collections::BTreeSet;

use kube_cel::cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue};

/// Replaces every `cel.bind` by a loop over nothing whose accumulator is the bound value.
pub(super) fn expand(mut expression: IdedExpr) -> IdedExpr {
    each_child(&mut expression.expr, &mut |child| {
        let taken = std::mem::take(child);
        *child = expand(taken);
    });
    let Expr::Call(call) = &mut expression.expr else {
        return expression;
    };
    let on_cel = call
        .target
        .as_deref()
        .is_some_and(|target| is_named(target, "cel"));
    if !on_cel || call.func_name != "bind" {
        return expression;
    }
    let Ok([name, value, body]) = <[IdedExpr; 3]>::try_from(std::mem::take(&mut call.args)) else {
        return expression;
    };
    let Expr::Ident(variable) = &name.expr else {
        return expression;
    };
    let wrap = |expr| IdedExpr {
        id: expression.id,
        expr,
    };
    let bound = ComprehensionExpr {
        iter_range: wrap(Expr::List(ListExpr::new(Vec::new()))),
        iter_var: "#unused".to_owned(),
        accu_var: variable.clone(),
        accu_init: value,
        loop_cond: wrap(Expr::Literal(LiteralValue::Boolean(false.into()))),
        loop_step: wrap(Expr::Ident(variable.clone())),
        result: body,
        ..ComprehensionExpr::default()
    };
    wrap(Expr::Comprehension(Box::new(bound)))
}

fn is_named(expression: &IdedExpr, name: &str) -> bool {
    matches!(&expression.expr, Expr::Ident(found) if found == name)
}

fn each_child(expression: &mut Expr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match expression {
        Expr::Call(call) => {
            call.target.as_deref_mut().into_iter().for_each(&mut *visit);
            call.args.iter_mut().for_each(visit);
        }
        Expr::Comprehension(fold) => {
            let fold = fold.as_mut();
            for child in [
                &mut fold.iter_range,
                &mut fold.accu_init,
                &mut fold.loop_cond,
                &mut fold.loop_step,
                &mut fold.result,
            ] {
                visit(child);
            }
        }
        Expr::List(list) => list.elements.iter_mut().for_each(visit),
        Expr::Map(map) => map
            .entries
            .iter_mut()
            .for_each(|entry| each_of_entry(&mut entry.expr, visit)),
        Expr::Struct(fields) => {
            fields
                .entries
                .iter_mut()
                .for_each(|entry| each_of_entry(&mut entry.expr, visit));
        }
        Expr::Select(select) => visit(&mut select.operand),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}

fn each_of_entry(entry: &mut EntryExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&mut entry.key);
            visit(&mut entry.value);
        }
    }
}

/// The variables that an expression reads and does not bind itself.
pub(super) fn free_variables(expression: &IdedExpr) -> BTreeSet<String> {
    let mut search = Search::default();
    // Visiting is written once, for expressions that change; a copy is visited.
    search.visit(&mut expression.clone());
    search.found
}

#[derive(Default)]
struct Search {
    bound: Vec<String>,
    found: BTreeSet<String>,
}

/// Names that are types or the halves of function names, not variables.
const NAMES_OF_THE_LANGUAGE: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
    "optional_type",
    "cel",
    "optional",
    "lists",
    "math",
    "sets",
    "strings",
    "base64",
    "ip",
    "cidr",
    "format",
    "jsonpatch",
    "google",
    "regex",
    "semver",
];

impl Search {
    fn visit(&mut self, expression: &mut IdedExpr) {
        match &mut expression.expr {
            Expr::Ident(name) => {
                let is_bound = self.bound.contains(name);
                if !is_bound && !NAMES_OF_THE_LANGUAGE.contains(&name.as_str()) {
                    self.found.insert(name.clone());
                }
            }
            Expr::Comprehension(fold) => {
                let fold = fold.as_mut();
                self.visit(&mut fold.iter_range);
                self.visit(&mut fold.accu_init);
                let before = self.bound.len();
                self.bound.extend([fold.iter_var.clone(), fold.accu_var.clone()]);
                self.bound.extend(fold.iter_var2.clone());
                for inner in [&mut fold.loop_cond, &mut fold.loop_step, &mut fold.result] {
                    self.visit(inner);
                }
                self.bound.truncate(before);
            }
            other => each_child(other, &mut |child| self.visit(child)),
        }
    }
}

/// Calls `visit` for an expression and for every one in it.
pub(in crate::standalone::schema) fn each(expression: &IdedExpr, visit: &mut dyn FnMut(&IdedExpr)) {
    visit(expression);
    each_child(&mut expression.expr.clone(), &mut |child| each(child, visit));
}
