#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| picopost_fuzz_targets::http_response(input));
