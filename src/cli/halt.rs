//! `campanile halt` and `campanile resume`: stop what a selector matches, and let it go on.

use std::process::ExitCode;

use clap::{ArgGroup, Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{api::authentication::v1::SelfSubjectReview, apimachinery::pkg::apis::meta::v1::Time};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PostParams},
    core::ObjectMeta,
};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{
    api::{
        Asset, Campaign, ChannelConfig, GoDuration, Halt, HaltResume, HaltSelector, HaltSpec, ResumePolicy,
    },
    config::ClusterOptions,
    controller::{Matched, connect, matched_by},
    domain::halts::Selector,
};

/// How many objects a list page has.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(
    ["campaigns", "channels", "platforms", "accounts", "locales", "labels", "all"]
))]
pub(super) struct Options {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Only this campaign; may be repeated
    #[arg(long = "campaign", value_name = "NAME")]
    campaigns: Vec<String>,
    /// Only this channel: a ChannelConfig, its type, a platform, or platform/account; may be repeated
    #[arg(long = "channel", value_name = "NAME")]
    channels: Vec<String>,
    /// Only this platform; may be repeated
    #[arg(long = "platform", value_name = "NAME")]
    platforms: Vec<String>,
    /// Only this account; may be repeated
    #[arg(long = "account", value_name = "NAME")]
    accounts: Vec<String>,
    /// Only this locale; may be repeated
    #[arg(long = "locale", value_name = "TAG")]
    locales: Vec<String>,
    /// Only what has this label, or whose Campaign or ChannelConfig has it; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Everything in the namespace
    #[arg(long, conflicts_with_all = ["campaigns", "channels", "platforms", "accounts", "locales", "labels"])]
    all: bool,
    /// Why, in at least 10 characters: everybody who is stopped reads it
    #[arg(long, value_name = "WHY")]
    reason: String,
    /// When it ends by itself: an instant, or how long from now, such as 2h
    #[arg(long, value_name = "RFC3339|DURATION")]
    until: Option<String>,
    /// What becomes of that which was due meanwhile
    #[arg(long, value_enum, default_value_t)]
    then: Then,
    /// How long after its time something may still go out, with --then publish-within
    #[arg(long, value_name = "DURATION", required_if_eq("then", "publish-within"))]
    within: Option<GoDuration>,
    /// Whom to ask; you, if left out
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// What the Halt is called; a name is made up if left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// What becomes of that which was due while a Halt stood.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Then {
    /// It is approved anew
    #[default]
    AskApproval,
    /// It is not sent
    Skip,
    /// It goes out where it is not too late
    PublishWithin,
}

#[derive(Debug, Args)]
pub(super) struct ResumeOptions {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Name of the Halt
    name: String,
}

#[derive(Debug, Error)]
enum Failure {
    #[error("failed to reach the cluster")]
    Connect(#[from] crate::controller::Error),
    #[error("failed to make the Halt")]
    Make(#[source] Box<kube::Error>),
    #[error("the Halt stands, but failed to look at what it matches")]
    Look(#[source] Box<kube::Error>),
    #[error("failed to delete the Halt")]
    Delete(#[source] Box<kube::Error>),
    #[error("there is no Halt {0} in this namespace: kubectl get halts lists those that there are")]
    NoHalt(String),
    #[error("{0:?} is no instant such as 2026-03-02T09:00:00Z and no duration such as 2h")]
    Until(String),
    #[error("{0} has passed: a Halt that ends before it begins stops nothing")]
    Past(Timestamp),
    #[error(
        "Halt {name} stands, and matches nothing: {scope}. It stops what comes to match it. Compare it with `kubectl get \
         assets,campaigns,channels`, or take it back with `campanile resume {name}`"
    )]
    MatchesNothing { name: String, scope: String },
    #[error("failed to start")]
    Start(#[from] std::io::Error),
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) fn run(options: &Options) -> ExitCode {
    finish(|runtime| runtime.block_on(halt(options)))
}

pub(super) fn run_resume(options: &ResumeOptions) -> ExitCode {
    finish(|runtime| runtime.block_on(resume(options)))
}

fn finish(work: impl FnOnce(&tokio::runtime::Runtime) -> Result<String, Failure>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Failure::from).and_then(|runtime| work(&runtime)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

async fn reach(cluster: &ClusterOptions) -> Result<(Client, String), Failure> {
    let client = connect(cluster, None).await?;
    let namespace = cluster.namespace.clone();
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    Ok((client, namespace))
}

/// Makes the Halt first: what it matches is looked at when it stands.
async fn halt(options: &Options) -> Result<String, Failure> {
    let spec = HaltSpec {
        selector: selector(options),
        reason: options.reason.clone(),
        owner: options.owner.clone().unwrap_or_default(),
        until: until(options.until.as_deref(), Timestamp::now())?.map(Time),
        resume: HaltResume {
            policy: match options.then {
                Then::AskApproval => ResumePolicy::AskApproval,
                Then::Skip => ResumePolicy::Skip,
                Then::PublishWithin => ResumePolicy::PublishWithin,
            },
            within: options.within,
        },
    };
    let (client, namespace) = reach(&options.cluster).await?;
    let made = make(options, spec, &client, &namespace).await?;
    let name = made.name_any();
    let scope = Selector::new(&made.spec.selector).scope();
    let matched = matched(&made, &client, &namespace).await?;
    if matched.assets == 0 {
        return Err(Failure::MatchesNothing { name, scope });
    }
    let ends = match &made.spec.until {
        Some(until) => format!("until {}", until.0),
        None => format!("until `campanile resume {name}`"),
    };
    Ok(format!(
        "Halt {name} stands {ends}: {scope}.\n{} of {} matching assets could still be sent, in {} campaigns.\nSends that had \
         already left are listed in its status: kubectl get halt {name} -o yaml\n",
        matched.open, matched.assets, matched.campaigns
    ))
}

async fn make(options: &Options, spec: HaltSpec, client: &Client, namespace: &str) -> Result<Halt, Failure> {
    let owner = match &options.owner {
        Some(owner) => owner.clone(),
        None => who_asks(client).await,
    };
    let halt = Halt {
        metadata: ObjectMeta {
            generate_name: options.name.is_none().then(|| "halt-".to_owned()),
            name: options.name.clone(),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        spec: HaltSpec { owner, ..spec },
        status: None,
    };
    let api: Api<Halt> = Api::namespaced(client.clone(), namespace);
    let made = api.create(&PostParams::default(), &halt).await;
    made.map_err(|error| Failure::Make(Box::new(error)))
}

fn selector(options: &Options) -> HaltSelector {
    HaltSelector {
        campaigns: options.campaigns.clone(),
        channels: options.channels.clone(),
        platforms: options.platforms.clone(),
        accounts: options.accounts.clone(),
        locales: options.locales.clone(),
        labels: options.labels.iter().cloned().collect(),
    }
}

/// An instant, or so long from now.
fn until(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let instant = text.parse::<Timestamp>().ok().or_else(|| {
        let duration = text.parse::<GoDuration>().ok()?;
        now.checked_add(SignedDuration::try_from(duration.0).ok()?).ok()
    });
    match instant {
        None => Err(Failure::Until(text.to_owned())),
        Some(instant) if instant <= now => Err(Failure::Past(instant)),
        Some(instant) => Ok(Some(instant)),
    }
}

/// As whom the API server knows us; as the machine does where it does not tell.
async fn who_asks(client: &Client) -> String {
    let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await;
    let user = review.ok().and_then(|review| review.status?.user_info?.username);
    user.filter(|user| !user.is_empty())
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| "unknown".to_owned())
}

async fn matched(halt: &Halt, client: &Client, namespace: &str) -> Result<Matched, Failure> {
    let (campaigns, configs) = futures::try_join!(
        list::<Campaign>(client, namespace),
        list::<ChannelConfig>(client, namespace)
    )?;
    let assets = list::<Asset>(client, namespace).await?;
    Ok(matched_by(&halt.spec.selector, &assets, campaigns, configs))
}

async fn list<K>(client: &Client, namespace: &str) -> Result<Vec<K>, Failure>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let mut parameters = ListParams::default().limit(PAGE);
    let mut all = Vec::new();
    loop {
        let page = api
            .list(&parameters)
            .await
            .map_err(|error| Failure::Look(Box::new(error)))?;
        all.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(all),
        }
    }
}

async fn resume(options: &ResumeOptions) -> Result<String, Failure> {
    let (client, namespace) = reach(&options.cluster).await?;
    let api: Api<Halt> = Api::namespaced(client, &namespace);
    let name = &options.name;
    let delete = |error| Failure::Delete(Box::new(error));
    let halt = api.get_opt(name).await.map_err(delete)?;
    let halt = halt.ok_or_else(|| Failure::NoHalt(name.clone()))?;
    let uid = halt.uid();
    let only_this = DeleteParams {
        preconditions: uid.map(|uid| kube::api::Preconditions {
            uid: Some(uid),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    api.delete(name, &only_this).await.map_err(delete)?;
    let follows = match (halt.spec.resume.policy, halt.spec.resume.within) {
        (ResumePolicy::AskApproval, _) => "What was due meanwhile waits to be approved anew.".to_owned(),
        (ResumePolicy::Skip, _) => "What was due meanwhile is not sent.".to_owned(),
        (ResumePolicy::PublishWithin, within) => {
            let within = within.unwrap_or_default();
            format!("What was due meanwhile goes out where it is at most {within} late.")
        }
    };
    Ok(format!("Halt {name} is gone. {follows}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T07:00:00Z".parse().unwrap()
    }

    #[test]
    fn until_is_an_instant_or_so_long_from_now() {
        let read = |text| until(Some(text), now()).unwrap().unwrap().to_string();
        assert_eq!(read("2h"), "2026-03-02T09:00:00Z");
        assert_eq!(read("2026-03-03T00:00:00+02:00"), "2026-03-02T22:00:00Z");
        assert!(until(None, now()).unwrap().is_none());
    }

    #[test]
    fn an_end_that_has_passed_or_cannot_be_read_is_refused() {
        let said = |text| until(Some(text), now()).unwrap_err().to_string();
        assert!(said("2026-03-01T00:00:00Z").contains("has passed"));
        assert!(said("tomorrow").contains("no instant"));
    }

    #[test]
    fn what_is_to_be_stopped_has_to_be_named_and_everything_is_named_alone() {
        use clap::Parser as _;
        #[derive(Debug, clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        let parsed = |arguments: &[&str]| {
            Line::try_parse_from([&["halt", "--reason", "Press inquiry."], arguments].concat())
        };
        assert!(parsed(&[]).is_err());
        assert!(parsed(&["--all", "--platform", "x"]).is_err());
        assert!(parsed(&["--platform", "x", "--then", "publish-within"]).is_err());
        let line = parsed(&[
            "--platform",
            "x",
            "--platform",
            "reddit",
            "--label",
            "team=growth",
        ])
        .unwrap();
        let selector = selector(&line.options);
        assert_eq!(selector.platforms, ["x", "reddit"]);
        assert_eq!(selector.labels["team"], "growth");
        assert!(parsed(&["--all"]).is_ok());
    }
}
