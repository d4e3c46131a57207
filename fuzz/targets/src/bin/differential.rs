//! `cargo run --release -p picopost-fuzz-targets --bin differential -- SEED ECDSA RSA`

use std::process::ExitCode;

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = std::env::args().skip(1).map(|argument| argument.parse().ok()).collect();
    let Some([seed, ecdsa, rsa]) = numbers.as_deref() else {
        eprintln!(
            "usage: differential SEED ECDSA RSA\n\n\
             Compares picopost-verify with the crates p256, p384 and rsa: so many cases of each kind,\n\
             from a seed. Exit status: 0 all agree, 101 not (what they disagree on is printed), 2 usage"
        );
        return ExitCode::from(2);
    };
    let [ecdsa, rsa] = [ecdsa, rsa].map(|&count| usize::try_from(count).unwrap_or(usize::MAX));
    let figures = picopost_fuzz_targets::differential(*seed, ecdsa, rsa, &mut |so_far| eprintln!("{so_far}"));
    figures.iter().filter(|figures| figures.cases > 0).for_each(|figures| println!("{figures}"));
    ExitCode::SUCCESS
}
