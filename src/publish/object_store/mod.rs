//! The object store channel: web pages, stored templates, and posts as files, each at the one path of its slot.

mod answer;
mod folder;
mod marker;
mod place;
mod s3;
mod store;

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use url::Url;

use self::{
    folder::Folder,
    marker::Form,
    place::{Path, Place, Root},
    s3::{Access, S3},
    store::{Body, Condition, Object, Store, Version, Write},
};
use super::{
    AssetPublish, Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions,
    Secrets, SelectError, select::secret_name,
};
use crate::{
    api::{AssetType, ChannelConfigSpec, ObjectStoreChannel, SecretKeyReference},
    domain::{
        digest,
        publication::{Marker, Publication},
    },
    secret::SecretString,
};

/// Keys of the Secret of a bucket.
const ACCESS_KEY: &str = "accesskey";
const SECRET_KEY: &str = "secretkey";
/// Two objects (text and HTML of a template), each at most: read, write, read, write, read.
const REQUESTS_OF_A_COMMIT: u32 = 10;
/// Larger content is no page, template or post, and could not be read back.
const MAX_CONTENT: usize = s3::MAX_OBJECT - 4096;

/// An object store channel: class A, the path is the key.
#[derive(Debug)]
pub(super) struct ObjectStorePublisher {
    store: Store,
    place: Place,
    public_url: Option<String>,
    timeout: Duration,
    endpoint_digest: String,
}

/// The keys of Secrets that a bucket needs; a folder needs none.
pub(super) fn required_secrets(channel: &ObjectStoreChannel) -> Vec<SecretKeyReference> {
    let Some(secret) = channel.secret_ref.as_ref().filter(|_| in_a_bucket(channel)) else {
        return Vec::new();
    };
    [ACCESS_KEY, SECRET_KEY]
        .map(|key| SecretKeyReference {
            name: secret.name.clone(),
            key: key.to_owned(),
        })
        .into()
}

/// The fields that a bucket needs and the spec leaves out.
pub(super) fn missing_fields(channel: &ObjectStoreChannel) -> Vec<String> {
    if !in_a_bucket(channel) {
        return Vec::new();
    }
    [
        ("spec.objectStore.region", channel.region.is_none()),
        ("spec.objectStore.secretRef", channel.secret_ref.is_none()),
    ]
    .into_iter()
    .filter(|(_, missing)| *missing)
    .map(|(name, _)| name.to_owned())
    .collect()
}

fn in_a_bucket(channel: &ObjectStoreChannel) -> bool {
    !channel.url.starts_with("file:")
}

impl ObjectStorePublisher {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &ObjectStoreChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let place = Place::parse(&channel.url)
            .map_err(|problem| SelectError::invalid("spec.objectStore.url", problem))?;
        let store = match &place.root {
            Root::Bucket(bucket) => Store::S3(bucket_store(bucket, channel, secrets, options)?),
            Root::Folder(folder) if options.allow_local_paths => Store::Folder(Folder::new(folder)),
            Root::Folder(_) => {
                let problem =
                    "is a folder of the operator's machine: it is permitted by --allow-local-paths only";
                return Err(SelectError::invalid("spec.objectStore.url", problem));
            }
        };
        let where_to = json!([
            "objectStore",
            channel.url,
            channel.endpoint,
            channel.region,
            spec.platform,
            spec.account
        ]);
        Ok(Self {
            store,
            place,
            public_url: channel.public_url.clone(),
            timeout: channel.timeout.0,
            endpoint_digest: digest::of_json(&where_to),
        })
    }

    /// The objects of a publication, in the order in which they are written: the one that readers are led to last.
    fn objects(&self, publication: &Publication) -> Result<Vec<Planned>, PublishError> {
        if !marker::is_writable(&publication.marker()) {
            return Err(PublishError::rejected(
                "InvalidAttempt",
                "the id of the attempt cannot stand in a marker",
            ));
        }
        let content = &publication.content;
        let html = || {
            content
                .html
                .clone()
                .filter(|html| !html.is_empty())
                .ok_or_else(|| {
                    PublishError::rejected(
                        "HtmlMissing",
                        "a page or template is stored as HTML, and there is none",
                    )
                })
        };
        let forms = match publication.type_ {
            AssetType::Page => vec![(Form::Html, html()?)],
            AssetType::Template => vec![(Form::Text, content.text.clone()), (Form::Html, html()?)],
            AssetType::Post | AssetType::Email => vec![(Form::Json, document(publication)?)],
        };
        forms
            .into_iter()
            .map(|(form, content)| self.planned(publication, form, content))
            .collect()
    }

    fn planned(
        &self,
        publication: &Publication,
        form: Form,
        content: String,
    ) -> Result<Planned, PublishError> {
        if content.len() > MAX_CONTENT {
            return Err(PublishError::rejected(
                "TooLarge",
                format!("{} bytes are more than an object may have", content.len()),
            ));
        }
        if form.is_ambiguous(&content) {
            return Err(PublishError::rejected(
                "MarkerInContent",
                "the HTML holds a comment that looks like our marker",
            ));
        }
        let path = self
            .place
            .of(&publication.slot, publication.type_, form.extension());
        Ok(Planned { path, form, content })
    }

    fn published(&self, objects: &[Planned]) -> Published {
        let last = objects.last().map(|object| &object.path);
        let url = last.and_then(|path| Some(path.address(self.public_url.as_deref()?)));
        Published::named(last.map(|path| path.whole.clone()), url.as_deref())
    }

    /// Brings one object to what the publication says, or finds that it is so already.
    async fn put(&self, object: &Planned, publication: &Publication) -> Result<(), PublishError> {
        let mut condition = Condition::Absent;
        let mut written = false;
        if publication.replaces.is_some() {
            match self.look(object, publication).await? {
                Standing::Published => return Ok(()),
                Standing::Replaceable(version) => condition = Condition::Unchanged(version),
                Standing::Absent => return Err(gone(object)),
            }
        }
        loop {
            let last = matches!(condition, Condition::Unchanged(_));
            let body = object.body(&publication.marker());
            let write = self.store.write(&object.path.whole, body, condition).await;
            let write = write.map_err(|error| if written { error.after_a_write() } else { error })?;
            if write == Write::Stored {
                return Ok(());
            }
            written = true;
            // Whoever carries our requests may send one twice: what refuses us may be our own.
            let standing = self
                .look(object, publication)
                .await
                .map_err(PublishError::after_a_write)?;
            condition = match standing {
                Standing::Published => return Ok(()),
                _ if write == Write::Contended => return Err(contended(object)),
                Standing::Replaceable(version) if !last => Condition::Unchanged(version),
                Standing::Replaceable(_) => return Err(contended(object)),
                Standing::Absent => {
                    return Err(PublishError::not_sent(
                        "ObjectGone",
                        format!("{} stood in the way and is gone", object.path.whole),
                    ));
                }
            };
        }
    }

    async fn look(&self, object: &Planned, publication: &Publication) -> Result<Standing, PublishError> {
        match self.store.read(&object.path.whole).await? {
            Some(found) => object.standing(&found, publication),
            None => Ok(Standing::Absent),
        }
    }
}

/// The JSON of a post or e-mail.
fn document(publication: &Publication) -> Result<String, PublishError> {
    AssetPublish::of(publication).json().map_err(|error| {
        PublishError::rejected("InvalidRequest", "the document could not be written").because(error)
    })
}

fn gone(object: &Planned) -> PublishError {
    PublishError::drifted(
        "ObjectGone",
        format!("{} was published and somebody removed it", object.path.whole),
    )
}

fn contended(object: &Planned) -> PublishError {
    PublishError::unknown(
        "Conflict",
        format!("another write of {} was under way", object.path.whole),
    )
}

/// One object to write.
#[derive(Debug)]
struct Planned {
    path: Path,
    form: Form,
    content: String,
}

/// What stands at a path, as far as it is ours.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing.
    Absent,
    /// What this publication says, written by one of its attempts.
    Published,
    /// An earlier state of ours, as we left it.
    Replaceable(Version),
}

impl Planned {
    fn body(&self, marker: &Marker) -> Body {
        let bytes = Bytes::from(self.form.render(&self.content, marker));
        Body {
            bytes,
            content_type: self.form.content_type(),
        }
    }

    /// # Errors
    /// `Rejected` where it is another's, `Drifted` where it is ours and not what we left.
    fn standing(&self, found: &Object, publication: &Publication) -> Result<Standing, PublishError> {
        let path = &self.path.whole;
        let mark = self.form.read(&found.bytes);
        let own = publication.marker();
        let Some(mark) = mark.filter(|mark| mark.marker.slot == own.slot) else {
            return Err(PublishError::rejected(
                "AnothersObject",
                format!("{path} holds something that is not this slot's"),
            ));
        };
        let equal = |attempt: &str| {
            let marker = Marker {
                attempt: attempt.to_owned(),
                ..own.clone()
            };
            self.form.render(&self.content, &marker).as_bytes() == found.bytes
        };
        if attempts(publication).contains(mark.marker.attempt.as_str()) && equal(&mark.marker.attempt) {
            return Ok(Standing::Published);
        }
        if mark.intact && is_state(publication.type_) && is_recorded(&mark.marker, publication) {
            return Ok(Standing::Replaceable(found.version.clone()));
        }
        let what = if mark.intact {
            "holds another version of ours"
        } else {
            "was changed by somebody"
        };
        Err(PublishError::drifted("ObjectChanged", format!("{path} {what}")))
    }
}

/// Pages and templates are states, and may be replaced; posts and e-mails are moments.
fn is_state(type_: AssetType) -> bool {
    matches!(type_, AssetType::Page | AssetType::Template)
}

fn attempts(publication: &Publication) -> BTreeSet<&str> {
    publication
        .earlier_attempts
        .iter()
        .map(String::as_str)
        .chain([publication.attempt.as_str()])
        .collect()
}

/// Whether a marker names something that the Receipt says we wrote: the version before, or what an earlier attempt
/// at this one left behind with other words.
fn is_recorded(marker: &Marker, publication: &Publication) -> bool {
    let before = publication.replaces.as_ref().is_some_and(|written| {
        (written.epoch, written.revision) == (marker.epoch, marker.revision)
            && written.attempts.contains(&marker.attempt)
    });
    let this = (publication.epoch, publication.revision) == (marker.epoch, marker.revision);
    before || (this && attempts(publication).contains(marker.attempt.as_str()))
}

#[async_trait]
impl Publisher for ObjectStorePublisher {
    fn channel_type(&self) -> &'static str {
        "objectStore"
    }

    fn class(&self) -> Class {
        Class::NaturalKey
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.timeout.saturating_mul(REQUESTS_OF_A_COMMIT)
    }

    /// Writes one small object, `.campanile/probe.txt`, again and again under conditions that must fail.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let probe = self.place.own("probe.txt");
        let write = async |condition| {
            let body = Body {
                bytes: Bytes::from_static(PROBE),
                content_type: Form::Text.content_type(),
            };
            self.store.write(&probe, body, condition).await
        };
        let created = match write(Condition::Absent).await? {
            Write::Stored => write(Condition::Absent).await?,
            refused => refused,
        };
        let elsewhere = Version("\"00000000000000000000000000000000\"".to_owned());
        for outcome in [created, write(Condition::Unchanged(elsewhere)).await?] {
            match outcome {
                Write::ConditionFailed => {}
                Write::Stored => return Err(ignored()),
                Write::Contended => {
                    return Err(PublishError::not_sent("Conflict", "the probe is being written"));
                }
            }
        }
        self.reads(&probe).await?;
        Ok(Preflight {
            message: "the store is reached and keeps to conditions".to_owned(),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        let objects = self.objects(publication)?;
        let path = objects.last().map(|object| object.path.whole.clone());
        Ok(Prepared {
            id: path.unwrap_or_default(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        let objects = self.objects(publication)?;
        if objects
            .last()
            .is_none_or(|object| object.path.whole != prepared_id)
        {
            return Err(PublishError::not_sent(
                "PreparedElsewhere",
                "what was prepared stands at another path",
            ));
        }
        for (index, object) in objects.iter().enumerate() {
            let put = self.put(object, publication).await;
            put.map_err(|error| if index > 0 { error.after_a_write() } else { error })?;
        }
        Ok(self.published(&objects))
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let objects = self.objects(publication)?;
        for object in &objects {
            if self.look(object, publication).await? != Standing::Published {
                return Ok(Found::Absent);
            }
        }
        Ok(Found::Published(self.published(&objects)))
    }
}

/// What stands in the probe.
const PROBE: &[u8] = b"Campanile writes this file to see whether the store keeps to conditional writes.\n";

fn ignored() -> PublishError {
    PublishError::refused(
        "ConditionsIgnored",
        "the store writes although the condition fails: it cannot be kept from publishing twice",
    )
}

impl ObjectStorePublisher {
    /// Reading back is how an outcome is settled: what is there, and that nothing is there.
    async fn reads(&self, probe: &str) -> Result<(), PublishError> {
        if self
            .store
            .read(probe)
            .await?
            .is_none_or(|object| object.bytes != PROBE)
        {
            return Err(PublishError::refused(
                "ReadBackFailed",
                format!("{probe} does not hold what was written"),
            ));
        }
        let absent = self.store.read(&self.place.own("absent.txt")).await;
        match absent {
            Err(error) if error.reason == "AccessRefused" => Err(PublishError::refused(
                "ListRefused",
                "the store does not say whether an object exists: the account needs the right to list the bucket",
            )
            .because(error)),
            other => other.map(|_| ()),
        }
    }
}

fn bucket_store(
    bucket: &str,
    channel: &ObjectStoreChannel,
    secrets: &Secrets,
    options: &PublisherOptions,
) -> Result<S3, SelectError> {
    let [key_id, secret] = [ACCESS_KEY, SECRET_KEY].map(|key| credential(channel, secrets, key));
    let access = Access {
        bucket: bucket.to_owned(),
        endpoint: channel.endpoint.as_deref().map(endpoint).transpose()?,
        region: region(channel)?,
        key_id: key_id?,
        secret: secret?,
        timeout: channel.timeout.0,
    };
    S3::new(&access, options.wire())
        .map_err(|_| SelectError::invalid("spec.objectStore", "cannot be used to reach a bucket"))
}

/// A credential, without the line break that Secrets made from files end in.
fn credential(
    channel: &ObjectStoreChannel,
    secrets: &Secrets,
    key: &str,
) -> Result<SecretString, SelectError> {
    let name = channel
        .secret_ref
        .as_ref()
        .map(|secret| secret.name.clone())
        .unwrap_or_default();
    let reference = SecretKeyReference {
        name,
        key: key.to_owned(),
    };
    let value = secrets
        .get(&reference)
        .map(|value| value.expose().trim().to_owned())
        .unwrap_or_default();
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_graphic()) {
        return Err(SelectError::invalid(
            secret_name(&reference),
            "is empty, or holds what no S3 key holds",
        ));
    }
    Ok(value.into())
}

fn endpoint(text: &str) -> Result<String, SelectError> {
    let invalid = || {
        SelectError::invalid(
            "spec.objectStore.endpoint",
            "is no http or https address of a host alone",
        )
    };
    let url: Url = text.parse().map_err(|_| invalid())?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn region(channel: &ObjectStoreChannel) -> Result<String, SelectError> {
    let region = channel.region.clone().unwrap_or_default();
    let plain = !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain {
        Ok(region)
    } else {
        Err(SelectError::invalid(
            "spec.objectStore.region",
            "is no name of a region",
        ))
    }
}
