#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::stream_reply`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::stream_reply(data));
