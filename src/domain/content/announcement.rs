//! Copy that promises more than one item.

/// Platforms on which a post can be the first of a thread.
const THREADED: [&str; 4] = ["x", "threads", "bluesky", "mastodon"];
/// Words that announce a thread when copy begins with them.
const OPENINGS: [&str; 2] = ["thread", "שרשור"];
/// Words that announce a thread wherever they stand.
const ANNOUNCEMENTS: [&str; 9] = [
    "🧵",
    "a thread:",
    "(thread)",
    "(a thread)",
    "thread below",
    "thread 👇",
    "שרשור:",
    "(שרשור)",
    "שרשור 👇",
];

/// True where copy on a platform with threads announces one: `Thread: ...`, `1/7`, a reel of thread.
pub fn announces_thread(platform: &str, copy: &str) -> bool {
    if !THREADED.contains(&platform) {
        return false;
    }
    let copy = copy.trim().to_lowercase();
    let opens = OPENINGS.iter().any(|opening| {
        copy.strip_prefix(opening)
            .is_some_and(|rest| !rest.trim_start().starts_with(char::is_alphanumeric))
    });
    opens || ANNOUNCEMENTS.iter().any(|words| copy.contains(words)) || is_numbered(&copy)
}

/// True for copy that begins with its place in a row of items: `1/7`, `1/`, `(1/7)`.
fn is_numbered(copy: &str) -> bool {
    let copy = copy.trim_start_matches('(');
    let Some(rest) = copy.strip_prefix("1/") else {
        return false;
    };
    let after = rest.trim_start_matches(|one: char| one.is_ascii_digit());
    rest.len() - after.len() <= 2 && !after.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_announced_in_english_and_hebrew() {
        for copy in [
            "Thread: 7 mistakes",
            "THREAD 🧵 7 mistakes",
            "7 mistakes, a thread:",
            "1/7 The first mistake",
            "(1/7) The first mistake",
            "1/ The first mistake",
            "שרשור: שבע טעויות",
            "שבע טעויות (שרשור)",
        ] {
            assert!(announces_thread("x", copy), "{copy}");
        }
    }

    #[test]
    fn words_about_threads_announce_none() {
        for copy in [
            "Thread count matters",
            "Threads are long",
            "1/2/2026 was a Thursday",
            "שרשורים ארוכים",
        ] {
            assert!(!announces_thread("x", copy), "{copy}");
        }
        assert!(!announces_thread("linkedin", "Thread: 7 mistakes"));
    }
}
