//! What the query of a request, or the body of a deletion, may ask for.

use serde_json::{Value, json};

use crate::standalone::status::{Cause, Refusal, Subject};

/// The decoded pairs of a query, in their order.
pub type Query<'a> = &'a [(String, String)];

/// What happens to fields that the kind does not know, and to keys that stand twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// They are dropped in silence.
    Ignore,
    /// They are dropped with a warning each.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// What a create, update or patch may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Everything but the write itself.
    pub dry_run: bool,
    /// Who manages the written fields; checked and otherwise unused, for managedFields are not kept.
    pub field_manager: String,
    /// What happens to unknown fields.
    pub field_validation: FieldValidation,
    /// `force` of a patch, legal only for apply.
    pub force: bool,
}

/// How dependants fare when their owner goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They stay, without the owner's reference.
    Orphan,
    /// They go after the owner.
    Background,
    /// They go before the owner.
    Foreground,
}

/// What a deletion may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Everything but the deletion itself.
    pub dry_run: bool,
    /// Checked and otherwise unused: no served kind ends gracefully.
    pub grace_period_seconds: Option<i64>,
    /// How dependants fare.
    pub propagation: Option<Propagation>,
    /// The old form of `propagation`; false also asks for the code 202 when the object still stands.
    pub orphan_dependents: Option<bool>,
    /// Only the object with this uid.
    pub uid: Option<String>,
    /// Only the object at this version.
    pub resource_version: Option<String>,
}

/// How exact the version of a list is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionMatch {
    /// As it was at this version.
    Exact,
    /// As it is, and not older than this version.
    NotOlderThan,
}

/// What a list or a watch may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// Frames instead of a list.
    pub watch: bool,
    /// The label selector, unread.
    pub label_selector: String,
    /// The field selector, unread.
    pub field_selector: String,
    /// The version; empty for the newest.
    pub resource_version: String,
    /// How the version is meant.
    pub version_match: Option<VersionMatch>,
    /// The size of a page; 0 for all at once.
    pub limit: u64,
    /// The token of the page.
    pub continue_token: String,
    /// Frames that tell how far the watch is.
    pub bookmarks: bool,
    /// A watch begins with the objects that stand, closed by a bookmark.
    pub send_initial_events: Option<bool>,
    /// When a watch ends; who serves it keeps to it.
    pub timeout_seconds: Option<u64>,
}

fn first<'a>(query: Query<'a>, key: &str) -> Option<&'a str> {
    let pair = query.iter().find(|(name, _)| name == key)?;
    Some(pair.1.as_str())
}

fn all<'a>(query: Query<'a>, key: &str) -> Vec<&'a str> {
    let pairs = query.iter().filter(|(name, _)| name == key);
    pairs.map(|(_, value)| value.as_str()).collect()
}

/// The truth of a query's word: everything but `0` and `false` is true, the empty word too.
fn boolean(query: Query<'_>, key: &str) -> Option<bool> {
    first(query, key).map(|word| word != "0" && !word.eq_ignore_ascii_case("false"))
}

fn integer(query: Query<'_>, key: &str) -> Result<Option<i64>, Refusal> {
    let Some(word) = first(query, key) else {
        return Ok(None);
    };
    let number = word.parse().map_err(|_| {
        let why = match word.trim_start_matches(['+', '-']) {
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                "value out of range"
            }
            _ => "invalid syntax",
        };
        Refusal::bad_request(format!("strconv.ParseInt: parsing {word:?}: {why}"))
    })?;
    Ok(Some(number))
}

fn refused(kind: &str, causes: Vec<Cause>) -> Result<(), Refusal> {
    let subject = Subject {
        group: "meta.k8s.io",
        kind,
    };
    if causes.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid(subject, "", causes))
}

fn dry_run_findings(values: &[&str]) -> Vec<Cause> {
    if values.iter().all(|value| *value == "All") {
        return Vec::new();
    }
    vec![Cause::not_supported("dryRun", &json!(values), &["All"])]
}

impl WriteOptions {
    /// The options of a create or an update; `kind` is `CreateOptions` or `UpdateOptions`.
    ///
    /// # Errors
    ///
    /// 422 for words outside an enumeration and for an unprintable or long field manager.
    pub fn of(query: Query<'_>, kind: &str) -> Result<Self, Refusal> {
        let (options, findings) = Self::read(query);
        refused(kind, findings)?;
        Ok(options)
    }

    /// The options of a patch.
    ///
    /// # Errors
    ///
    /// As [`Self::of`]; 422 also for `force` on a patch that is no apply, and for an apply without a field manager.
    pub fn of_patch(query: Query<'_>, apply: bool) -> Result<Self, Refusal> {
        let (options, mut findings) = Self::read(query);
        if apply && options.field_manager.is_empty() {
            let finding = Cause::required("fieldManager", "is required for apply patch");
            findings.insert(0, finding);
        }
        if !apply && boolean(query, "force").is_some() {
            let finding = Cause::forbidden("force", "may not be specified for non-apply patch");
            findings.insert(0, finding);
        }
        refused("PatchOptions", findings)?;
        Ok(options)
    }

    fn read(query: Query<'_>) -> (Self, Vec<Cause>) {
        let dry_run = all(query, "dryRun");
        let field_manager = first(query, "fieldManager").unwrap_or_default().to_owned();
        let mut findings = field_manager_findings(&field_manager);
        findings.extend(dry_run_findings(&dry_run));
        let word = first(query, "fieldValidation").unwrap_or_default();
        let field_validation = match word {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            _ => {
                let known = ["", "Ignore", "Strict", "Warn"];
                let finding = Cause::not_supported("fieldValidation", &json!(word), &known);
                findings.push(finding);
                FieldValidation::Warn
            }
        };
        let options = Self {
            dry_run: !dry_run.is_empty(),
            field_manager,
            field_validation,
            force: boolean(query, "force").unwrap_or_default(),
        };
        (options, findings)
    }
}

/// The longest name of a field manager, in bytes; from the API machinery's validation.
const FIELD_MANAGER_LIMIT: usize = 128;

fn field_manager_findings(manager: &str) -> Vec<Cause> {
    let mut findings = Vec::new();
    if manager.len() > FIELD_MANAGER_LIMIT {
        findings.push(Cause::too_long("fieldManager", FIELD_MANAGER_LIMIT));
    }
    for (position, letter) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        let code = u32::from(letter);
        let detail = format!("invalid character U+{code:04X} (at position {position})");
        findings.push(Cause::invalid("fieldManager", &json!(manager), &detail));
    }
    findings
}

impl DeleteOptions {
    /// The options of a deletion: the body if there is one, else the query.
    ///
    /// # Errors
    ///
    /// 400 for a body that holds no DeleteOptions, 422 for words outside an enumeration.
    pub fn of(query: Query<'_>, body: Option<&Value>) -> Result<Self, Refusal> {
        let raw = match body {
            Some(body) => Raw::of_body(body)?,
            None => Raw::of_query(query)?,
        };
        raw.checked()
    }
}

/// A deletion's options before they are checked.
#[derive(Default)]
struct Raw {
    dry_run: Vec<String>,
    grace_period_seconds: Option<i64>,
    propagation: Option<String>,
    orphan_dependents: Option<bool>,
    uid: Option<String>,
    resource_version: Option<String>,
}

impl Raw {
    fn of_query(query: Query<'_>) -> Result<Self, Refusal> {
        let dry_run = all(query, "dryRun").into_iter().map(str::to_owned);
        let condition = |name| {
            first(query, name)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        Ok(Self {
            dry_run: dry_run.collect(),
            grace_period_seconds: integer(query, "gracePeriodSeconds")?,
            propagation: first(query, "propagationPolicy").map(str::to_owned),
            orphan_dependents: boolean(query, "orphanDependents"),
            uid: condition("uid"),
            resource_version: condition("resourceVersion"),
        })
    }

    fn of_body(body: &Value) -> Result<Self, Refusal> {
        let kind = body.get("kind").and_then(Value::as_str).unwrap_or_default();
        if !body.is_object() {
            let sentence = "decoded object cannot be converted to DeleteOptions";
            return Err(Refusal::bad_request(sentence));
        }
        if !matches!(kind, "" | "DeleteOptions") {
            let version = body.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            return Err(Refusal::bad_request(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
            )));
        }
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let dry_run = body.get("dryRun").and_then(Value::as_array);
        let words = dry_run.into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            dry_run: words.map(str::to_owned).collect(),
            grace_period_seconds: body.get("gracePeriodSeconds").and_then(Value::as_i64),
            propagation: text("/propagationPolicy"),
            orphan_dependents: body.get("orphanDependents").and_then(Value::as_bool),
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
        })
    }

    fn checked(self) -> Result<DeleteOptions, Refusal> {
        let mut findings = Vec::new();
        if let (Some(_), Some(word)) = (self.orphan_dependents, &self.propagation) {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            findings.push(Cause::invalid("propagationPolicy", &json!(word), detail));
        }
        let propagation = match self.propagation.as_deref() {
            None => None,
            Some("Orphan") => Some(Propagation::Orphan),
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some(word) => {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                findings.push(Cause::not_supported("propagationPolicy", &json!(word), &known));
                None
            }
        };
        let dry_run: Vec<&str> = self.dry_run.iter().map(String::as_str).collect();
        findings.extend(dry_run_findings(&dry_run));
        refused("DeleteOptions", findings)?;
        Ok(DeleteOptions {
            dry_run: !self.dry_run.is_empty(),
            grace_period_seconds: self.grace_period_seconds,
            propagation,
            orphan_dependents: self.orphan_dependents,
            uid: self.uid,
            resource_version: self.resource_version,
        })
    }
}

impl ListOptions {
    /// The options of a list or a watch; also of the list behind a deletecollection.
    ///
    /// # Errors
    ///
    /// 400 for numbers that are none, 422 for combinations that mean nothing.
    pub fn of(query: Query<'_>) -> Result<Self, Refusal> {
        let text = |key: &str| first(query, key).unwrap_or_default().to_owned();
        let word = text("resourceVersionMatch");
        let watch = boolean(query, "watch").unwrap_or_default();
        let mut options = Self {
            watch,
            label_selector: text("labelSelector"),
            field_selector: text("fieldSelector"),
            resource_version: text("resourceVersion"),
            version_match: match word.as_str() {
                "Exact" => Some(VersionMatch::Exact),
                "NotOlderThan" => Some(VersionMatch::NotOlderThan),
                _ => None,
            },
            limit: unsigned(integer(query, "limit")?).unwrap_or_default(),
            continue_token: text("continue"),
            bookmarks: boolean(query, "allowWatchBookmarks").unwrap_or_default(),
            send_initial_events: boolean(query, "sendInitialEvents"),
            timeout_seconds: unsigned(integer(query, "timeoutSeconds")?),
        };
        options.assume_initial_events();
        let findings = if watch {
            options.watch_findings(&word)
        } else {
            options.list_findings(&word)
        };
        refused("ListOptions", findings)?;
        Ok(options)
    }

    /// The old form of a watch from nothing means: initial events, and bookmarks do not matter.
    fn assume_initial_events(&mut self) {
        let old = self.watch && self.send_initial_events.is_none() && self.version_match.is_none();
        if old && matches!(self.resource_version.as_str(), "" | "0") {
            self.send_initial_events = Some(true);
            self.version_match = Some(VersionMatch::NotOlderThan);
        }
    }

    fn list_findings(&self, word: &str) -> Vec<Cause> {
        const FIELD: &str = "resourceVersionMatch";
        let mut findings = Vec::new();
        let mut forbid = |applies: bool, detail: &str| {
            if applies {
                findings.push(Cause::forbidden(FIELD, detail));
            }
        };
        let given = !word.is_empty();
        forbid(
            given && self.resource_version.is_empty(),
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        );
        forbid(
            given && !self.continue_token.is_empty(),
            "resourceVersionMatch is forbidden when continue is provided",
        );
        if given && self.version_match.is_none() {
            let known = ["Exact", "NotOlderThan", ""];
            findings.push(Cause::not_supported(FIELD, &json!(word), &known));
        }
        if self.version_match == Some(VersionMatch::Exact) && self.resource_version == "0" {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            findings.push(Cause::forbidden(FIELD, detail));
        }
        if self.send_initial_events.is_some() {
            let detail = "sendInitialEvents is forbidden for list";
            findings.push(Cause::forbidden("sendInitialEvents", detail));
        }
        findings
    }

    fn watch_findings(&self, word: &str) -> Vec<Cause> {
        const FIELD: &str = "resourceVersionMatch";
        let mut findings = Vec::new();
        let newer = self.version_match == Some(VersionMatch::NotOlderThan);
        if self.send_initial_events.is_some() && !newer {
            let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            findings.push(Cause::forbidden(FIELD, detail));
        }
        if word.is_empty() {
            return findings;
        }
        if self.send_initial_events.is_none() {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            findings.push(Cause::forbidden(FIELD, detail));
        }
        if !newer {
            findings.push(Cause::not_supported(FIELD, &json!(word), &["NotOlderThan"]));
        }
        if !self.continue_token.is_empty() {
            let detail = "resourceVersionMatch is forbidden when continue is provided";
            findings.push(Cause::forbidden(FIELD, detail));
        }
        findings
    }
}

/// Negative limits and time-outs mean none.
fn unsigned(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}
