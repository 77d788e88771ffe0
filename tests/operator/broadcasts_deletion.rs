//! What goes with a Broadcast, in which order, and what blocks it.
