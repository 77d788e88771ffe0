//! Who owns a thing at a provider.

/// The object that a stream was created for. The uid is what counts: an object that was deleted and
/// made again under the same name is another owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Which cluster: the uid of the namespace kube-system unless set otherwise.
    pub cluster: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The object's uid.
    pub uid: String,
}

/// What a stream says about its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It carries no mark: it was made by hand, or by something else.
    None,
    /// It was created for this object.
    Owned(Owner),
    /// It was created for this object and then left behind on purpose.
    Released(Owner),
    /// It carries something that looks like a mark and cannot be read. Nothing can be concluded
    /// from a list that holds one about who is absent.
    Unreadable,
}

impl Mark {
    /// The owner, where the mark names a present one.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Owned(owner) => Some(owner),
            Self::None | Self::Released(_) | Self::Unreadable => None,
        }
    }
}
