//! The items of a post: its first, the rest of its thread, and its first comment; each fills a slot of its own.

use crate::api::AssetSpec;

/// The item that every post has.
pub const MAIN: &str = "main";
/// The comment under the first item.
pub const FIRST_COMMENT: &str = "first-comment";
/// What stands before the number of a thread's item.
const OF_THREAD: &str = "thread-";

/// The name of an item of a thread by its number, from 2: the first is [`MAIN`].
pub fn of_thread(number: usize) -> String {
    format!("{OF_THREAD}{number}")
}

/// The number of an item of a thread, from 2; none for other items.
pub fn number(item: &str) -> Option<usize> {
    let number = item.strip_prefix(OF_THREAD)?.parse().ok()?;
    // Written as we write it: thread-02 is no other name of thread-2.
    (number >= 2 && of_thread(number) == item).then_some(number)
}

/// The item that another one replies to; none for the first, and for what is no item of a post.
pub fn replies_to(item: &str) -> Option<String> {
    match number(item) {
        Some(2) => Some(MAIN.to_owned()),
        Some(number) => Some(of_thread(number - 1)),
        None => (item == FIRST_COMMENT).then(|| MAIN.to_owned()),
    }
}

/// True where the post of an asset has other items beside it.
pub fn is_of_several(spec: &AssetSpec) -> bool {
    spec.item != MAIN || !spec.content.thread.is_empty() || spec.content.first_comment.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_replies_to_the_one_before_and_the_first_to_none() {
        let of = |item: &str| replies_to(item);
        assert_eq!(of("main"), None);
        assert_eq!(of("thread-2").as_deref(), Some("main"));
        assert_eq!(of("thread-3").as_deref(), Some("thread-2"));
        assert_eq!(of("thread-10").as_deref(), Some("thread-9"));
        assert_eq!(of("first-comment").as_deref(), Some("main"));
    }

    #[test]
    fn what_is_no_item_replies_to_nothing() {
        for item in [
            "thread-1",
            "thread-0",
            "thread-02",
            "thread-",
            "thread--3",
            "thread-2x",
            "story",
        ] {
            assert_eq!(replies_to(item), None, "{item}");
        }
    }
}
