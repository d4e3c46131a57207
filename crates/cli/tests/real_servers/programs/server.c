/* An HTTPS server over GnuTLS: `server PRIORITY CERT KEY [CERT KEY ...]` listens on one port of the
 * loopback for each pair of PEM files, and prints the ports, one a line. PRIORITY is GnuTLS's own
 * words for versions, suites and groups. It answers with the request's body. (GnuTLS's own
 * gnutls-serv listens on all addresses, and does not take a POST.) */

/* For strcasestr. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_PAIRS = 8, MAX_REQUEST = 1 << 20 };

static char request[MAX_REQUEST + 1];

static int check(int result, const char *what) {
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, gnutls_strerror(result));
        exit(1);
    }
    return result;
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 8) ||
        getsockname(listener, (struct sockaddr *)&address, &size)) {
        perror("listen");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    return listener;
}

/* Reads head and body; gives the body and its length, or NULL. */
static char *receive(gnutls_session_t session, size_t *length) {
    size_t filled = 0;
    while (filled < MAX_REQUEST) {
        ssize_t count = gnutls_record_recv(session, request + filled, MAX_REQUEST - filled);
        if (count <= 0) return NULL;
        filled += count;
        request[filled] = 0;
        char *end = strstr(request, "\r\n\r\n");
        char *field = strcasestr(request, "\r\nContent-Length:");
        if (!end || !field) continue;
        char *body = end + 4;
        *length = strtoul(field + strlen("\r\nContent-Length:"), NULL, 10);
        if (filled >= (body - request) + *length) return body;
    }
    return NULL;
}

static void send_all(gnutls_session_t session, const char *octets, size_t length) {
    while (length > 0) {
        ssize_t count = gnutls_record_send(session, octets, length);
        if (count < 0) return;
        octets += count;
        length -= count;
    }
}

static void serve(gnutls_session_t session) {
    int result = gnutls_handshake(session);
    if (result < 0) {
        fprintf(stderr, "handshake: %s\n", gnutls_strerror(result));
        gnutls_alert_send_appropriate(session, result);
        return;
    }
    size_t length;
    char *body = receive(session, &length);
    if (!body) {
        fprintf(stderr, "no whole request\n");
        return;
    }
    char head[128];
    int head_length = snprintf(head, sizeof head,
                               "HTTP/1.1 200 OK\r\nX-Counterpart: gnutls\r\nContent-Length: %zu\r\n\r\n", length);
    send_all(session, head, head_length);
    send_all(session, body, length);
    gnutls_bye(session, GNUTLS_SHUT_RDWR);
}

int main(int count, char **arguments) {
    struct pollfd listeners[MAX_PAIRS];
    gnutls_certificate_credentials_t credentials[MAX_PAIRS];
    int pairs = 0;
    signal(SIGPIPE, SIG_IGN);
    for (int file = 2; file + 1 < count && pairs < MAX_PAIRS; file += 2, pairs++) {
        check(gnutls_certificate_allocate_credentials(&credentials[pairs]), "credentials");
        check(gnutls_certificate_set_x509_key_file(credentials[pairs], arguments[file], arguments[file + 1],
                                                   GNUTLS_X509_FMT_PEM),
              "certificate and key");
        listeners[pairs] = (struct pollfd){.fd = listen_on_loopback(), .events = POLLIN};
    }
    fflush(stdout);
    while (poll(listeners, pairs, -1) > 0) {
        for (int pair = 0; pair < pairs; pair++) {
            if (!listeners[pair].revents) continue;
            int connection = accept(listeners[pair].fd, NULL, NULL);
            struct timeval limit = {.tv_sec = 20};
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            gnutls_session_t session;
            check(gnutls_init(&session, GNUTLS_SERVER), "session");
            check(gnutls_priority_set_direct(session, arguments[1], NULL), "priority");
            gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials[pair]);
            gnutls_transport_set_int(session, connection);
            serve(session);
            close(connection);
            gnutls_deinit(session);
        }
    }
    return 0;
}
