#![no_main]
//! See `livestream_operator::provider::gcore::fuzzing::videos_page`.

use livestream_operator::provider::gcore::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::videos_page(data));
