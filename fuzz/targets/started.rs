#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::started_reply`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::started_reply(data));
