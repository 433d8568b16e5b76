//! The status words: what the team wants, never what happened.

use crate::api::Intent;

/// What a status word wants; case and spaces are ignored, and no word at all is a draft.
///
/// # Errors
/// A word that can be read in more than one way: the words to use instead.
pub fn intent(words: &str) -> Result<Intent, &'static str> {
    let word: String = words.split_whitespace().collect::<String>().to_lowercase();
    match word.as_str() {
        "approved" => Ok(Intent::Approved),
        "pending" => Ok(Intent::Pending),
        "draft" | "" => Ok(Intent::Draft),
        "skip" => Ok(Intent::Skip),
        "posted" => Ok(Intent::Posted),
        "scheduled" | "queued" => Err(
            "Write approved if Campanile is to publish it, posted if it is out already, skip if another tool \
             publishes it.",
        ),
        "failed" | "error" => {
            Err("Write approved to have it published, skip to leave it; what happened stands in the Receipt.")
        }
        "published" | "live" | "sent" | "done" => Err("Write posted if it was published by hand."),
        "ready" | "ok" | "yes" | "approve" => {
            Err("Write approved if it may go, pending if it is ready for review.")
        }
        _ => Err("Write approved, pending, draft, skip or posted."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_words_say_what_is_wanted_whatever_their_case_and_spaces() {
        for (words, wanted) in [
            (" Approved ", Intent::Approved),
            ("PENDING", Intent::Pending),
            ("draft", Intent::Draft),
            ("  ", Intent::Draft),
            ("s kip", Intent::Skip),
            ("Posted", Intent::Posted),
        ] {
            assert_eq!(intent(words), Ok(wanted), "{words:?}");
        }
    }

    #[test]
    fn words_of_other_tools_are_answered_with_ours() {
        assert!(
            intent("Scheduled")
                .unwrap_err()
                .contains("posted if it is out already")
        );
        assert!(intent("failed").unwrap_err().contains("Receipt"));
        assert!(intent("published").unwrap_err().contains("posted"));
        assert!(
            intent("aproved")
                .unwrap_err()
                .contains("approved, pending, draft")
        );
    }
}
