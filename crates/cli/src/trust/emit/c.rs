//! A C header for any stack: one string of PEM with its final NUL, and the same as arrays of DER.

use super::pem::c_string;
use super::{Contents, c_arrays, c_header, c_rows};

pub(super) fn file(contents: &Contents<'_>) -> String {
    let body = format!(
        "#include <stddef.h>\n\n/* Where constants need a word to stay in flash (AVR, ESP8266), it is defined by \
         the platform. */\n#if defined(ARDUINO)\n#include <Arduino.h>\n#endif\n#ifndef PROGMEM\n#define \
         PROGMEM\n#endif\n\n/* All of them in PEM; stacks that want a length want the final NUL counted: sizeof. \
         */\nstatic const char picopost_anchors_pem[] PROGMEM =\n{};\n\n{}\
         /* Each in DER, with its length in octets. */\nstatic const struct {{\n    const unsigned char *der;\n    \
         size_t length;\n}} picopost_anchors[] = {{\n{}}};\n",
        c_string(contents).trim_end(),
        c_arrays(contents, " PROGMEM"),
        c_rows(contents)
    );
    c_header(contents, &body)
}
