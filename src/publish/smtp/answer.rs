//! What the answers of a mail server mean (RFC 5321 section 4.2), by what they answer.

use std::time::Duration;

use lettre::{Address, transport::smtp::Error};

use crate::publish::{Outcome, PublishError, said::Redaction};

/// When a server that says "later" is asked again; mail servers do so after some minutes.
const LATER: Duration = Duration::from_mins(10);

/// What a server was told when it answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// That we are there.
    Greeting,
    /// That the connection is to be encrypted.
    Encryption,
    /// Who we are.
    Login,
    /// Who writes.
    Sender,
    /// To whom.
    Recipient(&'a Address),
    /// That a letter follows.
    Data,
    /// The letter with its end.
    Letter,
}

impl Step<'_> {
    /// What a "no" for good means: for the account and the server, or for this letter.
    fn refusal(self) -> (Outcome, &'static str) {
        match self {
            Self::Greeting => (Outcome::Refused, "ServerRefused"),
            Self::Encryption => (Outcome::Refused, "TlsRefused"),
            Self::Login => (Outcome::Refused, "CredentialsRefused"),
            Self::Sender => (Outcome::Refused, "SenderRefused"),
            Self::Recipient(_) => (Outcome::Rejected, "RecipientRefused"),
            Self::Data | Self::Letter => (Outcome::Rejected, "LetterRefused"),
        }
    }

    fn told(self) -> String {
        match self {
            Self::Greeting => "the server greeted us".to_owned(),
            Self::Encryption => "the server answered STARTTLS".to_owned(),
            Self::Login => "the server answered the login".to_owned(),
            Self::Sender => "the server answered the sender's address".to_owned(),
            Self::Recipient(address) => format!("the server answered the address {address}"),
            Self::Data => "the server answered DATA".to_owned(),
            Self::Letter => "the server answered the letter".to_owned(),
        }
    }
}

/// What a failure before the end of the letter means, or an answer at any time.
///
/// 4xx asks to come back, 5xx says no; 552 says no to the letter, whatever was told. Without an answer nothing was sent.
pub(super) fn meaning(step: Step<'_>, error: &Error, redaction: &Redaction) -> PublishError {
    let said = redaction.quote(error.to_string().as_bytes());
    let message = format!("{} with an error{said}", step.told());
    let Some(code) = error.status() else {
        return PublishError::not_sent("NotTaken", message);
    };
    let number: u16 = code.into();
    let (outcome, reason) = match number {
        552 => (Outcome::Rejected, "LetterTooLarge"),
        500..=599 => step.refusal(),
        _ => {
            let retry_after = Some(LATER);
            (Outcome::NotSent { retry_after }, "AskedToComeLater")
        }
    };
    PublishError::new(outcome, reason, message)
}

/// An answer that is neither yes nor no.
pub(super) fn unexpected() -> PublishError {
    PublishError::unknown(
        "UnexpectedAnswer",
        "the server answered the letter with neither yes nor no",
    )
}
