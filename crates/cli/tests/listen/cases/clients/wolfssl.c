/* A client over wolfSSL, with TLS 1.2: before 5.6, its TLS 1.3 breaks off at tickets like rustls's, whose
 * nonces are longer than 8 octets. */

#include "client.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

static int write_some(void *ssl, unsigned char *octets, size_t size) {
    return wolfSSL_write(ssl, octets, (int)size);
}

static int read_some(void *ssl, unsigned char *octets, size_t size) {
    return wolfSSL_read(ssl, octets, (int)size);
}

int main(int count, char **arguments) {
    if (count < 5) return BROKEN;
    wolfSSL_Init();
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfTLSv1_2_client_method());
    if (wolfSSL_CTX_load_verify_locations(context, arguments[3], NULL) != WOLFSSL_SUCCESS) return BROKEN;
    /* As Debian builds it, it verifies nothing unless told to. */
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
    wolfSSL_CTX_UseSNI(context, WOLFSSL_SNI_HOST_NAME, arguments[2], (unsigned short)strlen(arguments[2]));
    WOLFSSL *ssl = wolfSSL_new(context);
    wolfSSL_check_domain_name(ssl, arguments[2]);
    wolfSSL_set_fd(ssl, loopback(arguments[1]));
    if (wolfSSL_connect(ssl) != WOLFSSL_SUCCESS) {
        fprintf(stderr, "handshake: %d\n", wolfSSL_get_error(ssl, 0));
        return REFUSED;
    }
    send_files(arguments + 4, write_some, ssl);
    size_t length = receive_all(read_some, ssl);
    wolfSSL_shutdown(ssl);
    return length ? 0 : BROKEN;
}
