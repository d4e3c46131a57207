/* An HTTPS server over GnuTLS: `gnutls PRIORITY CERT KEY [CERT KEY ...]`. PRIORITY is GnuTLS's own
 * words for versions, suites and groups. (GnuTLS's own gnutls-serv listens on all addresses, and does
 * not take a POST.) */

#include "serve.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>

static char priority[256];
static gnutls_datum_t ticket_key;
static gnutls_certificate_credentials_t credentials[MAX_PAIRS];

static void load(int pair, const char *certificates, const char *key) {
    require(gnutls_certificate_allocate_credentials(&credentials[pair]) >= 0, "credentials");
    int loaded = gnutls_certificate_set_x509_key_file(credentials[pair], certificates, key, GNUTLS_X509_FMT_PEM);
    require(loaded >= 0, "certificate and key");
    if (client_ca()) {
        int count =
            gnutls_certificate_set_x509_trust_file(credentials[pair], client_ca(), GNUTLS_X509_FMT_PEM);
        require(count > 0, "the clients' authority");
    }
}

static void *accept_session(int pair, int socket) {
    gnutls_session_t session;
    require(gnutls_init(&session, GNUTLS_SERVER) >= 0, "session");
    require(gnutls_priority_set_direct(session, priority, NULL) >= 0, "priority");
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials[pair]);
    require(gnutls_session_ticket_enable_server(session, &ticket_key) >= 0, "tickets");
    if (client_ca()) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert(session, NULL, 0);
    }
    gnutls_transport_set_int(session, socket);
    int result = gnutls_handshake(session);
    if (result >= 0) return session;
    fprintf(stderr, "handshake: %s\n", gnutls_strerror(result));
    gnutls_alert_send_appropriate(session, result);
    gnutls_deinit(session);
    return NULL;
}

static long receive(void *session, char *space, size_t size) {
    return gnutls_record_recv(session, space, size);
}

static long send_octets(void *session, const char *octets, size_t length) {
    return gnutls_record_send(session, octets, length);
}

static void look(void *session, struct view *view) {
    static char library[64], client[256];
    snprintf(library, sizeof library, "GnuTLS %s", gnutls_check_version(NULL));
    view->library = library;
    view->resumed = gnutls_session_is_resumed(session) ? "yes" : "no";
    view->group = gnutls_group_get_name(gnutls_group_get(session));
    unsigned count = 0;
    const gnutls_datum_t *certificates = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate;
    if (count == 0 || gnutls_x509_crt_init(&certificate) < 0) return;
    size_t size = sizeof client;
    if (gnutls_x509_crt_import(certificate, &certificates[0], GNUTLS_X509_FMT_DER) >= 0 &&
        gnutls_x509_crt_get_dn(certificate, client, &size) >= 0)
        view->client = client;
    gnutls_x509_crt_deinit(certificate);
}

static void close_session(void *session) {
    gnutls_bye(session, GNUTLS_SHUT_RDWR);
    gnutls_deinit(session);
}

int main(int count, char **arguments) {
    static const struct tls tls = {"gnutls", load, accept_session, receive, send_octets, look, close_session};
    require(count > 1, "reading the priority");
    const char *groups = only_p256() ? ":-GROUP-ALL:+GROUP-SECP256R1" : "";
    snprintf(priority, sizeof priority, "%s%s", arguments[1], groups);
    require(gnutls_session_ticket_key_generate(&ticket_key) >= 0, "the tickets' key");
    return serve(&tls, count - 2, arguments + 2);
}
