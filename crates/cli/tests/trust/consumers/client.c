/* A TLS client over Mbed TLS: `client PORT` does a handshake with device.example on that port of the
 * loopback. Which servers it trusts is for `trust` to say, one in each of the other files here.
 * Exit status: 0 verified, 1 refused, 2 anything else. */

#include "client.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <stdio.h>

static void explain(const char *what, int error) {
    char text[200];
    mbedtls_strerror(error, text, sizeof text);
    fprintf(stderr, "%s: -0x%04x %s\n", what, -error, text);
}

int main(int count, char **arguments) {
    mbedtls_net_context socket;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_ctr_drbg_context random;
    mbedtls_entropy_context entropy;
    int error;

    if (count != 2) {
        return 2;
    }
    mbedtls_net_init(&socket);
    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&config);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_entropy_init(&entropy);
    if ((error = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0)) ||
        (error = mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                             MBEDTLS_SSL_PRESET_DEFAULT))) {
        explain("setup", error);
        return 2;
    }
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    if ((error = trust(&config)) != 0) {
        explain("anchors", error);
        return 2;
    }
    if ((error = mbedtls_ssl_setup(&ssl, &config)) || (error = mbedtls_ssl_set_hostname(&ssl, "device.example")) ||
        (error = mbedtls_net_connect(&socket, "127.0.0.1", arguments[1], MBEDTLS_NET_PROTO_TCP))) {
        explain("connection", error);
        return 2;
    }
    mbedtls_ssl_set_bio(&ssl, &socket, mbedtls_net_send, mbedtls_net_recv, NULL);
    error = mbedtls_ssl_handshake(&ssl);
    if (error == 0) {
        mbedtls_ssl_close_notify(&ssl);
        return 0;
    }
    explain("handshake", error);
    return mbedtls_ssl_get_verify_result(&ssl) != 0 ? 1 : 2;
}
