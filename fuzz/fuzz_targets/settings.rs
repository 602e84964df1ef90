#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gxv2mqtt::fuzzing::run("settings", bytes));
