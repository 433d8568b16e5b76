//! Stores of objects: web pages, stored templates, and posts as files, each at the one path of its slot, in a bucket, in a
//! folder, or on a branch.

mod answer;
mod branch;
mod configuration;
mod folder;
mod marker;
mod place;
mod planned;
mod preflight;
mod s3;
mod store;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

pub(super) use self::configuration::{missing_fields, required_secrets, required_secrets_of_pages};
use self::{
    branch::BranchStore,
    folder::Folder,
    marker::Form,
    place::{Path, Place, Root},
    planned::{Planned, Standing},
    store::{Condition, Store, Version, Write},
};
use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
};
use crate::{
    api::{AssetType, ChannelConfigSpec, GitPagesChannel, ObjectStoreChannel},
    domain::{digest, publication::Publication},
};

/// Two objects (text and HTML of a template), each at most: read, write, read, write, read.
const REQUESTS_OF_A_COMMIT: u32 = 10;

/// A channel to a store: class A, the path is the key.
#[derive(Debug)]
pub(super) struct ObjectStorePublisher {
    channel_type: &'static str,
    store: Store,
    place: Place,
    public_url: Option<String>,
    timeout: Duration,
    endpoint_digest: String,
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
            Root::Bucket(bucket) => {
                Store::S3(configuration::bucket_store(bucket, channel, secrets, options)?)
            }
            Root::Folder(folder) if options.allow_local_paths => Store::Folder(Folder::new(folder)),
            Root::Branch => {
                let problem = "is neither s3://bucket/prefix nor file:///folder";
                return Err(SelectError::invalid("spec.objectStore.url", problem));
            }
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
            channel_type: "objectStore",
            store,
            place,
            public_url: channel.public_url.clone(),
            timeout: channel.timeout.0,
            endpoint_digest: digest::of_json(&where_to),
        })
    }

    /// A branch of a git repository that a web site is made from.
    pub(super) fn pages(
        spec: &ChannelConfigSpec,
        channel: &GitPagesChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let place = Place::below(channel.path.as_deref().unwrap_or_default())
            .map_err(|problem| SelectError::invalid("spec.gitPages.path", problem))?;
        let branch = configuration::branch(channel, secrets, options)?;
        let where_to = json!([
            "gitPages",
            channel.url,
            channel.branch,
            channel.path,
            spec.platform,
            spec.account
        ]);
        Ok(Self {
            channel_type: "gitPages",
            store: Store::Branch(BranchStore {
                branch,
                author: (channel.author.name.clone(), channel.author.email.clone()),
                timeout: channel.timeout.0,
            }),
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
            AssetType::Post | AssetType::Email => vec![(Form::Json, planned::document(publication)?)],
        };
        forms
            .into_iter()
            .map(|(form, content)| Planned::new(self.path(publication, form), form, content))
            .collect()
    }

    fn path(&self, publication: &Publication, form: Form) -> Path {
        self.place
            .of(&publication.slot, publication.type_, form.extension())
    }

    fn published(&self, objects: &[Planned]) -> Published {
        let last = objects.last().map(|object| &object.path);
        let url = last.and_then(|path| Some(path.address(self.public_url.as_deref()?)));
        Published::named(last.map(|path| path.whole.clone()), url.as_deref())
    }

    /// Brings one object to what the publication says, or finds that it is so already.
    async fn put(&self, object: &Planned, publication: &Publication) -> Result<(), PublishError> {
        let Some(condition) = self.condition(object, publication).await? else {
            return Ok(());
        };
        let Some(version) = self.write(object, publication, condition).await? else {
            return Ok(());
        };
        // An earlier state of ours was in the way; once more, over that.
        let second = self
            .write(object, publication, Condition::Unchanged(version))
            .await;
        match second.map_err(PublishError::after_a_write)? {
            None => Ok(()),
            Some(_) => Err(contended(object)),
        }
    }

    /// The condition under which to write; `None` where nothing is left to do.
    async fn condition(
        &self,
        object: &Planned,
        publication: &Publication,
    ) -> Result<Option<Condition>, PublishError> {
        let Some(before) = &publication.replaces else {
            return Ok(Some(Condition::Absent));
        };
        match self.look(object, publication).await? {
            Standing::Published => Ok(None),
            Standing::Replaceable(version) => Ok(Some(Condition::Unchanged(version))),
            // Who opened the slot again has taken it down before.
            Standing::Absent if before.epoch < publication.epoch => Ok(Some(Condition::Absent)),
            Standing::Absent => Err(gone(object)),
        }
    }

    /// Writes once; where the store refuses, gives the earlier state of ours that is in the way, or `None` where what
    /// is in the way is this publication: whoever carries our requests may send one twice.
    async fn write(
        &self,
        object: &Planned,
        publication: &Publication,
        condition: Condition,
    ) -> Result<Option<Version>, PublishError> {
        let path = &object.path.whole;
        let body = object.body(&publication.marker(), publication.scheduled_for);
        let write = self.store.write(path, body, condition).await?;
        if write == Write::Stored {
            return Ok(None);
        }
        let standing = self.look(object, publication).await;
        match (standing.map_err(PublishError::after_a_write)?, write) {
            (Standing::Published, _) => Ok(None),
            (Standing::Replaceable(version), Write::ConditionFailed) => Ok(Some(version)),
            (Standing::Absent, Write::ConditionFailed) => Err(PublishError::not_sent(
                "ObjectGone",
                format!("{path} stood in the way and is gone"),
            )),
            _ => Err(contended(object)),
        }
    }

    async fn look(&self, object: &Planned, publication: &Publication) -> Result<Standing, PublishError> {
        match self.store.read(&object.path.whole).await? {
            Some(found) => object.standing(&found, publication),
            None => Ok(Standing::Absent),
        }
    }
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

#[async_trait]
impl Publisher for ObjectStorePublisher {
    fn channel_type(&self) -> &'static str {
        self.channel_type
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

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        if let Store::Branch(store) = &self.store {
            store.branch.preflight().await?;
            return Ok(Preflight {
                message: "the branch is there, and its host lets us write".to_owned(),
            });
        }
        self.probe().await?;
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
