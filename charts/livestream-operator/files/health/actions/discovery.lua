-- What a person can do to one of our objects in Argo CD. Nothing here edits spec: Git has the spec, and
-- self-heal would undo it.
return {
  reconcile = {
    disabled = false,
    displayName = "Reconcile now",
    iconClass = "fa fa-fw fa-redo",
  },
}
