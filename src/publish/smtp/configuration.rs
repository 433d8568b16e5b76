//! What a ChannelConfig says of a letter, read once: nothing that a header could not hold gets this far.

use lettre::{Address, message::Mailbox};
use url::Url;

use crate::{
    api::{ListUnsubscribe, SmtpChannel},
    publish::SelectError,
};

/// Longest address of a List-Unsubscribe header: a line of a letter has at most 998 characters (RFC 5322 section 2.1.1).
const MAX_UNSUBSCRIBE: usize = 900;

/// Who writes to whom, and what stands on every letter.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) to: Vec<Mailbox>,
    /// The addresses of the List-Unsubscribe header, each in angle brackets.
    pub(super) unsubscribe: Vec<String>,
    /// True where one of them takes the POST of RFC 8058.
    pub(super) one_click: bool,
    pub(super) postal_address: Option<String>,
}

impl Addresses {
    pub(super) fn of(channel: &SmtpChannel) -> Result<Self, SelectError> {
        let reply_to = channel.reply_to.as_ref();
        let to = channel.to.iter().map(|text| mailbox("spec.smtp.to", text));
        let to: Vec<Mailbox> = to.collect::<Result<_, _>>()?;
        if to.is_empty() {
            return Err(SelectError::invalid("spec.smtp.to", "names nobody"));
        }
        Ok(Self {
            from: mailbox("spec.smtp.from", &channel.from)?,
            reply_to: reply_to
                .map(|text| mailbox("spec.smtp.replyTo", text))
                .transpose()?,
            to,
            unsubscribe: channel
                .list_unsubscribe
                .as_ref()
                .map_or(Ok(Vec::new()), unsubscribe)?,
            one_click: channel
                .list_unsubscribe
                .as_ref()
                .is_some_and(|unsubscribe| unsubscribe.url.is_some()),
            postal_address: channel.postal_address.as_deref().map(plain_lines).transpose()?,
        })
    }

    /// The domain of the sender.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }
}

fn mailbox(field: &str, text: &str) -> Result<Mailbox, SelectError> {
    let problem = "is no e-mail address such as Maya <news@example.com>";
    let invalid = || SelectError::invalid(field, format!("{problem}: {:?}", shortened(text)));
    if text.chars().any(char::is_control) {
        return Err(invalid());
    }
    let mailbox: Mailbox = text.trim().parse().map_err(|_| invalid())?;
    // An address beyond ASCII needs SMTPUTF8, which few servers that letters pass have.
    if !mailbox.email.to_string().is_ascii() {
        return Err(SelectError::invalid(
            field,
            format!("has letters beyond ASCII: write {:?} with xn--", shortened(text)),
        ));
    }
    Ok(mailbox)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The addresses in the order in which a reader's program tries them.
fn unsubscribe(channel: &ListUnsubscribe) -> Result<Vec<String>, SelectError> {
    let mut addresses = Vec::new();
    if let Some(text) = &channel.url {
        let field = "spec.smtp.listUnsubscribe.url";
        let url = text.parse::<Url>().ok();
        let url = url.filter(|url| url.scheme() == "https" && url.has_host());
        let url = url.ok_or_else(|| SelectError::invalid(field, "is no https address with a host"))?;
        addresses.push(in_brackets(field, url.as_str())?);
    }
    if let Some(text) = &channel.mailto {
        let field = "spec.smtp.listUnsubscribe.mailto";
        let address = text.parse::<Address>();
        let address = address.map_err(|_| SelectError::invalid(field, "is no e-mail address"))?;
        addresses.push(in_brackets(field, &format!("mailto:{address}"))?);
    }
    if addresses.is_empty() {
        return Err(SelectError::invalid(
            "spec.smtp.listUnsubscribe",
            "has neither url nor mailto",
        ));
    }
    Ok(addresses)
}

/// What stands in a header as it is: visible ASCII without the marks that end it.
fn in_brackets(field: &str, address: &str) -> Result<String, SelectError> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',');
    if address.len() > MAX_UNSUBSCRIBE || !address.chars().all(plain) {
        let problem =
            format!("has to be visible ASCII without < > and comma, at most {MAX_UNSUBSCRIBE} bytes");
        return Err(SelectError::invalid(field, problem));
    }
    Ok(format!("<{address}>"))
}

fn plain_lines(text: &str) -> Result<String, SelectError> {
    let odd = |c: char| c.is_control() && c != '\n';
    let text = text.trim().replace("\r\n", "\n");
    if text.is_empty() || text.chars().any(odd) {
        let problem = "is empty, or has characters that no address has";
        return Err(SelectError::invalid("spec.smtp.postalAddress", problem));
    }
    Ok(text)
}
