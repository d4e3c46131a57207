use std::fs;
use std::path::Path;

use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Authority, Origin, Shape, SubjectName, pem};

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// One CA for all that is looked at here: making RSA keys takes a while.
#[test]
fn a_ca_is_made_once_and_kept() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("not/there/yet");
    let made = Authority::open_or_create(&folder, now()).unwrap();
    assert_eq!(made.origin(), Origin::New);
    let root = fs::read(made.root(Shape::Gts)).unwrap();
    let kept = Authority::open_or_create(&folder, now()).unwrap();
    assert_eq!(kept.origin(), Origin::Kept);
    assert_eq!(fs::read(kept.root(Shape::Gts)).unwrap(), root);
    assert_eq!(fs::read_dir(folder.parent().unwrap()).unwrap().count(), 1, "no draft is left");

    certificates_look_like_an_edges(&kept);
    private_keys_are_private(&folder);
    damage_is_named(&folder);
}

fn certificates_look_like_an_edges(authority: &Authority) {
    let mut names = SubjectName::always();
    names.push("My-Device.local".parse().unwrap());
    for shape in Shape::ALL {
        let identity = authority.issue(shape, &names, now(), None).unwrap();
        let [leaf, intermediate] = identity.chain.as_slice() else { panic!("two certificates are sent") };
        let root = fs::read(authority.root(shape)).unwrap();
        let (_, leaf) = X509Certificate::from_der(leaf).unwrap();
        let (_, intermediate) = X509Certificate::from_der(intermediate).unwrap();
        let (_, root) = X509Certificate::from_der(&root).unwrap();
        assert_eq!(extensions(&root), "basicConstraints CA, keyUsage 0x60, subjectKeyIdentifier");
        assert_eq!(
            extensions(&intermediate),
            "authorityKeyIdentifier, basicConstraints CA 0, extendedKeyUsage serverAuth, keyUsage 0x61, \
             subjectKeyIdentifier"
        );
        assert_eq!(
            extensions(&leaf),
            format!(
                "authorityKeyIdentifier, basicConstraints, extendedKeyUsage serverAuth, keyUsage {}, \
                 subjectAltName 6, subjectKeyIdentifier",
                if shape == Shape::Rsa { "0x5" } else { "0x1" }
            )
        );
        let days = |certificate: &X509Certificate<'_>| {
            certificate.validity().time_to_expiration().unwrap().whole_days()
        };
        assert_eq!((days(&leaf), days(&intermediate), days(&root)), (89, 3649, 3649));
        assert_eq!(leaf.issuer(), intermediate.subject());
        assert_eq!(intermediate.issuer(), root.subject());
    }
}

/// The extensions by name, with what matters in them, in alphabetical order.
fn extensions(certificate: &X509Certificate<'_>) -> String {
    use x509_parser::extensions::ParsedExtension;
    let mut names: Vec<String> = certificate
        .extensions()
        .iter()
        .map(|extension| match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => format!(
                "basicConstraints{}{}",
                if constraints.ca { " CA" } else { "" },
                constraints.path_len_constraint.map(|length| format!(" {length}")).unwrap_or_default()
            ),
            ParsedExtension::KeyUsage(usage) => format!("keyUsage {:#x}", usage.flags),
            ParsedExtension::ExtendedKeyUsage(usage) if usage.server_auth => {
                "extendedKeyUsage serverAuth".to_owned()
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                format!("subjectAltName {}", names.general_names.len())
            }
            ParsedExtension::SubjectKeyIdentifier(_) => "subjectKeyIdentifier".to_owned(),
            ParsedExtension::AuthorityKeyIdentifier(_) => "authorityKeyIdentifier".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    names.sort();
    names.join(", ")
}

#[cfg(unix)]
fn private_keys_are_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for shape in Shape::ALL {
        for key in ["root.key", "intermediate.key"] {
            let metadata = fs::metadata(folder.join(shape.name()).join(key)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
    }
}

#[cfg(not(unix))]
fn private_keys_are_private(_folder: &Path) {}

/// Opens the CA and makes a leaf; gives the error.
fn failure(folder: &Path, at: OffsetDateTime) -> String {
    let outcome = Authority::open_or_create(folder, at)
        .and_then(|authority| authority.issue(Shape::Gts, &SubjectName::always(), at, None));
    outcome.unwrap_err().to_string().replace(&folder.display().to_string(), "CA")
}

fn damage_is_named(folder: &Path) {
    let gts = folder.join("gts");
    let change = |file: &Path, to: Option<&[u8]>, expected: &str| {
        let before = fs::read(file).unwrap();
        match to {
            Some(content) => fs::write(file, content).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
        assert_eq!(failure(folder, now()), expected);
        fs::write(file, before).unwrap();
    };
    let other_key = fs::read(folder.join("lets-encrypt/root.key")).unwrap();
    let other_root = fs::read(folder.join("lets-encrypt/root.der")).unwrap();
    change(
        &gts.join("root.key"),
        None,
        "the CA's file `CA/gts/root.key` cannot be read: no such file or folder",
    );
    change(
        &gts.join("root.key"),
        Some(&other_key),
        "the CA in `CA` is damaged: `gts/root.key` is not the root's key",
    );
    change(
        &gts.join("root.der"),
        Some(&other_root),
        "the CA in `CA` is damaged: `gts/root.key` is not the root's key",
    );
    change(
        &gts.join("root.der"),
        None,
        "the CA's file `CA/gts/root.der` cannot be read: no such file or folder",
    );
    change(
        &folder.join("anchors.pem"),
        Some(pem(&other_root).as_bytes()),
        "the CA in `CA` is damaged: shape gts: `anchors.pem` does not hold this root",
    );
    change(
        &folder.join("anchors.pem"),
        None,
        "`CA` is not a CA folder of picopost: it holds other things and no `anchors.pem`",
    );
    change(
        &gts.join("intermediate.key"),
        Some(&other_key),
        "the CA in `CA` is damaged: shape gts: a fresh chain does not verify: invalid peer certificate: BadSignature",
    );
    let expired = failure(folder, now() + Duration::days(3660));
    assert!(expired.starts_with("the CA in `CA` expired on 20"), "{expired}");
    // What was put back works again.
    Authority::open_or_create(folder, now())
        .unwrap()
        .issue(Shape::Gts, &SubjectName::always(), now(), None)
        .unwrap();
}

#[test]
fn names_are_checked() {
    assert_eq!("A.example".parse(), Ok(SubjectName::Dns("a.example".to_owned())));
    assert_eq!("::1".parse(), Ok(SubjectName::Ip("::1".parse().unwrap())));
    assert!("a b".parse::<SubjectName>().is_err() && "*.example".parse::<SubjectName>().is_err());
    assert_eq!(SubjectName::always().len(), 5);
}

#[test]
fn pem_has_lines_of_64_characters() {
    assert_eq!(
        pem(&[0; 49]),
        format!("-----BEGIN CERTIFICATE-----\n{}\nAA==\n-----END CERTIFICATE-----\n", "A".repeat(64))
    );
    assert_eq!(
        pem(&[0; 48]),
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", "A".repeat(64))
    );
}
