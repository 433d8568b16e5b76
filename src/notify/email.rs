//! E-mail by SMTP.

use std::fmt;

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message as Letter, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use super::{Notifier, NotifyError, TIMEOUT, select::Needs};
use crate::{
    api::{EmailSink, SmtpTls},
    domain::notify::Message,
    egress::EgressPolicy,
};

/// A mail server, and who writes to whom.
pub(super) struct Email {
    host: String,
    port: u16,
    tls: SmtpTls,
    credentials: Option<Credentials>,
    from: Mailbox,
    to: Vec<Mailbox>,
    egress: EgressPolicy,
}

impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Email({}:{})", self.host, self.port)
    }
}

impl Email {
    pub(super) fn new(
        sink: &EmailSink,
        needs: &Needs<'_>,
        egress: EgressPolicy,
    ) -> Result<Self, NotifyError> {
        let mailbox = |text: &String| {
            let problem = || NotifyError::Configuration(format!("{text} is no e-mail address"));
            text.parse::<Mailbox>().map_err(|_| problem())
        };
        let port = match needs.get("port") {
            Some(port) => port
                .expose()
                .trim()
                .parse()
                .map_err(|_| needs.problem("port", "is no port"))?,
            None => default_port(sink.tls),
        };
        let username = needs.get("username").map(|name| name.expose().trim().to_owned());
        let credentials = match username {
            Some(_) if sink.tls == SmtpTls::Plain => {
                return Err(needs.problem(
                    "username",
                    "would be sent in the clear: set email.tls, or take it out",
                ));
            }
            Some(name) => {
                let password = needs.needed("password")?.expose().trim_end_matches(['\r', '\n']);
                Some(Credentials::new(name, password.to_owned()))
            }
            None => None,
        };
        Ok(Self {
            host: needs.needed("host")?.expose().trim().to_owned(),
            port,
            tls: sink.tls,
            credentials,
            from: mailbox(&sink.from)?,
            to: sink.to.iter().map(mailbox).collect::<Result<_, _>>()?,
            egress,
        })
    }

    /// A transport to an address that the policy permits; the certificate must be that of the host's name.
    async fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, NotifyError> {
        let unreachable = |error: Box<dyn std::error::Error + Send + Sync>| NotifyError::Unreachable(error);
        let addresses = self.egress.resolve_permitted(&self.host, self.port).await;
        let addresses = addresses.map_err(|error| unreachable(error.into()))?;
        let Some(address) = addresses.first() else {
            return Err(NotifyError::Configuration(format!(
                "{} has no address",
                self.host
            )));
        };
        let parameters = || TlsParameters::new(self.host.clone()).map_err(|error| unreachable(error.into()));
        let tls = match self.tls {
            SmtpTls::Implicit => Tls::Wrapper(parameters()?),
            SmtpTls::StartTls => Tls::Required(parameters()?),
            SmtpTls::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
            .port(self.port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some(credentials) = &self.credentials {
            builder = builder.credentials(credentials.clone());
        }
        Ok(builder.build())
    }

    fn letter(&self, message: &Message) -> Result<Letter, NotifyError> {
        let mut letter = Letter::builder()
            .from(self.from.clone())
            .subject(format!("[campanile] {}", message.title))
            .message_id(Some(format!("<{}@campanile>", message.id)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            letter = letter.to(to.clone());
        }
        letter
            .body(message.text())
            .map_err(|error| NotifyError::Configuration(format!("no letter could be written: {error}")))
    }
}

fn default_port(tls: SmtpTls) -> u16 {
    match tls {
        SmtpTls::Implicit => 465,
        SmtpTls::StartTls => 587,
        SmtpTls::Plain => 25,
    }
}

#[async_trait]
impl Notifier for Email {
    fn kind(&self) -> &'static str {
        "email"
    }

    async fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let letter = self.letter(message)?;
        let delivery = async {
            let transport = self.transport().await?;
            transport
                .send(letter)
                .await
                .map_err(|error| match error.status() {
                    Some(code) => NotifyError::Refused(code.to_string()),
                    None => NotifyError::Unreachable(error.into()),
                })
        };
        // Each of its steps has a time-out of its own; all of them together have this one.
        let delivered = tokio::time::timeout(TIMEOUT, delivery).await;
        delivered
            .map_err(|elapsed| NotifyError::Unreachable(elapsed.into()))?
            .map(drop)
    }
}
