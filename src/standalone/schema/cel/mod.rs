//! Expressions in CEL: compiled once, evaluated within a bound.
//!
//! `cel` computes, `kube_cel` brings the functions of Kubernetes. What this adds: values with the types of a schema,
//! an upper bound of the work before it begins (the crates have none), `cel.bind`, and the real server's words.

mod bind;
mod bound;
pub(super) mod types;
mod value;

use std::collections::BTreeSet;

use kube_cel::KubeCelExt;
use kube_cel::cel::parser::Expression;
use kube_cel::cel::{Context, ExecutionError, Program, Value};

pub(super) use bind::each;
pub(super) use value::{escaped, map, of_any, of_node, of_resource, optional};

/// The most work that one expression may take, in steps: the real server's limit of one call.
const CALL_LIMIT: f64 = 1_000_000.0;

/// The most work that all the rules for one object may take: the real server's budget for a request.
pub(super) const BUDGET: f64 = 10_000_000.0;

/// The longest list that `lists.range` makes; the crate's own has no limit.
const RANGE_LIMIT: i64 = 100_000;

/// An expression that was found to be in order.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    expression: Expression,
    variables: BTreeSet<String>,
}

/// Why an evaluation gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// It would take more work than one expression may.
    CallLimit,
    /// It would take more work than is left of the budget.
    Budget,
    /// The expression does not fit the values.
    Evaluation(String),
}

impl Compiled {
    /// Reads an expression that may use these variables.
    ///
    /// # Errors
    /// What is wrong with it, as the real server begins to say it.
    pub(super) fn new(source: &str, allowed: &[&str]) -> Result<Self, String> {
        let program = Program::compile(source).map_err(|error| syntax_error(source, &error.to_string()))?;
        let expression = bind::expand(program.expression().clone());
        let variables = bind::free_variables(&expression);
        if let Some(unknown) = variables.iter().find(|name| !allowed.contains(&name.as_str())) {
            let what = format!("undeclared reference to '{unknown}' (in container '')");
            return Err(located(source, unknown, &what));
        }
        Ok(Self {
            expression,
            variables,
        })
    }

    pub(super) fn uses(&self, variable: &str) -> bool {
        self.variables.contains(variable)
    }

    pub(super) fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Evaluates the expression and takes its bound off the budget.
    ///
    /// # Errors
    /// Nothing was computed where the bound is too high.
    pub(super) fn evaluate(&self, variables: &[(&str, Value)], budget: &mut f64) -> Result<Value, Failure> {
        let cost = bound::of(&self.expression, variables);
        // What cannot be bounded is not a number.
        if cost.is_nan() || cost > CALL_LIMIT {
            return Err(Failure::CallLimit);
        }
        if cost > *budget {
            return Err(Failure::Budget);
        }
        *budget -= cost;
        FUNCTIONS
            .with(|functions| {
                let mut context = functions.new_inner_scope();
                for (name, value) in variables {
                    context.add_variable_from_value(*name, value.clone());
                }
                context.resolve(&self.expression)
            })
            .map_err(|error| Failure::Evaluation(words(&error)))
    }
}

thread_local! {
    // Some hundred functions: registered once for each thread, not for each object.
    static FUNCTIONS: Context<'static> = functions();
}

fn functions() -> Context<'static> {
    let mut context = Context::default().with_all();
    // The crate has no types as values: here they are their names.
    for name in [
        "bool",
        "bytes",
        "double",
        "int",
        "list",
        "map",
        "null_type",
        "string",
        "uint",
    ] {
        context.add_variable_from_value(name, name);
    }
    context.add_function("type", |value: Value| -> Result<Value, ExecutionError> {
        Ok(type_name(&value))
    });
    context.add_function("lists.range", |length: i64| -> Result<Value, ExecutionError> {
        if !(0..=RANGE_LIMIT).contains(&length) {
            let message = format!("range argument must be between 0 and {RANGE_LIMIT}");
            return Err(ExecutionError::function_error("lists.range", message));
        }
        Ok(Value::List(
            (0..length).map(Value::Int).collect::<Vec<_>>().into(),
        ))
    });
    context
}

fn type_name(value: &Value) -> Value {
    let name = match value {
        Value::Bool(_) => "bool",
        Value::Bytes(_) => "bytes",
        Value::Float(_) => "double",
        Value::Int(_) => "int",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Null => "null_type",
        Value::String(_) => "string",
        Value::UInt(_) => "uint",
        _ => "",
    };
    Value::from(name)
}

// The crate's words where they differ from those that people know.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::NoSuchOverload
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnsupportedUnaryOperator(..)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::NotSupportedAsMethod { .. }
        | ExecutionError::UnexpectedType { .. } => "no such overload".to_owned(),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::IndexOutOfBounds(Value::Int(index)) => format!("index out of bounds: {index}"),
        ExecutionError::UndeclaredReference(name) => format!("undeclared reference to '{name}'"),
        ExecutionError::FunctionError { message, .. } => message.clone(),
        other => first_line(&other.to_string()),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn syntax_error(source: &str, message: &str) -> String {
    let what = first_line(message);
    let what = what.strip_prefix("ERROR: ").unwrap_or(&what);
    match what.strip_prefix("<input>:") {
        Some(rest) => format!("compilation failed: ERROR: <input>:{rest}{}", drawn(source, rest)),
        None => located(source, "", &format!("Syntax error: {what}")),
    }
}

/// The line of a complaint that begins with `LINE:COLUMN:`, and an arrow to the column.
fn drawn(source: &str, complaint: &str) -> String {
    let mut place = complaint
        .splitn(3, ':')
        .map(|number| number.parse::<usize>().unwrap_or(1));
    let (line, column) = (place.next().unwrap_or(1), place.next().unwrap_or(1));
    let shown = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let dots = ".".repeat(column.saturating_sub(1).min(source.len()));
    format!("\n | {shown}\n | {dots}^")
}

/// A complaint about the first place where `name` stands, drawn as the real server draws it.
pub(super) fn located(source: &str, name: &str, what: &str) -> String {
    let column = source
        .find(name)
        .map_or(0, |offset| source.get(..offset).unwrap_or("").chars().count());
    let dots = ".".repeat(column);
    format!(
        "compilation failed: ERROR: <input>:1:{}: {what}\n | {}\n | {dots}^",
        column + 1,
        first_line(source)
    )
}
