//! The Gcore simulator as a program.
fn main() {}
