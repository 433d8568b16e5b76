//! The words of a language that make a number a claim, or keep it from being one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The words of one language that make a number a claim, or keep it from being one. Words are compared in lower case; an entry may have up to four words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimLanguage {
    /// The language, as a BCP 47 tag.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// True where decimals have a comma and thousands a point.
    #[serde(default)]
    pub decimal_comma: bool,
    /// Letters that are written together with the word after them, such as the Hebrew ל.
    #[serde(default)]
    #[schemars(length(max = 32), inner(length(max = 8)))]
    pub prefixes: Vec<String>,
    /// Numbers: seven is 7.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 500))]
    pub numbers: BTreeMap<String, i64>,
    /// What multiplies the number before it: thousand is 1000.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100))]
    pub magnitudes: BTreeMap<String, i64>,
    /// Vague amounts that count something: thousands is 1000.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100))]
    pub vague: BTreeMap<String, i64>,
    /// Parts of a whole: half is 1/2.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100, "additionalProperties" = short_text()))]
    pub fractions: BTreeMap<String, String>,
    /// Multiples as one word: twice is 2, threefold is 3.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100, "additionalProperties" = short_text()))]
    pub multiples: BTreeMap<String, String>,
    /// Verbs that multiply: doubles is 2, halves is 1/2.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100, "additionalProperties" = short_text()))]
    pub multiplies: BTreeMap<String, String>,
    /// Currencies by their ISO 4217 code: dollars is USD.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100, "additionalProperties" = short_text()))]
    pub currencies: BTreeMap<String, String>,
    /// Units of time.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 200))]
    pub durations: BTreeMap<String, ClaimTime>,
    /// Everything else, by what it does.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub words: Vec<ClaimWords>,
    /// Expressions with a number that claim nothing, written out: 100% free.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(max = 64)))]
    pub idioms: Vec<String>,
}

/// Words that do the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimWords {
    /// What they do.
    pub role: ClaimRole,
    /// The words.
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 64)))]
    pub words: Vec<String>,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ClaimTime {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What a word does to a number near it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ClaimRole {
    /// Percent.
    Percent,
    /// Percentage points.
    Points,
    /// A multiple, where a comparison follows: times.
    Times,
    /// A multiple by itself: x, fold.
    Fold,
    /// A multiple of the number after it.
    MultipliedBy,
    /// A comparison: more, higher, as many.
    Comparative,
    /// A comparison of times: faster, sooner.
    Faster,
    /// Between a part and its whole: out of, of every.
    OutOf,
    /// Between a part and a noun: of.
    Of,
    /// Before an amount of time, or between a part and its whole: in, within.
    In,
    /// How often: per, weekly.
    Per,
    /// People and results that are counted: customers, interviews.
    Counted,
    /// Pieces of the text itself and of the work: mistakes, steps, bullets.
    Piece,
    /// Measures of a text or a file: words, pages, pixels.
    Size,
    /// About an amount: over, nearly.
    About,
    /// An average or another figure that was measured.
    Measured,
    /// What a reader is about to do or have: your, next, first.
    Planned,
    /// Tells the reader what to do: rewrite, add.
    Instruction,
    /// Begins a supposition: if, imagine.
    Supposed,
    /// Begins an example of words: such as, becomes.
    Example,
    /// Spares something: saves, cut.
    Saves,
    /// A result that is promised: hired, results.
    Outcome,
    /// Opens a line about the time before: without, before.
    Before,
    /// Opens a line about the time after: with, after.
    After,
    /// In a sentence, the time before: used to, by hand.
    Formerly,
    /// In a sentence, the time after: now, today.
    Now,
    /// Sets one amount against another: instead of, versus.
    Instead,
    /// Before the amount that is denied: not.
    Not,
    /// Begins a change: from.
    From,
    /// Ends a change: to.
    To,
    /// One, before a unit or a magnitude: a, an.
    One,
    /// Joins the words of one number: and.
    And,
    /// Before what is multiplied: your, the.
    Determiner,
    /// Before a number that is a name: step, version, day.
    Name,
    /// A part of a whole only after a number: third, fifth.
    Ordinal,
}

/// The schema of a number that is written out, such as 1/2.
fn short_text() -> serde_json::Value {
    serde_json::json!({"type": "string", "maxLength": 64})
}
