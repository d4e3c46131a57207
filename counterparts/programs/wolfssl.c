/* An HTTPS server over wolfSSL: `wolfssl CERT KEY [CERT KEY ...]`. */

#include "serve.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdio.h>

static WOLFSSL_CTX *contexts[MAX_PAIRS];

static void load(int pair, const char *certificates, const char *key) {
    WOLFSSL_CTX *context = contexts[pair] = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
    require(wolfSSL_CTX_use_certificate_chain_file(context, certificates) == WOLFSSL_SUCCESS, "certificates");
    require(wolfSSL_CTX_use_PrivateKey_file(context, key, WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS, "key");
    if (only_p256()) {
        int group = WOLFSSL_ECC_SECP256R1;
        require(wolfSSL_CTX_set_groups(context, &group, 1) == WOLFSSL_SUCCESS, "group");
    }
    if (client_ca()) {
        int loaded = wolfSSL_CTX_load_verify_locations(context, client_ca(), NULL);
        require(loaded == WOLFSSL_SUCCESS, "the clients' authority");
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
}

static void *accept_session(int pair, int socket) {
    WOLFSSL *ssl = wolfSSL_new(contexts[pair]);
    wolfSSL_set_fd(ssl, socket);
    if (wolfSSL_accept(ssl) == WOLFSSL_SUCCESS) return ssl;
    char text[WOLFSSL_MAX_ERROR_SZ];
    fprintf(stderr, "handshake: %s\n", wolfSSL_ERR_error_string(wolfSSL_get_error(ssl, 0), text));
    wolfSSL_free(ssl);
    return NULL;
}

static long receive(void *ssl, char *space, size_t size) { return wolfSSL_read(ssl, space, (int)size); }

static long send_octets(void *ssl, const char *octets, size_t length) {
    return wolfSSL_write(ssl, octets, (int)length);
}

static void look(void *ssl, struct view *view) {
    static char library[64], client[256];
    snprintf(library, sizeof library, "wolfSSL %s", wolfSSL_lib_version());
    view->library = library;
    view->resumed = wolfSSL_session_reused(ssl) ? "yes" : "no";
    view->group = wolfSSL_get_curve_name(ssl);
    WOLFSSL_X509 *certificate = wolfSSL_get_peer_certificate(ssl);
    if (!certificate) return;
    WOLFSSL_X509_NAME *subject = wolfSSL_X509_get_subject_name(certificate);
    view->client = wolfSSL_X509_NAME_oneline(subject, client, sizeof client);
}

static void close_session(void *ssl) {
    // The second call waits for the client's close_notify.
    if (wolfSSL_shutdown(ssl) == WOLFSSL_SHUTDOWN_NOT_DONE) wolfSSL_shutdown(ssl);
    wolfSSL_free(ssl);
}

int main(int count, char **arguments) {
    static const struct tls tls = {"wolfssl", load, accept_session, receive, send_octets, look, close_session};
    require(wolfSSL_Init() == WOLFSSL_SUCCESS, "wolfSSL");
    return serve(&tls, count - 1, arguments + 1);
}
