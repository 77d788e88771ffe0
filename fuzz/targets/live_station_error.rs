#![no_main]
//! See `livestream_operator::provider::live_station::fuzzing::error_reply`.

use livestream_operator::provider::live_station::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::error_reply(data));
