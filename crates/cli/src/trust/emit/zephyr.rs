//! A C header for Zephyr's TLS credentials: one tag for each anchor.

use super::{Contents, c_arrays, c_header, c_rows};

pub(super) fn file(contents: &Contents<'_>) -> String {
    let body = format!(
        "#include <stddef.h>\n#include <zephyr/net/tls_credentials.h>\n\n{}#define PICOPOST_ANCHORS {}\n\n\
         static const struct {{\n    const unsigned char *der;\n    size_t length;\n}} picopost_anchors[PICOPOST_ANCHORS] = \
         {{\n{}}};\n\n/* Adds the anchors under the tags first, first + 1, ..., and writes those to tags, for\n * \
         setsockopt(socket, SOL_TLS, TLS_SEC_TAG_LIST, tags, PICOPOST_ANCHORS * sizeof *tags).\n * Returns 0, or \
         the error of tls_credential_add. */\nstatic inline int picopost_anchors_add(sec_tag_t first, sec_tag_t \
         *tags)\n{{\n    for (size_t at = 0; at < PICOPOST_ANCHORS; at++) {{\n        int error = \
         tls_credential_add(first + (sec_tag_t)at, TLS_CREDENTIAL_CA_CERTIFICATE,\n                                       \
         picopost_anchors[at].der, picopost_anchors[at].length);\n        if (error) {{\n            return \
         error;\n        }}\n        tags[at] = first + (sec_tag_t)at;\n    }}\n    return 0;\n}}\n",
        c_arrays(contents, ""),
        contents.roots.len(),
        c_rows(contents)
    );
    c_header(contents, &body)
}
