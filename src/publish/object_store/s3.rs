//! S3: `object_store` writes and signs the requests, we carry them and read the answers.
//!
//! The crate sees one HTTP client, ours, which sends each request once. Its errors forget what we must know (was
//! anything sent? which of the conflicts?), so each request takes a [`Record`] along in which our client leaves what
//! really happened.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::object_store::{
    Attribute, Attributes, ClientOptions, Extensions, GetOptions, ObjectStore as _, PutMode, PutOptions,
    PutPayload, RetryConfig, UpdateVersion,
    aws::{AmazonS3, AmazonS3Builder},
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
        HttpService,
    },
    path::Path,
};
use async_trait::async_trait;
use http::header::ETAG;
use http_body_util::BodyExt as _;

use super::{
    answer,
    store::{Body, Condition, Object, Version, Write},
};
use crate::{
    publish::{
        PublishError,
        said::Redaction,
        wire::{Answer, Bounds, End, Failure, Wire},
    },
    secret::SecretString,
};

/// No object of ours is larger; a larger one is another's.
pub(super) const MAX_OBJECT: usize = 16 * 1024 * 1024;

/// How a bucket is reached.
pub(super) struct Access {
    pub(super) bucket: String,
    pub(super) endpoint: Option<String>,
    pub(super) region: String,
    pub(super) key_id: SecretString,
    pub(super) secret: SecretString,
    pub(super) timeout: Duration,
}

/// A bucket.
pub(super) struct S3 {
    store: AmazonS3,
    redaction: Redaction,
}

impl fmt::Debug for S3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "S3({})", self.store)
    }
}

impl S3 {
    pub(super) fn new(access: &Access, wire: Wire) -> Result<Self, ::object_store::Error> {
        let bounds = Bounds {
            timeout: access.timeout,
            answer_bytes: MAX_OBJECT,
        };
        let retry = RetryConfig {
            max_retries: 0,
            retry_timeout: Duration::ZERO,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&access.bucket)
            .with_region(&access.region)
            .with_access_key_id(access.key_id.expose())
            .with_secret_access_key(access.secret.expose())
            .with_retry(retry)
            .with_http_connector(Carrier { wire, bounds });
        if let Some(endpoint) = &access.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let redaction = Redaction::new([access.key_id.clone(), access.secret.clone()]);
        Ok(Self {
            store: builder.build()?,
            redaction,
        })
    }

    pub(super) async fn read(&self, path: &str) -> Result<Option<Object>, PublishError> {
        let record = Record::default();
        let options = GetOptions {
            extensions: record.extensions(),
            ..GetOptions::default()
        };
        let result = self.store.get_opts(&location(path)?, options).await;
        let answer = record.answer(result.err()).map_err(answer::while_reading)?;
        if !answer.status.is_success() {
            return answer::absent(&answer, &self.redaction);
        }
        // One that is too long is not ours, and shows it by having no marker.
        if answer.end == End::Broken {
            return Err(PublishError::not_sent(
                "ReadIncomplete",
                "the object could not be read to its end",
            ));
        }
        let tag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        let tag = tag.ok_or_else(|| {
            PublishError::refused(
                "ConditionsNotSupported",
                "the store names no version (ETag) of an object",
            )
        })?;
        Ok(Some(Object {
            version: Version(tag.to_owned()),
            bytes: answer.body,
        }))
    }

    pub(super) async fn write(
        &self,
        path: &str,
        body: Body,
        condition: Condition,
    ) -> Result<Write, PublishError> {
        let record = Record::default();
        let mode = match &condition {
            Condition::Absent => PutMode::Create,
            Condition::Unchanged(Version(tag)) => PutMode::Update(UpdateVersion {
                e_tag: Some(tag.clone()),
                version: None,
            }),
        };
        let options = PutOptions {
            mode,
            attributes: Attributes::from_iter([(Attribute::ContentType, body.content_type)]),
            extensions: record.extensions(),
            ..PutOptions::default()
        };
        let result = self
            .store
            .put_opts(&location(path)?, PutPayload::from_bytes(body.bytes), options)
            .await;
        let answer = record.answer(result.err())?;
        answer::written(&answer, &condition, &self.redaction)
    }
}

fn location(path: &str) -> Result<Path, PublishError> {
    Path::parse(path)
        .map_err(|error| PublishError::rejected("InvalidPath", "the path is none").because(error))
}

/// What happened to one request.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Option<Result<Answer, Failure>>>>);

impl Record {
    fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(self.clone());
        extensions
    }

    fn keep(&self, outcome: Result<Answer, Failure>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }

    /// The answer, or why there is none; a request that never came to be carried was not sent.
    fn answer(&self, error: Option<::object_store::Error>) -> Result<Answer, PublishError> {
        let outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(outcome) = outcome {
            return Ok(outcome?);
        }
        let unsent = PublishError::not_sent("NotSent", "the request could not be written");
        Err(match error {
            Some(error) => unsent.because(error),
            None => unsent,
        })
    }
}

/// Our HTTP client, as `object_store` wants it.
#[derive(Clone, Debug)]
struct Carrier {
    wire: Wire,
    bounds: Bounds,
}

impl HttpConnector for Carrier {
    fn connect(&self, _: &ClientOptions) -> ::object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Carrier {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let record = request.extensions().get::<Record>().cloned().unwrap_or_default();
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await?.to_bytes();
        let outcome = self
            .wire
            .exchange(http::Request::from_parts(parts, bytes), self.bounds)
            .await;
        let response = match &outcome {
            Ok(answer) => {
                let mut response = HttpResponse::new(HttpResponseBody::from(answer.body.clone()));
                *response.status_mut() = answer.status;
                *response.headers_mut() = answer.headers.clone();
                Ok(response)
            }
            // Never one of the kinds that are tried again.
            Err(_) => Err(HttpError::new(HttpErrorKind::Unknown, Carried)),
        };
        record.keep(outcome);
        response
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the request has no answer")]
struct Carried;
