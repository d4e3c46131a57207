//! The JSON is what its schema says: `docs/trust.schema.json`.

use std::path::Path;

use picopost_testkit::chains::{NAME, shapes};
use rustls::version::{TLS12, TLS13};
use serde_json::Value;

use crate::server::{Server, Shows};
use crate::support::{NOW, file, real, report};

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/trust.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Validates by the part of JSON Schema that the schema uses; a keyword that is not known here
/// fails, so that none is passed over.
fn validate(value: &Value, schema: &Value, root: &Value, place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                wrong.extend(validate(value, root.pointer(path).unwrap(), root, place));
            }
            "type" => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("type {other}"),
                };
                if !fits {
                    wrong.push(format!("{place}: not {rule}"));
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    wrong.push(format!("{place}: {value} is not in {rule}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        wrong.push(format!("{place}: {name} is missing"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    wrong.extend(validate(item, rule, root, &format!("{place}/{index}")));
                }
            }
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = rule.get(name) {
                        wrong.extend(validate(member, rule, root, &format!("{place}/{name}")));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    if schema["properties"].get(name).is_none() {
                        wrong.push(format!("{place}: {name} is not in the schema"));
                    }
                }
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
    wrong
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
