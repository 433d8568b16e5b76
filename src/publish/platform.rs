//! What the channels to a platform's own HTTP API share: how it is asked, and what its refusals mean.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{
    Outcome, PublishError, PublisherOptions, Secrets, SelectError,
    said::{Redaction, retry_after},
    select::secret_name,
    wire::{Answer, Bounds, End, Wire, innermost},
};
use crate::{
    api::{LinkPlacement, SecretKeyReference, SecretReference},
    domain::{channels::Fitting, publication::Publication},
    secret::SecretString,
};

/// The longest answer that is read: a page of 200 messages of a history is well below.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// How much earlier than due what we published may stand, for clocks that differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A platform's API: how requests reach it, and what of its answers may be shown.
pub(super) struct Platform {
    /// As people call it.
    name: &'static str,
    wire: Wire,
    timeout: Duration,
    headers: HeaderMap,
    redaction: Redaction,
}

impl fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Platform({})", self.name)
    }
}

impl Platform {
    pub(super) fn new(name: &'static str, timeout: Duration, options: &PublisherOptions) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            name,
            wire: options.wire(),
            timeout,
            headers: HeaderMap::from_iter([(ACCEPT, json)]),
            redaction: Redaction::default(),
        }
    }

    /// Proves whose requests are by a token, which is shown nowhere.
    pub(super) fn with_token(self, scheme: &str, token: SecretString) -> Self {
        let (header, value) = authorization(scheme, &token);
        self.with_header(header, value).hiding([token])
    }

    /// Sends these headers with every request, beside those of JSON.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Shows no text of these, wherever the platform echoes it.
    pub(super) fn hiding(mut self, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        self.redaction = Redaction::new(secrets);
        self
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Proves that a connection can be made, and sends nothing.
    pub(super) async fn reach(&self, url: &Url) -> Result<(), PublishError> {
        self.wire.reach(url, self.timeout).await.map_err(|cause| {
            let said = format!("{} cannot be reached: {}", self.name, innermost(&*cause));
            PublishError::not_sent("Unreachable", said).because(cause)
        })
    }

    /// What the platform said in a word of its own.
    pub(super) fn quoted(&self, word: &str) -> String {
        format!("{} answered{}", self.name, self.redaction.quote(word.as_bytes()))
    }

    /// Sends one publishing request, once.
    pub(super) async fn publish(&self, url: &Url, body: &Value) -> Result<Answer, PublishError> {
        self.publish_with(url, body, []).await
    }

    /// The same with headers of its own.
    pub(super) async fn publish_with(
        &self,
        url: &Url,
        body: &Value,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Answer, PublishError> {
        let body = serde_json::to_vec(body).map_err(|error| {
            PublishError::rejected("InvalidRequest", "the request could not be written").because(error)
        })?;
        let mut request = self.request(Method::POST, url, headers)?;
        *request.body_mut() = Bytes::from(body);
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        request.headers_mut().insert(CONTENT_TYPE, json);
        Ok(self.wire.exchange(request, self.bounds()).await?)
    }

    /// Asks by a POST for something that publishes nothing: a session.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub(super) async fn ask(
        &self,
        url: &Url,
        body: Option<&Value>,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Value, PublishError> {
        let answer = if let Some(body) = body {
            self.publish_with(url, body, headers).await
        } else {
            let request = self.request(Method::POST, url, headers)?;
            let answer = self.wire.exchange(request, self.bounds()).await;
            answer.map_err(PublishError::from)
        };
        let told = answer
            .map_err(unanswered)
            .and_then(|answer| Ok(self.told(&answer)?.1));
        // That a session is refused says nothing of what was to be published.
        told.map_err(|error| match error.outcome {
            Outcome::Rejected => PublishError {
                outcome: Outcome::NotSent { retry_after: None },
                ..error
            },
            _ => error,
        })
    }

    /// Publishes a form.
    pub(super) async fn publish_form(
        &self,
        url: &Url,
        fields: &[(&str, &str)],
    ) -> Result<Answer, PublishError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = self.request(Method::POST, url, [])?;
        *request.body_mut() = Bytes::from(body);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        Ok(self.wire.exchange(request, self.bounds()).await?)
    }

    /// Asks for something that changes nothing.
    ///
    /// # Errors
    /// `NotSent` where no whole JSON came: nothing was published by asking.
    pub(super) async fn read(&self, url: &Url) -> Result<(HeaderMap, Value), PublishError> {
        self.read_with(url, []).await
    }

    /// The same with headers of its own.
    pub(super) async fn read_with(
        &self,
        url: &Url,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<(HeaderMap, Value), PublishError> {
        self.told(&self.get(url, headers).await?)
    }

    /// The answer to a question that changes nothing, whatever it says.
    pub(super) async fn get(
        &self,
        url: &Url,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Answer, PublishError> {
        let request = self.request(Method::GET, url, headers)?;
        let answer = self.wire.exchange(request, self.bounds()).await;
        answer.map_err(|failure| unanswered(PublishError::from(failure)))
    }

    /// What the answer to a question told.
    pub(super) fn told(&self, answer: &Answer) -> Result<(HeaderMap, Value), PublishError> {
        if !answer.status.is_success() {
            return Err(unanswered(self.refusal(answer)));
        }
        match whole_json(answer) {
            Some(json) => Ok((answer.headers.clone(), json)),
            None => Err(PublishError::not_sent(
                "UnexpectedAnswer",
                format!("{} answered what is no JSON of its API", self.name),
            )),
        }
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Request<Bytes>, PublishError> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method;
        *request.uri_mut() = url.as_str().parse().map_err(|error: http::uri::InvalidUri| {
            PublishError::rejected("InvalidRequest", "the request could not be written").because(error)
        })?;
        request.headers_mut().clone_from(&self.headers);
        request.headers_mut().extend(headers);
        Ok(request)
    }

    const fn bounds(&self) -> Bounds {
        Bounds {
            timeout: self.timeout,
            answer_bytes: MAX_ANSWER,
        }
    }

    /// What an answer means that is no success.
    pub(super) fn refusal(&self, answer: &Answer) -> PublishError {
        let status = answer.status;
        let said = format!(
            "{} answered {status}{}",
            self.name,
            self.redaction.quote(&answer.body)
        );
        match status.as_u16() {
            429 => self.wait(answer),
            401 => PublishError::refused("CredentialsRefused", said),
            402 => PublishError::refused("PaymentRequired", said),
            403 => PublishError::refused("AccessRefused", said),
            404 => PublishError::refused("AccountNotFound", said),
            410 => PublishError::refused("AccountGone", said),
            426 => PublishError::refused("VersionRefused", said),
            408 => PublishError::unknown("PlatformTimedOut", said),
            400..=499 => PublishError::rejected("RejectedByPlatform", said),
            300..=399 => self.redirect(answer),
            500..=599 => PublishError::unknown("PlatformFailed", said),
            _ => PublishError::unknown("UnexpectedAnswer", said),
        }
    }

    /// A success that does not say what a success of this platform says: it may have acted, or somebody else answered.
    pub(super) fn unexpected(&self, answer: &Answer) -> PublishError {
        PublishError::unknown(
            "UnexpectedAnswer",
            format!(
                "{} answered {} with what its API does not say",
                self.name, answer.status
            ),
        )
    }

    /// The platform asks us to wait: by its header, else by its body, else until its window begins anew.
    pub(super) fn wait(&self, answer: &Answer) -> PublishError {
        let body = whole_json(answer).unwrap_or_default();
        let in_body = [body.get("retry_after"), body.pointer("/parameters/retry_after")];
        let seconds = in_body.into_iter().flatten().find_map(Value::as_f64);
        self.wait_for(
            answer,
            seconds.or_else(|| until_reset(&answer.headers, Timestamp::now())),
        )
    }

    /// The same where it says in its own way for how many seconds; a minute where it does not.
    pub(super) fn wait_for(&self, answer: &Answer, seconds: Option<f64>) -> PublishError {
        let mut headers = answer.headers.clone();
        if let Some(seconds) = seconds.filter(|_| !headers.contains_key(RETRY_AFTER)) {
            // Whole seconds, as the header has them; out of range means the default.
            let whole = format!("{:.0}", seconds.max(0.0).ceil());
            if let Ok(value) = HeaderValue::from_str(&whole) {
                headers.insert(RETRY_AFTER, value);
            }
        }
        let retry_after = retry_after(&headers, Timestamp::now());
        let said = format!("{} asks to wait {} s", self.name, retry_after.as_secs());
        PublishError::new(Outcome::RateLimited { retry_after }, "RateLimited", said)
    }

    /// As of the webhook channel: 302 and 303 are what some answer after they have acted.
    fn redirect(&self, answer: &Answer) -> PublishError {
        let status = answer.status;
        let said = format!("{} answered {status}; redirects are not followed", self.name);
        let moved = matches!(
            status,
            StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        if moved && answer.headers.contains_key(LOCATION) {
            PublishError::refused("RedirectRefused", said)
        } else {
            PublishError::unknown("Redirected", said)
        }
    }
}

/// Seconds until the last of the windows begins anew that have no room left, by the headers of X: in seconds since 1970,
/// for the fifteen minutes, for the account's day and for the app's.
fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<f64> {
    let number = |name: String| -> Option<i64> { headers.get(name)?.to_str().ok()?.trim().parse().ok() };
    let windows = ["x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"];
    let full = windows
        .into_iter()
        .filter(|window| number(format!("{window}-remaining")).is_none_or(|left| left <= 0));
    let reset = full
        .filter_map(|window| number(format!("{window}-reset")))
        .max()?;
    // Beyond a day the wait is a day, so a number that no clock shows does no harm.
    let seconds = reset.saturating_sub(now.as_second()).clamp(0, 1_000_000);
    i32::try_from(seconds).ok().map(f64::from)
}

/// A question that was not answered leaves nothing behind.
pub(super) fn unanswered(mut error: PublishError) -> PublishError {
    if error.outcome == Outcome::Unknown {
        error.outcome = Outcome::NotSent { retry_after: None };
    }
    error
}

/// The JSON of an answer that was read whole.
pub(super) fn whole_json(answer: &Answer) -> Option<Value> {
    (answer.end == End::Whole)
        .then(|| serde_json::from_slice(&answer.body).ok())
        .flatten()
}

/// What stands at a JSON pointer; null where nothing does.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// True where something was made, as of the time that the platform says, before anything of a publication can have left.
pub(super) fn is_older(made: &Value, publication: &Publication) -> bool {
    let made: Option<Timestamp> = made.as_str().and_then(|text| text.parse().ok());
    made.is_some_and(|made| made < earliest(publication))
}

/// The text of a publication as it is sent to a channel.
pub(super) fn fitted(fitting: Option<Fitting>, publication: &Publication) -> Result<String, PublishError> {
    let Some(fitting) = fitting else {
        return Ok(publication.content.text.clone());
    };
    fitting
        .fit(publication.type_, &publication.content)
        .map_err(|misfit| PublishError::rejected(misfit.code, format!("{} {}", misfit.message, misfit.help)))
}

/// True where the text or a card's link holds the slot's own parameter: no other slot has these words.
pub(super) fn is_marked(publication: &Publication) -> bool {
    let parameter = publication.slot.parameter();
    publication.content.text.contains(&parameter)
        || card(publication).is_some_and(|link| link.contains(&parameter))
}

/// The link that stands under the text as a card.
pub(super) fn card(publication: &Publication) -> Option<&str> {
    let content = &publication.content;
    let link = content.links.first();
    link.filter(|_| content.link_placement == LinkPlacement::Card)
        .map(|link| link.url.as_str())
}

/// The earliest instant at which anything of a publication can stand on a platform.
pub(super) fn earliest(publication: &Publication) -> Timestamp {
    sooner(publication.scheduled_for)
}

/// An instant, less what clocks may differ by.
pub(super) fn sooner(instant: Timestamp) -> Timestamp {
    instant.checked_sub(SKEW).unwrap_or(instant)
}

/// The one prepared id that a channel without preparation has: the key of the publication.
pub(super) fn is_prepared(publication: &Publication, prepared_id: &str) -> Result<(), PublishError> {
    if prepared_id == publication.key() {
        return Ok(());
    }
    Err(PublishError::not_sent(
        "PreparedElsewhere",
        "what was prepared is not this publication",
    ))
}

/// A key of a channel's Secret.
pub(super) fn key_of(secret: &SecretReference, key: &str) -> SecretKeyReference {
    SecretKeyReference {
        name: secret.name.clone(),
        key: key.to_owned(),
    }
}

/// A token, without the line break that Secrets made from files end in.
pub(super) fn token(secrets: &Secrets, key: &SecretKeyReference) -> Result<SecretString, SelectError> {
    let token = secrets.get(key).map_or("", |value| value.expose().trim());
    if !is_token(token) {
        return Err(SelectError::invalid(
            secret_name(key),
            "is empty, or holds what no token holds",
        ));
    }
    Ok(token.into())
}

/// True for printable ASCII without spaces: what no token lacks, and what may stand in a header.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

/// An address that is a secret, as those of webhooks are.
pub(super) fn secret_url(secrets: &Secrets, key: &SecretKeyReference) -> Result<Url, SelectError> {
    let text = secrets.get(key).map_or("", |value| value.expose().trim());
    let url: Option<Url> = text.parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| SelectError::invalid(secret_name(key), "is no http or https address with a host"))
}

/// The address of a platform's API: as configured, else its own; without a slash at its end.
pub(super) fn api(
    configured: Option<&str>,
    own: &'static str,
    field: &'static str,
) -> Result<String, SelectError> {
    let text = configured.unwrap_or(own);
    let url: Option<Url> = text.parse().ok();
    let bare = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    url.filter(bare)
        .map(|url| url.as_str().trim_end_matches('/').to_owned())
        .ok_or_else(|| SelectError::invalid(field, "is no http or https address of an API"))
}

/// An address below that of an API.
pub(super) fn below(api: &str, path: &str) -> Result<Url, SelectError> {
    format!("{api}/{path}")
        .parse()
        .map_err(|_| SelectError::invalid("spec", "makes no address of the API"))
}

/// A header that carries a token, marked so that nothing prints it.
pub(super) fn authorization(scheme: &str, token: &SecretString) -> (HeaderName, HeaderValue) {
    (
        AUTHORIZATION,
        secret_header(&format!("{scheme} {}", token.expose())),
    )
}

/// The value of a header that carries a secret, marked so that nothing prints it.
pub(super) fn secret_header(text: &str) -> HeaderValue {
    // A token of printable ASCII is always a header's value.
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reset(headers: &[(&str, &str)]) -> Option<f64> {
        let named = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = named
            .collect::<Vec<(HeaderName, HeaderValue)>>()
            .into_iter()
            .collect();
        until_reset(&headers, Timestamp::from_second(1_000).unwrap())
    }

    #[test]
    fn the_wait_lasts_until_every_window_that_is_full_begins_anew() {
        let quarter = ("x-rate-limit-reset", "1900");
        let day = ("x-user-limit-24hour-reset", "5000");
        assert_eq!(reset(&[quarter]), Some(900.0));
        assert_eq!(reset(&[quarter, day]), Some(4_000.0));
        let room = ("x-user-limit-24hour-remaining", "3");
        assert_eq!(reset(&[quarter, day, room]), Some(900.0));
        let full = ("x-user-limit-24hour-remaining", "0");
        let room = ("x-rate-limit-remaining", "97");
        assert_eq!(reset(&[quarter, room, day, full]), Some(4_000.0));
    }

    #[test]
    fn a_reset_that_is_none_or_long_ago_says_nothing_dangerous() {
        assert_eq!(reset(&[]), None);
        assert_eq!(reset(&[("x-rate-limit-reset", "soon")]), None);
        assert_eq!(
            reset(&[("x-rate-limit-reset", "-9223372036854775808")]),
            Some(0.0)
        );
        assert_eq!(
            reset(&[("x-rate-limit-reset", "9223372036854775807")]),
            Some(1_000_000.0)
        );
    }
}
