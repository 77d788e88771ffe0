#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::retry_after`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::retry_after(data));
