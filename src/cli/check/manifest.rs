//! Campaigns, ChannelConfigs and PolicyPacks among the files that are checked.

use kube::ResourceExt as _;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    api::{CHANNEL_MEMBERS, Campaign, CampaignSpec, ChannelConfig, GROUP, PolicyPack, PolicyPackSpec},
    domain::{
        channels::fitting,
        content::{
            Files,
            diagnostic::{Diagnostic, Position},
            text::{Span, Text},
        },
        wanted::ChannelFacts,
    },
};

const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A Campaign as it is checked.
pub(in super::super) struct CheckedCampaign {
    pub(in super::super) namespace: String,
    pub(in super::super) name: String,
    pub(in super::super) spec: CampaignSpec,
    /// Path and line of its manifest; none where there is no manifest.
    pub(in super::super) place: Option<(String, u32)>,
}

/// A PolicyPack as it is checked.
pub(in super::super) struct CheckedPack {
    pub(in super::super) namespace: String,
    pub(in super::super) name: String,
    pub(in super::super) spec: PolicyPackSpec,
    /// Path and line of its manifest.
    pub(in super::super) place: (String, u32),
}

/// The manifests among the files.
#[derive(Default)]
pub(in super::super) struct Manifests {
    pub(in super::super) campaigns: Vec<CheckedCampaign>,
    /// Channels with their namespaces.
    pub(in super::super) channels: Vec<(String, ChannelFacts)>,
    /// The same, whole.
    pub(in super::super) channel_configs: Vec<ChannelConfig>,
    pub(in super::super) packs: Vec<CheckedPack>,
    pub(in super::super) diagnostics: Vec<Diagnostic>,
    /// The files that hold any of our kinds.
    pub(in super::super) files: Vec<String>,
}

/// What every Kubernetes object begins with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
}

impl Manifests {
    /// Reads every YAML file that speaks of our kinds.
    pub(in super::super) fn read(names: &[String], files: &dyn Files) -> Self {
        let mut manifests = Self::default();
        let yaml = |name: &&String| {
            let path = std::path::Path::new(name.as_str());
            path.extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml")
        };
        for name in names.iter().filter(yaml) {
            // A file that cannot be read, or is no text, holds no manifest of ours.
            let Ok(bytes) = files.read(name, MAX_BYTES) else {
                continue;
            };
            if let Ok(text) = Text::decode(name, &bytes, bytes.len()) {
                manifests.file(&text);
            }
        }
        manifests
    }

    fn file(&mut self, text: &Text<'_>) {
        if !text.content().contains(GROUP) {
            return;
        }
        let before = self.count();
        for (first_line, document) in documents(text.content()) {
            let Ok(head) = serde_saphyr::from_str::<Head>(document) else {
                continue;
            };
            if !head.api_version.starts_with(&format!("{GROUP}/")) {
                continue;
            }
            match head.kind.as_str() {
                "Campaign" => self.campaign(text, first_line, document),
                "ChannelConfig" => self.channel(text, first_line, document),
                "PolicyPack" => self.pack(text, first_line, document),
                _ => {}
            }
        }
        if before < self.count() {
            self.files.push(text.path().to_owned());
        }
    }

    /// How much of ours was found.
    fn count(&self) -> usize {
        self.campaigns.len() + self.channels.len() + self.packs.len() + self.diagnostics.len()
    }

    fn pack(&mut self, text: &Text<'_>, first_line: u32, document: &str) {
        if let Some(pack) = self.parsed::<PolicyPack>(text, first_line, document) {
            self.packs.push(CheckedPack {
                namespace: pack.namespace().unwrap_or_default(),
                name: pack.name_any(),
                spec: pack.spec,
                place: (text.path().to_owned(), first_line),
            });
        }
    }

    fn campaign(&mut self, text: &Text<'_>, first_line: u32, document: &str) {
        if let Some(campaign) = self.parsed::<Campaign>(text, first_line, document) {
            self.campaigns.push(CheckedCampaign {
                namespace: campaign.namespace().unwrap_or_default(),
                name: campaign.name_any(),
                spec: campaign.spec,
                place: Some((text.path().to_owned(), first_line)),
            });
        }
    }

    fn channel(&mut self, text: &Text<'_>, first_line: u32, document: &str) {
        let Some(channel) = self.parsed::<ChannelConfig>(text, first_line, document) else {
            return;
        };
        let namespace = channel.namespace().unwrap_or_default();
        let whole = channel.clone();
        let spec = channel.spec;
        let (type_, fitting) = match spec.channel() {
            Ok(channel) => (channel.member(), fitting(channel)),
            Err(error) => {
                let span = Span::new(
                    Position {
                        line: first_line,
                        column: 1,
                    },
                    0,
                );
                let message = format!("The ChannelConfig {error}.");
                let help = format!("Write exactly one of {}.", CHANNEL_MEMBERS.join(", "));
                self.diagnostics
                    .push(text.error(span, "NotOneChannel", message, &help));
                return;
            }
        };
        let facts = ChannelFacts {
            platform: spec.platform,
            account: spec.account,
            environment: spec.environment,
            type_,
            fitting,
        };
        self.channels.push((namespace, facts));
        self.channel_configs.push(whole);
    }

    fn parsed<T: DeserializeOwned>(&mut self, text: &Text<'_>, first_line: u32, document: &str) -> Option<T> {
        let error = match serde_saphyr::from_str::<T>(document) {
            Ok(parsed) => return Some(parsed),
            Err(error) => error,
        };
        let place = error.location().map_or(
            Position {
                line: first_line,
                column: 1,
            },
            |place| Position {
                line: first_line + u32::try_from(place.line()).unwrap_or(1).saturating_sub(1),
                column: u32::try_from(place.column()).unwrap_or(1),
            },
        );
        let message = format!("The manifest cannot be read: {}.", error.without_snippet());
        let help = "kubectl explain campaign.spec shows every field.";
        let span = Span::new(place, 1);
        self.diagnostics
            .push(text.error(span, "BadManifest", message, help));
        None
    }
}

/// The documents of a YAML file, each with the line that it begins on.
fn documents(content: &str) -> Vec<(u32, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut first_line, mut offset) = (0, 1, 0);
    for (line, number) in content.split_inclusive('\n').zip(1u32..) {
        offset += line.len();
        if line.trim_end() == "---" {
            documents.push((
                first_line,
                content.get(start..offset - line.len()).unwrap_or_default(),
            ));
            (start, first_line) = (offset, number + 1);
        }
    }
    documents.push((first_line, content.get(start..).unwrap_or_default()));
    documents.retain(|(_, document)| !document.trim().is_empty());
    documents
}
