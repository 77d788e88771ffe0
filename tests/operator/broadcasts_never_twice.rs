//! Never twice, never lost: unknown outcomes, replies without an id, wiped status.
