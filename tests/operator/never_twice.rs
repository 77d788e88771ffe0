//! Never twice, never lost: unknown outcomes, lagging lists, wiped status.
