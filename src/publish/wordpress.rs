//! WordPress, by its REST API: a draft that nobody sees, then one request that publishes it by its number.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{Platform, api, at, authorization, below, fitted, is_token, key_of, whole_json},
    select::secret_name,
    wire::Answer,
};
use crate::{
    api::{Channel, ChannelConfigSpec, SecretKeyReference, WordpressChannel},
    domain::{
        channels::{Fitting, fitting, html},
        content::html::escape,
        digest,
        publication::Publication,
    },
    secret::SecretString,
};

const KEY: &str = "applicationPassword";
/// What WordPress says of a number that no post has.
const NO_POST: &str = "rest_post_invalid_id";

/// The posts of one site, as one of its users: class C, by the number of the draft.
pub(super) struct Wordpress {
    platform: Platform,
    site: Url,
    username: String,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Wordpress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Wordpress({})", self.site)
    }
}

pub(super) fn required_secrets(channel: &WordpressChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, KEY)]
}

impl Wordpress {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &WordpressChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let password = password(secrets, &key_of(&channel.secret_ref, KEY))?;
        let login: SecretString = STANDARD
            .encode(format!("{}:{}", channel.username, password.expose()))
            .into();
        let site = api(Some(&channel.url), "", "spec.wordpress.url")?;
        let (header, value) = authorization("Basic", &login);
        let platform = Platform::new("WordPress", channel.timeout.0, options);
        Ok(Self {
            platform: platform.with_header(header, value).hiding([password, login]),
            username: channel.username.clone(),
            fitting: fitting(Channel::Wordpress(channel)),
            endpoint_digest: digest::of_json(&json!(["wordpress", site, spec.platform, spec.account])),
            site: below(&site, "")?,
        })
    }

    /// An address of the REST API, which every site has under this parameter, however its own addresses look.
    fn route(&self, route: &str, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.site.clone();
        url.query_pairs_mut()
            .append_pair("rest_route", &format!("/wp/v2/{route}"))
            .extend_pairs(parameters);
        url
    }

    fn post(&self, publication: &Publication) -> Result<Post, PublishError> {
        let content = &publication.content;
        let text = fitted(self.fitting, publication)?;
        Ok(Post {
            // WordPress takes both for HTML.
            title: escape(content.title.as_deref().unwrap_or_default()),
            content: html(&text, content.direction),
            excerpt: escape(content.excerpt.as_deref().unwrap_or_default()),
            slug: marker(publication),
            status: "draft",
        })
    }

    /// The draft that an earlier preparation of the same key left.
    async fn draft(&self, publication: &Publication) -> Result<Option<u64>, PublishError> {
        let url = self.route(
            "posts",
            &[
                ("slug", &marker(publication)),
                ("status", "draft"),
                ("context", "edit"),
                ("_fields", "id"),
            ],
        );
        let (_, found) = self.platform.read(&url).await?;
        Ok(at(&found, "/0/id").as_u64())
    }

    fn outcome(&self, answer: &Answer, id: u64) -> Result<Published, PublishError> {
        let body = whole_json(answer).unwrap_or_default();
        if !answer.status.is_success() {
            return Err(match at(&body, "/code").as_str() {
                Some(NO_POST) => PublishError::rejected(
                    "DraftGone",
                    format!("the draft {id} was deleted by somebody before it was published"),
                ),
                _ => self.platform.refusal(answer),
            });
        }
        if at(&body, "/id") == id && at(&body, "/status") == "publish" {
            return Ok(named(&body, id));
        }
        Err(self.platform.unexpected(answer))
    }

    async fn look(&self, id: u64, publication: &Publication) -> Result<Found, PublishError> {
        let route = format!("posts/{id}");
        let fields = ("_fields", "id,status,link,slug");
        let url = self.route(&route, &[("context", "edit"), fields]);
        let answer = self.platform.get(&url, []).await?;
        let body = whole_json(&answer).unwrap_or_default();
        if at(&body, "/code") == NO_POST {
            return Err(gone(id, "was deleted"));
        }
        let (_, post) = self.platform.told(&answer)?;
        match at(&post, "/status").as_str().unwrap_or_default() {
            "publish" | "private" => Ok(Found::Published(named(&post, id))),
            // Publication gives it another address, which it keeps.
            "draft" | "pending" if at(&post, "/slug") != marker(publication).as_str() => {
                Err(gone(id, "was taken back to a draft"))
            }
            "draft" | "pending" => Ok(Found::Absent),
            "trash" => Err(gone(id, "lies in the trash")),
            _ => Ok(Found::CannotTell),
        }
    }
}

fn gone(id: u64, what: &str) -> PublishError {
    PublishError::drifted(
        "PostGone",
        format!("the post {id} {what}: nobody sees it, and it is not sent again"),
    )
}

fn named(post: &Value, id: u64) -> Published {
    Published::named(Some(id.to_string()), at(post, "/link").as_str())
}

/// What a draft is known by: its address, as long as nobody sees it.
fn marker(publication: &Publication) -> String {
    format!("campanile-{}", publication.key())
}

/// The number of a draft that we made.
fn number(prepared_id: &str) -> Result<u64, PublishError> {
    prepared_id.parse().map_err(|_| {
        PublishError::not_sent("PreparedElsewhere", "what was prepared is no draft of WordPress")
    })
}

/// People copy it in groups of four.
fn password(secrets: &Secrets, key: &SecretKeyReference) -> Result<SecretString, SelectError> {
    let given = secrets.get(key).map_or("", SecretString::expose);
    let password: String = given.split_whitespace().collect();
    if !is_token(&password) {
        let problem = "is empty, or holds what no application password holds";
        return Err(SelectError::invalid(secret_name(key), problem));
    }
    Ok(password.into())
}

/// A post as it is sent.
#[derive(Clone, Serialize)]
struct Post {
    title: String,
    content: String,
    excerpt: String,
    /// Empty makes WordPress choose one from the title.
    slug: String,
    status: &'static str,
}

#[async_trait]
impl Publisher for Wordpress {
    fn channel_type(&self) -> &'static str {
        "wordpress"
    }

    fn class(&self) -> Class {
        Class::LookUp
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.platform.timeout()
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let url = self.route(
            "users/me",
            &[("context", "edit"), ("_fields", "username,capabilities")],
        );
        let (_, me) = self.platform.read(&url).await?;
        let name = at(&me, "/username").as_str().unwrap_or_default();
        if !name.eq_ignore_ascii_case(&self.username) {
            let said = format!(
                "the password is not of {}: {}",
                self.username,
                self.platform.quoted(name)
            );
            return Err(PublishError::refused("AnotherAccount", said));
        }
        if at(&me, "/capabilities/publish_posts") != true {
            let said = format!("{name} may not publish posts: make them an author or an editor");
            return Err(PublishError::refused("RoleTooLow", said));
        }
        Ok(Preflight {
            message: format!("the password is that of {name}, who may publish posts"),
        })
    }

    /// Makes the draft, or finds it where the answer to an earlier one was lost.
    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        let post = self.post(publication)?;
        if let Some(id) = &publication.prepared_id {
            return Ok(Prepared { id: id.clone() });
        }
        if let Some(id) = self.draft(publication).await? {
            return Ok(Prepared { id: id.to_string() });
        }
        let url = self.route("posts", &[("_fields", "id,status")]);
        let made = self.platform.ask(&url, Some(&json!(post)), []).await?;
        match at(&made, "/id").as_u64() {
            Some(id) if at(&made, "/status") == "draft" => Ok(Prepared { id: id.to_string() }),
            _ => Err(PublishError::not_sent(
                "UnexpectedAnswer",
                "WordPress made no draft",
            )),
        }
    }

    /// Sends the words again with the order to publish: somebody may have edited the draft meanwhile.
    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        let id = number(prepared_id)?;
        let post = Post {
            slug: String::new(),
            status: "publish",
            ..self.post(publication)?
        };
        let route = format!("posts/{id}");
        let url = self.route(&route, &[("_fields", "id,status,link")]);
        let answer = self.platform.publish(&url, &json!(post)).await?;
        self.outcome(&answer, id)
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        match &publication.prepared_id {
            Some(id) => self.look(number(id)?, publication).await,
            None => Ok(Found::CannotTell),
        }
    }
}
