/* An HTTPS server over Mbed TLS 3: `mbedtls CERT KEY [CERT KEY ...]`. */

#include "serve.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICKET_LIFETIME_SECONDS = 3600 };

struct session {
    mbedtls_ssl_context ssl;
    mbedtls_net_context net;
};

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;
static mbedtls_ssl_ticket_context tickets;
static mbedtls_x509_crt authority;
static mbedtls_ssl_config configs[MAX_PAIRS];
/* Whether this handshake has taken a ticket: Mbed TLS has no other word for a resumed session. */
static bool ticket_taken;

static int take_ticket(void *context, mbedtls_ssl_session *session, unsigned char *ticket, size_t length) {
    int result = mbedtls_ssl_ticket_parse(context, session, ticket, length);
    if (result == 0) ticket_taken = true;
    return result;
}

static void load(int pair, const char *certificates, const char *key) {
    static const uint16_t p256[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    mbedtls_x509_crt *chain = calloc(1, sizeof *chain);
    mbedtls_pk_context *private_key = calloc(1, sizeof *private_key);
    mbedtls_ssl_config *config = &configs[pair];
    require(mbedtls_x509_crt_parse_file(chain, certificates) == 0, "certificates");
    int result = mbedtls_pk_parse_keyfile(private_key, key, NULL, mbedtls_ctr_drbg_random, &random_source);
    require(result == 0, "key");
    mbedtls_ssl_config_init(config);
    result = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                         MBEDTLS_SSL_PRESET_DEFAULT);
    require(result == 0, "configuration");
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &random_source);
    require(mbedtls_ssl_conf_own_cert(config, chain, private_key) == 0, "certificate and key");
    mbedtls_ssl_conf_session_tickets_cb(config, mbedtls_ssl_ticket_write, take_ticket, &tickets);
    mbedtls_ssl_conf_tls13_key_exchange_modes(config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL);
    if (only_p256()) mbedtls_ssl_conf_groups(config, p256);
    if (client_ca()) {
        mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_ca_chain(config, &authority, NULL);
    }
}

static void *accept_session(int pair, int socket) {
    struct session *session = calloc(1, sizeof *session);
    ticket_taken = false;
    session->net.fd = socket;
    mbedtls_ssl_init(&session->ssl);
    require(mbedtls_ssl_setup(&session->ssl, &configs[pair]) == 0, "session");
    mbedtls_ssl_set_bio(&session->ssl, &session->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    int result = mbedtls_ssl_handshake(&session->ssl);
    if (result == 0) return session;
    char text[128];
    mbedtls_strerror(result, text, sizeof text);
    fprintf(stderr, "handshake: %s\n", text);
    mbedtls_ssl_free(&session->ssl);
    free(session);
    return NULL;
}

static long receive(void *session, char *space, size_t size) {
    return mbedtls_ssl_read(session, (unsigned char *)space, size);
}

static long send_octets(void *session, const char *octets, size_t length) {
    return mbedtls_ssl_write(session, (const unsigned char *)octets, length);
}

static void look(void *session, struct view *view) {
    static char library[32], client[256];
    mbedtls_version_get_string_full(library);
    view->library = library;
    view->resumed = ticket_taken ? "yes" : "no";
    const mbedtls_x509_crt *certificate = mbedtls_ssl_get_peer_cert(session);
    if (certificate && mbedtls_x509_dn_gets(client, sizeof client, &certificate->subject) > 0)
        view->client = client;
}

static void close_session(void *session) {
    mbedtls_ssl_close_notify(session);
    mbedtls_ssl_free(session);
    free(session);
}

int main(int count, char **arguments) {
    static const struct tls tls = {"mbedtls", load, accept_session, receive, send_octets, look, close_session};
    require(psa_crypto_init() == PSA_SUCCESS, "cryptography");
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random_source);
    int result = mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0);
    require(result == 0, "the random source");
    mbedtls_ssl_ticket_init(&tickets);
    result = mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &random_source,
                                      MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFETIME_SECONDS);
    require(result == 0, "tickets");
    if (client_ca()) require(mbedtls_x509_crt_parse_file(&authority, client_ca()) == 0, "the clients' authority");
    return serve(&tls, count - 1, arguments + 1);
}
