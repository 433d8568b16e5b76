//! What a kind says of its objects: structural schemas, their defaults, pruning, validation and CEL rules. Pure.
