#![no_main]
//! See `livestream_operator::provider::live_station::fuzzing::channels_page`.

use livestream_operator::provider::live_station::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::channels_page(data));
