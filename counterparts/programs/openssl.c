/* An HTTPS server over libssl, OpenSSL's or BoringSSL's: `openssl CERT KEY [CERT KEY ...]`. NAME is what it
 * is called, and LIBRARY its version, where the library has none of its own. */

#include "serve.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static SSL_CTX *contexts[MAX_PAIRS];

static void load(int pair, const char *certificates, const char *key) {
    SSL_CTX *context = contexts[pair] = SSL_CTX_new(TLS_server_method());
    require(SSL_CTX_use_certificate_chain_file(context, certificates) == 1, "certificates");
    require(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1, "key");
    if (only_p256()) require(SSL_CTX_set1_groups_list(context, "P-256") == 1, "group");
    if (client_ca()) {
        require(SSL_CTX_load_verify_locations(context, client_ca(), NULL) == 1, "the clients' authority");
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
}

static void *accept_session(int pair, int socket) {
    SSL *ssl = SSL_new(contexts[pair]);
    SSL_set_fd(ssl, socket);
    if (SSL_accept(ssl) == 1) return ssl;
    ERR_print_errors_fp(stderr);
    SSL_free(ssl);
    return NULL;
}

static long receive(void *ssl, char *space, size_t size) { return SSL_read(ssl, space, (int)size); }

static long send_octets(void *ssl, const char *octets, size_t length) {
    return SSL_write(ssl, octets, (int)length);
}

static void look(void *ssl, struct view *view) {
    static char client[256];
#ifdef OPENSSL_IS_BORINGSSL
    view->library = LIBRARY;
    view->group = SSL_get_group_name(SSL_get_group_id(ssl));
#else
    view->library = OpenSSL_version(OPENSSL_VERSION);
    view->group = OBJ_nid2sn(SSL_get_negotiated_group((SSL *)ssl));
#endif
    view->resumed = SSL_session_reused(ssl) ? "yes" : "no";
    X509 *certificate = SSL_get_peer_certificate(ssl);
    if (!certificate) return;
    view->client = X509_NAME_oneline(X509_get_subject_name(certificate), client, sizeof client);
    X509_free(certificate);
}

static void close_session(void *ssl) {
    // The second call waits for the client's close_notify.
    if (SSL_shutdown(ssl) == 0) SSL_shutdown(ssl);
    ERR_clear_error();
    SSL_free(ssl);
}

int main(int count, char **arguments) {
    static const struct tls tls = {NAME, load, accept_session, receive, send_octets, look, close_session};
    return serve(&tls, count - 1, arguments + 1);
}
