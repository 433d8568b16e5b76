//! Changes that clients send: JSON merge patch, JSON patch, strategic merge patch. Pure.
