//! Bad input: what the apiserver refuses, and what a condition says.
