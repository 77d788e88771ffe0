//! The contract between `provider::gcore` and Gcore's API, over real HTTP: against the simulator,
//! and against small servers that say what no simulator should.

mod answers;
mod bench;
mod faults;
mod lists;
mod methods;
mod round_trip;
mod secrets;
mod server;
