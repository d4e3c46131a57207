/* `--format zephyr`: Zephyr's sockets parse each credential of the socket's tags into one chain of
 * Mbed TLS, and so does this stand-in for tls_credential_add. */

#include "client.h"

#include "anchors.h"

static mbedtls_x509_crt chain;

int tls_credential_add(sec_tag_t tag, enum tls_credential_type type, const void *credential, size_t length) {
    if (tag < 7 || type != TLS_CREDENTIAL_CA_CERTIFICATE) {
        return -1;
    }
    return mbedtls_x509_crt_parse(&chain, credential, length);
}

int trust(mbedtls_ssl_config *config) {
    sec_tag_t tags[PICOPOST_ANCHORS];
    int error;

    mbedtls_x509_crt_init(&chain);
    error = picopost_anchors_add(7, tags);
    mbedtls_ssl_conf_ca_chain(config, &chain, NULL);
    return error || tags[PICOPOST_ANCHORS - 1] != 7 + PICOPOST_ANCHORS - 1;
}
