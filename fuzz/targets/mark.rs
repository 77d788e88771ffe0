#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::mark_in_data`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::mark_in_data(data));
