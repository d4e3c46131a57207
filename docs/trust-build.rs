//! A build script that looks after the trust anchors of a firmware: the build fails where they end
//! soon, or verify the hosts no more.

use std::env;
use std::process::Command;

/// As `picopost trust HOST --format rust -o src/anchors.rs` wrote it.
const ANCHORS: &str = "src/anchors.rs";
/// Where the firmware POSTs to.
const HOSTS: &[&str] = &["auth.example.com"];
/// How long the anchors must last: longer than it takes to update the devices in the field.
const DAYS: &str = "180";

fn main() {
    println!("cargo:rerun-if-changed={ANCHORS}");
    println!("cargo:rerun-if-env-changed=ASK_HOSTS");
    let program = env::var("PICOPOST").unwrap_or_else(|_| "picopost".to_owned());
    let mut check = Command::new(&program);
    check.args(["trust", "--check", ANCHORS, "--days", DAYS]);
    // A build needs no network; the nightly build asks the hosts too, with `ASK_HOSTS=1`.
    if env::var_os("ASK_HOSTS").is_some() {
        check.args(HOSTS);
    }
    let output = match check.output() {
        Ok(output) => output,
        Err(error) => {
            println!("cargo:warning=the trust anchors are not checked: `{program}`: {error}");
            return;
        }
    };
    match output.status.code() {
        Some(0) => {}
        // No host was reached: that says nothing about the anchors.
        Some(3) => println!("cargo:warning=the trust anchors are not checked: a host was not reached"),
        _ => {
            eprintln!("{}", String::from_utf8_lossy(&output.stdout));
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            eprintln!("make new ones: {program} trust {} --format rust -o {ANCHORS}", HOSTS.join(" "));
            std::process::exit(1);
        }
    }
}
