#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| picopost_fuzz_targets::memo_import(input));
