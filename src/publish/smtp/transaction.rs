//! One transaction: hello, encryption, login, sender, recipients, letter. Nothing in it is tried twice.

use std::time::Duration;

use lettre::transport::smtp::{
    Error,
    authentication::Mechanism,
    client::{AsyncSmtpConnection, AsyncTokioStream},
    commands::{Data, Mail, Rcpt},
    response::Severity,
};

use super::{
    answer::{Step, meaning, unexpected},
    connection::{Progress, Server, Watched},
    letter::Letter,
};
use crate::{
    api::SmtpTls,
    publish::{PublishError, said::Redaction},
};

/// How a password may be sent over an encrypted connection.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
/// How long we wait for a goodbye: the letter is taken, and that waits to be written down.
const GOODBYE: Duration = Duration::from_secs(1);

/// A transaction, and how far it is.
pub(super) struct Transaction<'a> {
    server: &'a Server,
    redaction: &'a Redaction,
    progress: Progress,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(server: &'a Server, redaction: &'a Redaction) -> Self {
        Self {
            server,
            redaction,
            progress: Progress::default(),
        }
    }

    /// Connects, encrypts and logs in.
    pub(super) async fn greet(&self) -> Result<AsyncSmtpConnection, PublishError> {
        let stream = self.server.dial().await?.watched_by(&self.progress);
        let mut connection = match self.server.tls {
            SmtpTls::Implicit => self.hello(self.encrypted(stream).await?).await?,
            SmtpTls::StartTls | SmtpTls::Plain => self.hello(Box::new(stream)).await?,
        };
        if self.server.tls == SmtpTls::StartTls {
            self.start_tls(&mut connection).await?;
        }
        if let Some(credentials) = &self.server.credentials {
            if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
                let message = format!("{} takes no password", self.server.name());
                return Err(PublishError::refused("LoginNotOffered", message));
            }
            let login = connection.auth(&MECHANISMS, credentials).await;
            login.map_err(|error| self.said(Step::Login, &error))?;
        }
        Ok(connection)
    }

    async fn hello(&self, stream: Box<dyn AsyncTokioStream>) -> Result<AsyncSmtpConnection, PublishError> {
        let connected = AsyncSmtpConnection::connect_with_transport(stream, &self.server.hello).await;
        connected.map_err(|error| self.said(Step::Greeting, &error))
    }

    async fn start_tls(&self, connection: &mut AsyncSmtpConnection) -> Result<(), PublishError> {
        if !connection.can_starttls() {
            let message = format!(
                "{} does not offer STARTTLS: nothing is sent in the clear",
                self.server.name()
            );
            return Err(PublishError::refused("TlsNotOffered", message));
        }
        let parameters = self.server.parameters();
        let started = connection.starttls(parameters, &self.server.hello).await;
        started.map_err(|error| self.said(Step::Encryption, &error))?;
        self.progress.is_encrypted_now();
        Ok(())
    }

    async fn encrypted(&self, stream: Watched) -> Result<Box<dyn AsyncTokioStream>, PublishError> {
        self.progress.is_encrypted_now();
        let encrypted = self.server.encrypt(stream).await;
        let encrypted = encrypted.map_err(|cause| {
            let message = format!("{} could not be encrypted to: {cause}", self.server.name());
            PublishError::not_sent("TlsFailed", message).because(cause)
        })?;
        Ok(Box::new(encrypted))
    }

    /// Sends one letter to all of its recipients, or to none.
    pub(super) async fn send(&self, letter: &Letter) -> Result<(), PublishError> {
        let mut connection = self.greet().await?;
        let from = Mail::new(Some(letter.from.clone()), Vec::new());
        let taken = connection.command(from).await;
        taken.map_err(|error| self.said(Step::Sender, &error))?;
        for to in &letter.to {
            let taken = connection.command(Rcpt::new(to.clone(), Vec::new())).await;
            // Whoever goes on now sends to some; the rest would never get it, or the first ones twice.
            taken.map_err(|error| self.said(Step::Recipient(to), &error))?;
        }
        let awaited = connection.command(Data).await;
        let awaited = awaited.map_err(|error| self.said(Step::Data, &error))?;
        if !awaited.has_code(354) {
            return Err(PublishError::not_sent(
                "UnexpectedAnswer",
                "the server did not ask for the letter",
            ));
        }
        self.progress.letter_begins(letter.bytes.len());
        let answer = connection.message(&letter.bytes).await;
        let answer = answer.map_err(|error| self.after_the_letter(&error))?;
        if answer.code().severity != Severity::PositiveCompletion {
            return Err(unexpected());
        }
        let _goodbye = tokio::time::timeout(GOODBYE, connection.quit()).await;
        Ok(())
    }

    fn said(&self, step: Step<'_>, error: &Error) -> PublishError {
        meaning(step, error, self.redaction)
    }

    /// What a failure means once the letter has begun to leave: an answer is one; silence is none if the dot may have left.
    fn after_the_letter(&self, error: &Error) -> PublishError {
        if error.status().is_some() {
            return self.said(Step::Letter, error);
        }
        self.lost()
    }

    /// What it means that time is up.
    pub(super) fn timed_out(&self) -> PublishError {
        self.lost()
    }

    fn lost(&self) -> PublishError {
        if self.progress.dot_may_have_left() {
            let message = "the whole letter was sent, and no answer came";
            PublishError::unknown("NoAnswer", message)
        } else {
            let message = "the connection was lost before the end of the letter, so the server has none";
            PublishError::not_sent("LostBeforeTheEnd", message)
        }
    }
}
