/* `--format c`: the string of PEM, and the arrays of DER, which must hold the same. */

#include "client.h"

#include "anchors.h"
#include <string.h>

int trust(mbedtls_ssl_config *config) {
    static mbedtls_x509_crt pem, der;
    const mbedtls_x509_crt *one;
    size_t at = 0;
    int error;

    mbedtls_x509_crt_init(&pem);
    mbedtls_x509_crt_init(&der);
    error = mbedtls_x509_crt_parse(&pem, (const unsigned char *)picopost_anchors_pem, sizeof picopost_anchors_pem);
    if (error) {
        return error;
    }
    for (one = &pem; one; one = one->next, at++) {
        if (at == sizeof picopost_anchors / sizeof *picopost_anchors ||
            one->raw.len != picopost_anchors[at].length || memcmp(one->raw.p, picopost_anchors[at].der, one->raw.len)) {
            return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
        }
        error = mbedtls_x509_crt_parse_der(&der, picopost_anchors[at].der, picopost_anchors[at].length);
        if (error) {
            return error;
        }
    }
    mbedtls_ssl_conf_ca_chain(config, &der, NULL);
    return 0;
}
