//! Accounts: keys, endpoints, clients, outages.
