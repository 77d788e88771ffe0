#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::broadcasts_reply`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::broadcasts_reply(data));
