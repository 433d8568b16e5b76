//! What a table says of one field.

/// The fields of a message.
pub(super) type Fields = &'static [Field];

/// One field: its number, its name in JSON, what it holds.
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// What a field holds, and thereby when JSON leaves it out.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Left out if empty.
    Text,
    /// A pointer in Go: kept if empty.
    OptionalText,
    /// Left out if zero.
    Number,
    /// A pointer in Go: kept if zero.
    OptionalNumber,
    /// Left out if false.
    Truth,
    /// A pointer in Go, or without `omitempty`: kept if false.
    OptionalTruth,
    /// Seconds and nanoseconds, as an RFC 3339 instant of whole seconds; left out if zero.
    Time,
    /// The same with six digits of a second.
    MicroTime,
    /// JSON as it stands (`FieldsV1`).
    Json,
    /// Another message.
    Message(Fields),
    /// Texts, repeated.
    Texts,
    /// Messages, repeated.
    Messages(Fields),
    /// A map from text to text.
    TextMap,
    /// A map from text to bytes, base64 in JSON.
    BytesMap,
    /// A map from text to a message that is a list of texts.
    TextsMap,
}

pub(super) const fn field(number: u64, name: &'static str, shape: Shape) -> Field {
    Field { number, name, shape }
}
