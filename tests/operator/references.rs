//! Secrets, accounts and streams that an object refers to.
