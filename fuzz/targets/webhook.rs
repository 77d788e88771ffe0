#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::webhook_request`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::webhook_request(data));
