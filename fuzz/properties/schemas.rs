//! What holds for every schema and every object.

use campanile::standalone::schema::Structural;
use serde_json::Value;

/// The bytes are JSON: a schema, an object, and perhaps the object before it.
pub fn crd_schema(bytes: &[u8]) {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let (Some(Ok(schema)), Some(Ok(mut object))) = (values.next(), values.next()) else {
        return;
    };
    let old = values.next().and_then(Result::ok);
    let Ok(schema) = Structural::parse(&schema) else {
        return;
    };
    schema.prune(&mut object);
    let pruned = object.clone();
    assert!(schema.prune(&mut object).is_empty());
    assert_eq!(object, pruned, "pruning twice is pruning once");
    schema.default(&mut object);
    let filled = object.clone();
    schema.default(&mut object);
    assert_eq!(object, filled, "defaults fill once");
    for error in schema.validate(&object, old.as_ref()) {
        assert!(!error.to_string().is_empty());
    }
}
