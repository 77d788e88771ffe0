#![no_main]
//! See `livestream_operator::provider::live_station::fuzzing::callback_body`.

use livestream_operator::provider::live_station::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::callback_body(data));
