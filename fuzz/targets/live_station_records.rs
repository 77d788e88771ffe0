#![no_main]
//! See `livestream_operator::provider::live_station::fuzzing::records_reply`.

use livestream_operator::provider::live_station::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::records_reply(data));
