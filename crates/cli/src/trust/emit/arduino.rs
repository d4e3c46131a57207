//! A header for Arduino sketches, on ESP32 (WiFiClientSecure) and ESP8266 (BearSSL).

use super::pem::c_string;
use super::{Contents, c_header};

pub(super) fn file(contents: &Contents<'_>) -> String {
    let body = format!(
        "#include <Arduino.h>\n\n// ESP32:    client.setCACert(PICOPOST_ANCHORS);\n// ESP8266:  static \
         BearSSL::X509List anchors(PICOPOST_ANCHORS);\n//           client.setTrustAnchors(&anchors);\n// Both \
         need the time before they connect: configTime(0, 0, \"pool.ntp.org\");\nstatic const char \
         PICOPOST_ANCHORS[] PROGMEM =\n{};\n",
        c_string(contents).trim_end()
    );
    c_header(contents, &body)
}
