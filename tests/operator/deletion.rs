//! What must go, what must stay, and what blocks it.
