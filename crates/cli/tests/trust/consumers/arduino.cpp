// `--format arduino`: what the ESP32 core's WiFiClientSecure does with setCACert, with its length
// from strlen.

#include "client.h"

#include "anchors.h"
#include <cstring>

extern "C" int trust(mbedtls_ssl_config *config) {
    static mbedtls_x509_crt chain;
    mbedtls_x509_crt_init(&chain);
    int error = mbedtls_x509_crt_parse(&chain, reinterpret_cast<const unsigned char *>(PICOPOST_ANCHORS),
                                       std::strlen(PICOPOST_ANCHORS) + 1);
    mbedtls_ssl_conf_ca_chain(config, &chain, nullptr);
    return error;
}
