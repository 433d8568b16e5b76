//! PolicyPack: guard rules as data, with their own test cases.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::{AssetType, Condition, PolicyTest, RuleKind, Severity};

/// Rules that every post has to pass before it may go out, as data, with their own test cases.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "PolicyPack",
    plural = "policypacks",
    shortname = "pack",
    category = "campanile",
    namespaced,
    status = "PolicyPackStatus",
    derive = "PartialEq",
    doc = "Rules that every post has to pass before it may go out, as data, with their own test cases.",
    validation = Rule::new("size(self.metadata.name) <= 63").message("the name of a PolicyPack has at most 63 characters"),
    printcolumn(name = "RULES", type_ = "integer", json_path = ".status.counts.rules", description = "All rules of the pack"),
    printcolumn(name = "ENFORCED", type_ = "integer", json_path = ".status.counts.enforced", description = "Rules that stop what fails them"),
    printcolumn(name = "AUDIT", type_ = "integer", json_path = ".status.counts.audit", description = "Rules that only say what they would have stopped"),
    printcolumn(name = "TESTS", type_ = "string", json_path = ".status.testsPassed", description = "How many of its own tests pass"),
    printcolumn(name = "READY", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether campaigns may rely on it"),
    printcolumn(name = "REASON", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "DIGEST", type_ = "string", json_path = ".status.digest", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPackSpec {
    /// What the pack is for, for people who read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub description: String,
    /// The rules. All of them are applied to everything that they select.
    #[schemars(length(min = 1, max = 100), transform = a_map_of_names)]
    pub rules: Vec<PolicyRule>,
    /// Rules for one language: they take the place of rules of the same name there, or add to them. A new language is data alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub overlays: Vec<LocaleOverlay>,
    /// Test cases of the pack itself: a pack with a failing test is not Ready, and what relies on it waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub tests: Vec<PolicyTest>,
}

/// Rules for one language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocaleOverlay {
    /// The language, as a BCP 47 tag; he holds for he-IL too. Where two overlays fit, the longer tag counts.
    #[schemars(length(min = 2, max = 35))]
    pub locale: String,
    /// The rules, whole: one that bears the name of a rule of the pack takes its place in this language.
    #[schemars(length(min = 1, max = 50), transform = a_map_of_names)]
    pub rules: Vec<PolicyRule>,
}

/// One rule: a name, and exactly one member that says of which kind it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("[has(self.bannedPhrases), has(self.requiredText), has(self.substitution), has(self.regex), has(self.occurrence), has(self.conditional), has(self.readability), has(self.length), has(self.hashtags), has(self.altText), has(self.utm), has(self.links), has(self.callToAction), has(self.seo), has(self.accessibility), has(self.glossary), has(self.localeQuality), has(self.numericClaims), has(self.emailCompliance), has(self.aiDisclosure), has(self.secretLeak), has(self.promptLeak), has(self.duplicate), has(self.sensitivity), has(self.cel)].filter(kind, kind).size() == 1").message("a rule has exactly one kind: bannedPhrases, requiredText, substitution, regex, occurrence, conditional, readability, length, hashtags, altText, utm, links, callToAction, seo, accessibility, glossary, localeQuality, numericClaims, emailCompliance, aiDisclosure, secretLeak, promptLeak, duplicate, sensitivity or cel")
)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    /// The name of the rule, as findings show it.
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    )]
    pub name: String,
    /// Error stops what fails; Warning is only said.
    #[serde(default = "error")]
    pub severity: Severity,
    /// Enforce stops; Audit says what the rule would have stopped, to try a rule out.
    #[serde(default)]
    pub mode: RuleMode,
    /// What happens to what fails. Left out: BlockAsset, and RequireApproval for a rule of kind sensitivity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RuleAction>,
    /// What happens where the rule cannot tell, because a link was not looked at or a number has no evidence. Left out: the same as action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_inconclusive: Option<RuleAction>,
    /// A sentence of yours that every finding of this rule says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub message: String,
    /// What the rule looks at; everything if left out.
    #[serde(default, skip_serializing_if = "RuleSelector::is_everything")]
    pub selector: RuleSelector,
    /// The kind of the rule: exactly one of these members.
    #[serde(flatten)]
    pub kind: RuleKind,
}

/// What a rule looks at: every list that is not empty has to name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleSelector {
    /// Platforms, as the sheet writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 63)))]
    pub platforms: Vec<String>,
    /// Accounts, as the sheet writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 128)))]
    pub accounts: Vec<String>,
    /// Posts, e-mails, templates or pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub types: Vec<AssetType>,
    /// Languages, as BCP 47 tags; he holds for he-IL too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 2, max = 35)))]
    pub locales: Vec<String>,
}

impl RuleSelector {
    /// True where nothing narrows it.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a rule stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum RuleMode {
    /// It says what it would have stopped.
    Audit,
    /// It stops.
    #[default]
    Enforce,
}

/// What happens to what fails a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum RuleAction {
    /// A person has to approve it, whatever the mode of approval.
    RequireApproval,
    /// It is not sent; everything else goes on.
    #[default]
    BlockAsset,
    /// It is not sent, and the campaign stops on that channel until a person resumes it.
    HaltChannel,
    /// It is not sent, and the whole campaign stops until a person resumes it.
    HaltCampaign,
}

/// How a pack stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPackStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the pack, since when, and why.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// Digest of the rules: verdicts are remembered under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// How many rules it has, and of which mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<PolicyPackCounts>,
    /// How many of its tests pass, such as 12/12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub tests_passed: Option<String>,
    /// Tests that fail, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub failed_tests: Vec<FailedTest>,
}

/// How many rules a pack has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPackCounts {
    /// All of them, those of the overlays too.
    pub rules: u32,
    /// Those that stop what fails them.
    pub enforced: u32,
    /// Those that only say what they would have stopped.
    pub audit: u32,
    /// Test cases.
    pub tests: u32,
}

/// A test of a pack that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedTest {
    /// Name of the test.
    #[schemars(length(max = 256))]
    pub name: String,
    /// What was expected and what came out.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// A list in which every name stands once, for the API server and for those who patch it.
fn a_map_of_names(schema: &mut Schema) {
    schema.insert("x-kubernetes-list-type".to_owned(), "map".into());
    schema.insert(
        "x-kubernetes-list-map-keys".to_owned(),
        serde_json::json!(["name"]),
    );
}

fn error() -> Severity {
    Severity::Error
}
