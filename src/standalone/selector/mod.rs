//! Label and field selectors. Pure.
