//! What follows a send and may never repeat it.

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    super::{
        super::{channel_config::ChannelState, context::Shared, report::Notice},
        observe::Direct,
    },
    Sending,
};
use crate::{
    api::ChannelConfig,
    domain::{gates::approval, receipt::Outcome},
    publish::{self, PublishError},
};

impl Sending<'_> {
    /// What the campaign asks of approvers was set aside: somebody should hear of that without looking for it.
    async fn tell_of_an_emergency(&self) {
        let allowed_by = self.allowed_by();
        let Some(glass) = allowed_by.iter().find(|approval| approval.break_glass.is_some()) else {
            return;
        };
        let note = format!(
            "It was published in an emergency, by {}.",
            approval::told(std::slice::from_ref(glass)).unwrap_or_default()
        );
        let notice = Notice {
            warns: true,
            reason: "BreakGlass",
            action: "Publish",
            note: &note,
            occurrence: &self.attempt,
        };
        let regarding = self.direct.view.object_ref(&());
        self.shared
            .reporter
            .emit(regarding, notice, self.shared.clock.now())
            .await;
    }

    /// What follows a send and may never repeat it: counts, the channel's own state.
    pub(super) async fn aftermath(
        &self,
        result: &Result<publish::Published, PublishError>,
        outcome: &Outcome,
    ) {
        let channel = self.publisher.channel_type();
        self.shared.metrics.published(
            channel,
            result.as_ref().map_or_else(PublishError::reason, |_| "Published"),
        );
        if let (Ok(_), Some(due)) = (result, self.direct.observed.asset.publish_at) {
            let delay = self.shared.clock.now().duration_since(due);
            self.shared.metrics.publish_delay(delay.as_secs_f64());
        }
        if result.is_ok() {
            self.tell_of_an_emergency().await;
        }
        close_channel(self.shared, self.direct, &self.channel, outcome).await;
    }
}

/// What a platform said about the account, or about how often it may be asked, holds for the whole channel; whatever was
/// called when it said so.
pub(super) async fn close_channel(
    shared: &Shared,
    direct: &Direct,
    channel: &ChannelState,
    outcome: &Outcome,
) {
    let patch = match outcome {
        Outcome::Refused(said) => {
            // What was refused is what was sent with: a Secret that was mended meanwhile was not.
            let refused = json!({"message": said, "configurationDigest": channel.configuration_digest});
            json!({"status": {"refused": refused}})
        }
        Outcome::RateLimited(_, until) => json!({"status": {"rateLimitedUntil": until.to_string()}}),
        _ => return,
    };
    let (namespace, target) = (direct.view.namespace(), &direct.asset.spec.target);
    let [facts] = direct.observed.channels.as_slice() else {
        return;
    };
    let api: Api<ChannelConfig> = Api::namespaced(shared.client.clone(), namespace);
    let written = api
        .patch_status(&facts.name, &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    let Ok(config) = written else { return };
    shared.wake_assets(|view| {
        view.namespace() == namespace
            && view.target() == Some((target.platform.as_str(), target.account.as_str()))
    });
    if let Outcome::Refused(_) = outcome {
        let note = format!(
            "The platform refused ChannelConfig {}; its assets wait.",
            config.name_any()
        );
        let notice = Notice {
            warns: true,
            reason: "ChannelRefused",
            action: "Publish",
            note: &note,
            occurrence: &channel.configuration_digest,
        };
        let regarding = config.object_ref(&());
        shared.reporter.emit(regarding, notice, shared.clock.now()).await;
    }
}
