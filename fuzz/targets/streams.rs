#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::streams_page`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::streams_page(data));
