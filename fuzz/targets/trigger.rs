//! `cargo fuzz run -s none trigger`, from `fuzz/`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    match usher_fuzz::trigger::holds(bytes) {
        true => libfuzzer_sys::Corpus::Keep,
        false => libfuzzer_sys::Corpus::Reject,
    }
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("a fuzz target; .ci/fuzz builds and runs it");
}
