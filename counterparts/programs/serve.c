/* See serve.h. */

/* For strcasestr. */
#define _GNU_SOURCE
#include "serve.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_REQUEST = 1 << 20, MAX_HEAD = 1024 };

static char request[MAX_REQUEST + 1];

void require(bool good, const char *what) {
    if (good) return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

bool only_p256(void) { return getenv("COUNTERPART_ONLY_P256") != NULL; }

const char *client_ca(void) { return getenv("COUNTERPART_CLIENT_CA"); }

char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    char *text = malloc(MAX_REQUEST);
    *length = fread(text, 1, MAX_REQUEST - 1, file);
    text[*length] = 0;
    fclose(file);
    return text;
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
static char *receive(const struct tls *tls, void *session, size_t *length) {
    size_t filled = 0;
    while (filled < MAX_REQUEST) {
        long count = tls->receive(session, request + filled, MAX_REQUEST - filled);
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

static void send_all(const struct tls *tls, void *session, const char *octets, size_t length) {
    while (length > 0) {
        long count = tls->send(session, octets, length);
        if (count <= 0) return;
        octets += count;
        length -= count;
    }
}

/* Appends a header to a head, if there is anything to say. */
static void field(char *head, const char *name, const char *value) {
    size_t length = strlen(head);
    if (value) snprintf(head + length, MAX_HEAD - length, "%s: %s\r\n", name, value);
}

static void answer(const struct tls *tls, void *session) {
    size_t length;
    char *body = receive(tls, session, &length);
    if (!body) {
        fprintf(stderr, "no whole request\n");
        return;
    }
    struct view view = {0};
    tls->look(session, &view);
    char head[MAX_HEAD];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n", length);
    field(head, "X-Counterpart", tls->name);
    field(head, "X-Library", view.library);
    field(head, "X-Resumed", view.resumed);
    field(head, "X-Group", view.group);
    field(head, "X-Client", view.client);
    send_all(tls, session, head, strlen(head));
    send_all(tls, session, "\r\n", 2);
    send_all(tls, session, body, length);
}

int serve(const struct tls *tls, int count, char **files) {
    struct pollfd listeners[MAX_PAIRS];
    int pairs = 0;
    signal(SIGPIPE, SIG_IGN);
    for (int file = 0; file + 1 < count && pairs < MAX_PAIRS; file += 2, pairs++) {
        tls->load(pairs, files[file], files[file + 1]);
        listeners[pairs] = (struct pollfd){.fd = listen_on_loopback(), .events = POLLIN};
    }
    fflush(stdout);
    while (poll(listeners, pairs, -1) > 0) {
        for (int pair = 0; pair < pairs; pair++) {
            if (!listeners[pair].revents) continue;
            int connection = accept(listeners[pair].fd, NULL, NULL);
            struct timeval limit = {.tv_sec = 20};
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            void *session = tls->accept(pair, connection);
            if (session) {
                answer(tls, session);
                tls->close(session);
            }
            close(connection);
        }
    }
    return 0;
}
