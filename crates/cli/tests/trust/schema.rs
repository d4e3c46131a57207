//! The JSON is what its schema says: `docs/trust.schema.json`.

use std::path::Path;

use picopost_testkit::chains::{NAME, shapes};
use rustls::version::{TLS12, TLS13};
use serde_json::Value;

use crate::server::{Server, Shows};
use crate::support::{NOW, file, real, report};
use crate::validate::validate;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/trust.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn reports_are_as_the_schema_says() {
    let schema = schema();
    let folder = tempfile::tempdir().unwrap();
    let chain = shapes::cross_signed_root();
    let (old, new) =
        (Server::start(Shows::one(&chain), &[&TLS12]), Server::start(Shows::one(&chain), &[&TLS13]));
    let [old, new] = [old.port, new.port].map(|port| format!("{NAME}:{port}"));
    let resolve = [&old, &new].map(|host| format!("--resolve={host}:127.0.0.1"));
    let root = file(&folder, "root.pem", &chain.root_pem);
    let [dead, cross] = ["cloudflare-inc-ecc-ca-3.pem", "cloudflare-gts-cross-signed.pem"].map(real);
    let reports = [
        report(&[&old, &new, &resolve[0], &resolve[1], "--roots", &root, "--now", NOW]),
        report(&[&new, &resolve[1], "--now", NOW]),
        report(&["--pem", &dead, "--pem", &cross, "--now", "2025-01-27T00:00:00Z"]),
        report(&["--check", &root, &new, &resolve[1], "--roots", &root, "--now", NOW]),
        report(&["--check", &dead, &new, &resolve[1], "--now", NOW]),
        report(&["127.0.0.1:1", "--now", NOW]),
    ];
    for (_, report) in &reports {
        assert_eq!(validate(report, &schema, &schema, ""), Vec::<String>::new(), "{report:#}");
    }
    // The test would see it if they were not.
    let mut wrong = reports[0].1.clone();
    wrong["sources"][0]["kind"] = "planet".into();
    wrong["sources"][0]["extra"] = 1.into();
    wrong["now"] = 5.into();
    assert_eq!(validate(&wrong, &schema, &schema, "").len(), 3);
}
