//! Which addresses a page may hold.

/// The scheme of an address as a browser reads it, in lower case; none for a relative one.
pub(super) fn scheme(address: &str) -> Option<String> {
    // Browsers leave out tabs, line breaks, and leading spaces and controls.
    let plain: String = address.chars().filter(|one| *one > ' ').take(64).collect();
    let (scheme, _) = plain.split_once(':')?;
    let letters = scheme
        .chars()
        .all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.'));
    letters.then(|| scheme.to_ascii_lowercase())
}

/// Pictures come over https, or stand beside the page.
pub(super) fn is_picture(address: &str) -> bool {
    // Two slashes would name a host, over whatever scheme the page came.
    let plain: String = address.chars().filter(|one| *one > ' ').take(2).collect();
    let names_host = plain.len() == 2 && plain.chars().all(|one| matches!(one, '/' | '\\'));
    match scheme(address) {
        None => !names_host,
        Some(scheme) => scheme == "https",
    }
}

/// Links lead to the web, to a mailbox, to a telephone, or beside the page.
pub(super) fn is_link(address: &str) -> bool {
    scheme(address).is_none_or(|scheme| ["https", "http", "mailto", "tel"].contains(&scheme.as_str()))
}
