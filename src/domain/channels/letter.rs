//! What may go out as a letter, the same for each of its readers.

use super::shape::Problem;
use crate::api::{AssetContent, AssetType};

/// Why something is no letter that every reader can be sent as it is written.
pub(super) fn problem(type_: AssetType, content: &AssetContent) -> Option<Problem> {
    let (code, what, help) = match type_ {
        AssetType::Page => (
            "NotALetter",
            "sends letters, and a page is stored",
            "Give it a channel that stores it.",
        ),
        AssetType::Template => (
            "SequenceNotSupported",
            "sends letters to a list, and an e-mail of a sequence goes to each reader in their own time",
            "Give it a channel that stores templates.",
        ),
        AssetType::Post | AssetType::Email if has_no_subject(content) => (
            "SubjectMissing",
            "sends letters, and there is no subject",
            "Give the row a title, or the issue a subject.",
        ),
        AssetType::Email => return personal(content),
        AssetType::Post => return None,
    };
    Some((code, what.to_owned(), help))
}

fn has_no_subject(content: &AssetContent) -> bool {
    let subject = content.subject.as_ref().or(content.title.as_ref());
    subject.is_none_or(|subject| subject.trim().is_empty())
}

/// Readers would see the braces.
fn personal(content: &AssetContent) -> Option<Problem> {
    let placeholder = placeholder(content)?;
    let shown: String = placeholder.chars().take(60).collect();
    let what = format!("fills nothing in for each reader, and there is {shown}");
    let help = "Take it out, give it a value in queues[].newsletters.variables, or give it a channel of a provider that \
                knows its readers.";
    Some(("PersonalisationNotFilled", what, help))
}

/// The first placeholder that is left in the words of an e-mail, braces included.
pub fn placeholder(content: &AssetContent) -> Option<&str> {
    let head = [&content.subject, &content.preview_text, &content.html];
    let head = head.into_iter().flatten().map(String::as_str);
    head.chain([content.text.as_str()]).find_map(|words| {
        let tail = words.get(words.find("{{")?..)?;
        let end = tail.find("}}")?;
        tail.get(..end + 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{Channel, ChannelConfigSpec},
        domain::channels::fitting,
    };

    fn code(type_: AssetType, change: impl Fn(&mut AssetContent)) -> &'static str {
        let spec: ChannelConfigSpec = serde_json::from_value(serde_json::json!({
            "platform": "newsletter", "account": "weekly",
            "smtp": {"host": "mail.example.com", "from": "a@example.com", "to": ["b@example.com"]},
        }))
        .unwrap();
        let channel = spec.channel().unwrap();
        assert!(matches!(channel, Channel::Smtp(_)));
        let mut content = AssetContent {
            text: "Hello".to_owned(),
            html: Some("<p style=\"a{b}\">Hello</p>".to_owned()),
            subject: Some("News".to_owned()),
            ..AssetContent::default()
        };
        change(&mut content);
        let fitted = fitting(channel).unwrap().fit(type_, &content);
        fitted.map_or_else(|misfit| misfit.code, |_| "fits")
    }

    #[test]
    fn an_issue_is_a_letter_and_a_template_or_page_never_is() {
        assert_eq!(code(AssetType::Email, |_| {}), "fits");
        assert_eq!(code(AssetType::Template, |_| {}), "SequenceNotSupported");
        assert_eq!(code(AssetType::Page, |_| {}), "NotALetter");
        assert_eq!(
            code(AssetType::Email, |content| content.subject = Some(" ".to_owned())),
            "SubjectMissing"
        );
    }

    #[test]
    fn what_only_a_provider_could_fill_in_is_never_sent_raw() {
        let words = "Hi {{first_name | there}}".to_owned();
        let raw = "PersonalisationNotFilled";
        for change in [
            |content: &mut AssetContent, words: String| content.subject = Some(words),
            |content: &mut AssetContent, words: String| content.preview_text = Some(words),
            |content: &mut AssetContent, words: String| content.html = Some(words),
            |content: &mut AssetContent, words: String| content.text = words,
        ] {
            let of = |type_| code(type_, |content| change(content, words.clone()));
            assert_eq!((of(AssetType::Email), of(AssetType::Post)), (raw, "fits"));
        }
    }

    #[test]
    fn a_post_is_a_letter_where_it_has_a_title() {
        let titled = |content: &mut AssetContent| {
            content.subject = None;
            content.title = Some("A title".to_owned());
        };
        assert_eq!(code(AssetType::Post, titled), "fits");
        assert_eq!(
            code(AssetType::Post, |content| content.subject = None),
            "SubjectMissing"
        );
    }
}
