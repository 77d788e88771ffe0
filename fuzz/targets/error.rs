#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::error_reply`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::error_reply(data));
