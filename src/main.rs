//! The operator as a program.
fn main() {}
