//! Objects as a store keeps them.

use kube::{Resource, ResourceExt as _, api::ObjectMeta};

use crate::{
    api::{Broadcast, LiveStream, StreamingAccount},
    packed::{Pack, Packed},
};

/// What a store keeps of an object of kind `K`.
pub trait Keep<K>: Resource<DynamicType = ()> + Clone {
    /// Keeps an object.
    fn keep(object: &K) -> Self;

    /// The object; `None` where that was lost, which is a defect.
    fn open(&self) -> Option<K>;
}

/// There are few accounts.
impl Keep<Self> for StreamingAccount {
    fn keep(object: &Self) -> Self {
        object.clone()
    }

    fn open(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// A packed object, and by what a store finds it.
#[derive(Debug)]
pub struct Kept<K> {
    meta: ObjectMeta,
    packed: Packed<K>,
}

impl<K: Pack> Clone for Kept<K> {
    fn clone(&self) -> Self {
        Self {
            meta: self.meta.clone(),
            packed: self.packed.clone(),
        }
    }
}

impl<K: Pack + Resource<DynamicType = ()>> Keep<K> for Kept<K> {
    fn keep(object: &K) -> Self {
        Self {
            meta: ObjectMeta {
                name: Some(object.name_any()),
                namespace: object.namespace(),
                ..ObjectMeta::default()
            },
            packed: Packed::new(object),
        }
    }

    fn open(&self) -> Option<K> {
        self.packed.open()
    }
}

impl<K: Resource<DynamicType = ()>> Resource for Kept<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> std::borrow::Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> std::borrow::Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> std::borrow::Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> std::borrow::Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

impl Pack for LiveStream {
    const LIKE: &'static str = r#"{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"the stream is being recorded","observedGeneration":1,"reason":"Recording","status":"True","type":"Recording"},"reason":"Live","status":"True","type":"Live"},"message":"video comes in","apiVersion":"livestream-operator.io/v1alpha1","kind":"LiveStream","metadata":{"annotations":{},"labels":{"app.kubernetes.io/instance":"","app.kubernetes.io/managed-by":"Helm"},"creationTimestamp":"2026-11-22T13:25:19Z","finalizers":["livestream-operator.io/finalizer"],"generation":1,"name":"","namespace":"default","resourceVersion":"","uid":""},"spec":{"accountRef":{"name":"default"},"active":true,"autoRecord":false,"deletionPolicy":"Delete","displayName":"","ingestSecret":{"name":"-ingest"},"recording":false},"status":{"active":false,"adopted":false,"conditions":[{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"the provider has what the spec says","observedGeneration":1,"reason":"InStep","status":"True","type":"Ready"},{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"the provider has what the spec says","observedGeneration":1,"reason":"InStep","status":"True","type":"Synced"},{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"nobody sends video","observedGeneration":1,"reason":"Idle","status":"False","type":"Live"},{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"the stream is not being recorded","observedGeneration":1,"reason":"NotRecording","status":"False","type":"Recording"}],"live":false,"observedGeneration":1,"playback":{"dash":"https://1001.gvideo.io/cmaf/1001_2304141/index.mpd","hls":"https://1001.gvideo.io/cmaf/1001_2304141/master.m3u8","hlsMpegts":"https://1001.gvideo.io/mpegts/1001_2304141/master_mpegts.m3u8","iframe":"https://player.gvideo.co/streams/1001_2304141"},"recording":false,"streamId":"2304141"}}"#;

    fn write(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    fn read(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }
}

impl Pack for Broadcast {
    const LIKE: &'static str = r#"{"apiVersion":"livestream-operator.io/v1alpha1","kind":"Broadcast","metadata":{"annotations":{},"labels":{"app.kubernetes.io/instance":"","app.kubernetes.io/managed-by":"Helm"},"creationTimestamp":"2026-11-22T13:25:19Z","finalizers":["livestream-operator.io/finalizer"],"generation":1,"name":"","namespace":"default","resourceVersion":"","uid":""},"spec":{"accountRef":{"name":"default"},"deletionPolicy":"Delete","displayName":"","state":"live","streams":[{"name":""}]},"status":{"adopted":false,"broadcastId":"","conditions":[{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"the provider has what the spec says","observedGeneration":1,"reason":"InStep","status":"True","type":"Ready"},{"lastTransitionTime":"2026-11-22T13:25:19Z","message":"the provider has what the spec says","observedGeneration":1,"reason":"InStep","status":"True","type":"Synced"}],"observedGeneration":1,"playback":{"iframe":"https://player.gvideo.co/broadcasts/1001_2304141"},"state":"pending","streamIds":["2304141"]}}"#;

    fn write(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    fn read(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }
}
