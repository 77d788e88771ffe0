//! The contract between `provider::gcore` and Gcore's API, over real HTTP: against the simulator,
//! and against small servers that say what no simulator should.

mod answers;
mod bench;
mod broadcasts;
mod faults;
mod hostile;
mod key_reset;
mod lists;
mod methods;
mod overseen;
mod raw;
mod recordings;
mod round_trip;
mod secrets;
mod server;
