//! What is kept in memory of Assets and Receipts: what decisions need, without words, managed fields and annotations.

macro_rules! stands_for {
    ($view:ty, $kind:literal, $plural:literal, $meta:expr, $meta_mut:expr) => {
        impl Resource for $view {
            type DynamicType = ();
            type Scope = NamespaceResourceScope;

            fn kind((): &()) -> Cow<'_, str> {
                $kind.into()
            }

            fn group((): &()) -> Cow<'_, str> {
                GROUP.into()
            }

            fn version((): &()) -> Cow<'_, str> {
                VERSION.into()
            }

            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &ObjectMeta {
                let meta: fn(&Self) -> &ObjectMeta = $meta;
                meta(self)
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                let meta: fn(&mut Self) -> &mut ObjectMeta = $meta_mut;
                meta(self)
            }
        }
    };
}

mod asset;
mod facts;
mod packed;
mod raw;
mod receipt;
mod told;

use kube::core::ObjectMeta;

pub(crate) use self::{
    asset::{AssetView, Standing, phase, publish_at},
    receipt::ReceiptView,
};

/// A resource version as a number; 0 where there is none.
pub(crate) fn version_of(meta: &ObjectMeta) -> u64 {
    meta.resource_version
        .as_ref()
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}
