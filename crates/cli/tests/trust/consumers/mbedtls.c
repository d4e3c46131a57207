/* `--format mbedtls`. */

#include "client.h"

#include "anchors.h"

int trust(mbedtls_ssl_config *config) {
    static mbedtls_x509_crt chain;
    int error;

    mbedtls_x509_crt_init(&chain);
    error = picopost_anchors_parse(&chain);
    mbedtls_ssl_conf_ca_chain(config, &chain, NULL);
    return error;
}
