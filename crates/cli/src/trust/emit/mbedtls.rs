//! A C header for Mbed TLS: DER, which it parses without copying the text of PEM first.

use super::{Contents, c_arrays, c_header, c_rows};

pub(super) fn file(contents: &Contents<'_>) -> String {
    let body = format!(
        "#include <stddef.h>\n#include <mbedtls/x509_crt.h>\n\n{}static const struct {{\n    const unsigned char \
         *der;\n    size_t length;\n}} picopost_anchors[] = {{\n{}}};\n\n/* Adds the anchors to a chain for \
         mbedtls_ssl_conf_ca_chain, which mbedtls_x509_crt_init has prepared.\n * Returns 0, or the error of \
         mbedtls_x509_crt_parse_der. */\nstatic inline int picopost_anchors_parse(mbedtls_x509_crt \
         *chain)\n{{\n    for (size_t at = 0; at < sizeof picopost_anchors / sizeof *picopost_anchors; at++) {{\n        \
         int error = mbedtls_x509_crt_parse_der(chain, picopost_anchors[at].der, picopost_anchors[at].length);\n        \
         if (error) {{\n            return error;\n        }}\n    }}\n    return 0;\n}}\n",
        c_arrays(contents, ""),
        c_rows(contents)
    );
    c_header(contents, &body)
}
