/* A client over Mbed TLS, as ESP-IDF has it underneath. In the environment: NO_NAME leaves the server
 * name out and verifies none; FRAGMENT asks for records of 512 octets. */

#include "client.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

static int write_some(void *ssl, unsigned char *octets, size_t size) {
    return mbedtls_ssl_write(ssl, octets, size);
}

static int read_some(void *ssl, unsigned char *octets, size_t size) {
    return mbedtls_ssl_read(ssl, octets, size);
}

int main(int count, char **arguments) {
    mbedtls_net_context socket;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_ctr_drbg_context random;
    mbedtls_entropy_context entropy;
    mbedtls_x509_crt roots;
    const char *name = getenv("NO_NAME") ? NULL : arguments[2];

    if (count < 5) return BROKEN;
    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&config);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_entropy_init(&entropy);
    mbedtls_x509_crt_init(&roots);
    if (mbedtls_x509_crt_parse_file(&roots, arguments[3]) ||
        mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0) ||
        mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT)) {
        return BROKEN;
    }
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config, &roots, NULL);
    if (getenv("FRAGMENT") && mbedtls_ssl_conf_max_frag_len(&config, MBEDTLS_SSL_MAX_FRAG_LEN_512)) return BROKEN;
    if (mbedtls_ssl_setup(&ssl, &config) || mbedtls_ssl_set_hostname(&ssl, name)) return BROKEN;
    socket.fd = loopback(arguments[1]);
    mbedtls_ssl_set_bio(&ssl, &socket, mbedtls_net_send, mbedtls_net_recv, NULL);
    int error = mbedtls_ssl_handshake(&ssl);
    if (error) {
        fprintf(stderr, "handshake: -0x%04x\n", -error);
        return REFUSED;
    }
    send_files(arguments + 4, write_some, &ssl);
    size_t length = receive_all(read_some, &ssl);
    mbedtls_ssl_close_notify(&ssl);
    return length ? 0 : BROKEN;
}
