//! A schema that was found to be in order, and what it does with objects.

use std::sync::Arc;

use serde_json::Value;

use super::checks::{self, Circumstances};
use super::correlation::Correlation;
use super::field_error::{ErrorKind, FieldError, Path};
use super::node::Node;
use super::prune::Pruning;
use super::{defaults, embedded, rules, validation};

/// The schema of one version of a kind, read and checked once.
///
/// Cheap to clone. Everything that it does is a function of its arguments.
#[derive(Debug, Clone)]
pub struct Structural {
    root: Arc<Node>,
}

/// What judging an object came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Objections; the object is refused if there are any.
    pub errors: Vec<FieldError>,
    /// Objections to what did not change: told to the client, but not held against the object.
    pub warnings: Vec<String>,
}

impl Structural {
    /// Reads the `openAPIV3Schema` of a definition with one version.
    ///
    /// # Errors
    /// Every objection of the real server, at paths below `spec.validation.openAPIV3Schema`, where it moves
    /// the schema of a definition with one version.
    pub fn parse(schema: &Value) -> Result<Self, Vec<FieldError>> {
        let spec = Path::Child(&Path::Root, "spec");
        let validation = spec.child("validation");
        Self::parse_at(schema, &validation.child("openAPIV3Schema"), false)
    }

    /// Reads an `openAPIV3Schema` that stands at `path`, for a version with or without a status subresource.
    ///
    /// # Errors
    /// Every objection of the real server, at paths below `path`.
    pub fn parse_at(
        schema: &Value,
        path: &Path<'_>,
        status_subresource: bool,
    ) -> Result<Self, Vec<FieldError>> {
        let mut root = Node::read(schema, path)?;
        let circumstances = Circumstances { status_subresource };
        let errors = checks::check(&root, path, circumstances);
        if !errors.is_empty() {
            return Err(errors);
        }
        rules::compile(&mut root, path)?;
        Ok(Self { root: Arc::new(root) })
    }

    /// Drops the fields of an object that the schema does not know.
    ///
    /// Returns a sentence for each, sorted: `unknown field "spec.x"`.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        Pruning::resource(object, &self.root)
    }

    /// Fills in the defaults, and drops nulls where no null may stand.
    pub fn default(&self, object: &mut Value) {
        defaults::fill(object, &self.root);
    }

    /// Judges a new object, or one that takes the place of `old`.
    ///
    /// The type and the metadata of the object itself are the registry's to judge. What is as it was in `old`
    /// is not objected to.
    pub fn validate(&self, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
        self.judge(new, old).errors
    }

    /// As [`Self::validate`], with the warnings about what did not change.
    pub fn judge(&self, new: &Value, old: Option<&Value>) -> Verdict {
        let correlation = old.map(|old| self.correlate(new, old));
        let mut errors = validation::check("", &self.root, new, correlation);
        embedded::check(&self.root, new, &mut errors);
        errors.extend(self.list_type_errors(new, old));
        self.with_rules(errors, new, old)
    }

    /// Judges an object of which only the status was to change.
    pub fn judge_status(&self, new: &Value, old: &Value) -> Verdict {
        let correlation = self.correlate(new, old).key("status");
        let mut errors = match (new.get("status"), self.root.properties.get("status")) {
            (Some(status), Some(node)) => validation::check("status", node, status, correlation),
            _ => Vec::new(),
        };
        errors.extend(self.list_type_errors(new, Some(old)));
        self.with_rules(errors, new, Some(old))
    }

    /// The resources inside of an object, each with its path: their metadata are the registry's to judge.
    pub fn embedded_resources(&self, object: &Value) -> Vec<(String, Value)> {
        embedded::resources(&self.root, object)
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    fn correlate<'a>(&'a self, new: &'a Value, old: &'a Value) -> Correlation<'a> {
        Correlation {
            new,
            old,
            node: &self.root,
        }
    }

    // A list that had an item twice before may keep doing so.
    fn list_type_errors(&self, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let check = |object| validation::check_list_types(&self.root, object, &Path::Root);
        let errors = check(new);
        let excused = !errors.is_empty() && old.is_some_and(|old| !check(old).is_empty());
        if excused { Vec::new() } else { errors }
    }

    // Rules are not asked about an object whose shape they could not rely on.
    fn with_rules(&self, mut errors: Vec<FieldError>, new: &Value, old: Option<&Value>) -> Verdict {
        if !self.root.has_rules {
            return Verdict {
                errors,
                warnings: Vec::new(),
            };
        }
        if errors.iter().any(blocks_rules) {
            let detail = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
            errors.push(FieldError::invalid(&Path::Root, Value::Null, detail));
            return Verdict {
                errors,
                warnings: Vec::new(),
            };
        }
        let asked = rules::evaluate(&self.root, new, old);
        errors.extend(asked.errors);
        Verdict { errors, ..asked }
    }
}

fn blocks_rules(error: &FieldError) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotSupported
            | ErrorKind::Required
            | ErrorKind::TooLong
            | ErrorKind::TooMany
            | ErrorKind::TypeInvalid
    )
}
