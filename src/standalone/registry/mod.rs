//! The rules of kinds: what creating, changing, deleting and watching an object means.
