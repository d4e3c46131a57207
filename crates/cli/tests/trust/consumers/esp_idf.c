/* `--format esp-idf`: a reader of the bundle, written from Espressif's description of it. As
 * esp_crt_bundle does, it looks at the one certificate that Mbed TLS finds no issuer for, searches
 * the bundle for its issuer's name by bisection, and verifies the signature with the key there.
 * The bundle is the file in the environment variable BUNDLE. */

#include "client.h"

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char bundle[65536];
static size_t bundle_size;

static size_t le(size_t at, size_t octets) {
    size_t number = 0;
    if (at + octets > bundle_size) {
        return 0;
    }
    while (octets--) {
        number = number << 8 | bundle[at + octets];
    }
    return number;
}

/* The place of an entry: two lengths of 16 bits, the name, the key. */
static size_t find(const mbedtls_x509_buf *name) {
    size_t low = 0, high = le(0, 4) / 4;
    while (low < high) {
        size_t middle = low + (high - low) / 2, entry = le(4 * middle, 4), length = le(entry, 2);
        int order = memcmp(name->p, bundle + entry + 4, name->len < length ? name->len : length);
        if (order == 0) {
            return entry;
        } else if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return 0;
}

static int verify(void *unused, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    mbedtls_pk_context key;
    unsigned char hash[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *digest = mbedtls_md_info_from_type(certificate->sig_md);
    size_t entry;

    (void)unused;
    (void)depth;
    if (*flags != MBEDTLS_X509_BADCERT_NOT_TRUSTED || !(entry = find(&certificate->issuer_raw))) {
        return 0;
    }
    mbedtls_pk_init(&key);
    if (!mbedtls_pk_parse_public_key(&key, bundle + entry + 4 + le(entry, 2), le(entry + 2, 2)) &&
        !mbedtls_md(digest, certificate->tbs.p, certificate->tbs.len, hash) &&
        !mbedtls_pk_verify_ext(certificate->sig_pk, certificate->sig_opts, &key, certificate->sig_md, hash,
                               mbedtls_md_get_size(digest), certificate->sig.p, certificate->sig.len)) {
        *flags = 0;
    }
    mbedtls_pk_free(&key);
    return 0;
}

int trust(mbedtls_ssl_config *config) {
    static mbedtls_x509_crt none;
    const char *path = getenv("BUNDLE");
    FILE *file = path ? fopen(path, "rb") : NULL;

    if (!file) {
        return MBEDTLS_ERR_X509_FILE_IO_ERROR;
    }
    bundle_size = fread(bundle, 1, sizeof bundle, file);
    fclose(file);
    mbedtls_x509_crt_init(&none);
    mbedtls_ssl_conf_ca_chain(config, &none, NULL);
    mbedtls_ssl_conf_verify(config, verify, NULL);
    return 0;
}
