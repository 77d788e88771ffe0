//! Which object: namespace and name.

use std::{fmt, sync::Arc};

use kube::{Resource, ResourceExt as _, runtime::reflector::ObjectRef};

/// The namespace and name of an object of a namespaced kind. Copies share the text: each object's
/// key stands in half a dozen places.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// From its parts.
    pub fn new(namespace: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self {
            namespace: namespace.as_ref().into(),
            name: name.as_ref().into(),
        }
    }

    /// The key of an object.
    pub fn of<K: Resource>(object: &K) -> Self {
        Self::new(object.namespace().unwrap_or_default(), object.name_any())
    }

    /// The same as the runtime wants it.
    pub fn reference<K: Resource<DynamicType = ()>>(&self) -> ObjectRef<K> {
        ObjectRef::new(&self.name).within(&self.namespace)
    }
}

/// A kind whose passes call providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// LiveStream.
    LiveStream,
    /// Broadcast.
    Broadcast,
    /// StreamingAccount, whose passes try keys.
    StreamingAccount,
}

/// An object of one of the kinds whose passes call providers: two kinds may use one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seat {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace and name.
    pub key: ObjectKey,
}

impl Kind {
    /// The object of this kind with this key.
    pub fn seat(self, key: &ObjectKey) -> Seat {
        Seat {
            kind: self,
            key: key.clone(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
