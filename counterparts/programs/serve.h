/* What the servers in C have in common: the command line, TCP, and an HTTP response that says how the
 * server saw the connection. Each program gives its TLS library's part of it. */

#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stddef.h>

/* As many pairs of files a program takes. */
enum { MAX_PAIRS = 8 };

/* How a server saw a connection. What its library does not tell stays NULL. */
struct view {
    /* Name and version of the library. */
    const char *library;
    /* "yes" or "no". */
    const char *resumed;
    /* The group of the key exchange, by whatever name the library has for it. */
    const char *group;
    /* The subject of the client's certificate. */
    const char *client;
};

/* A TLS library. */
struct tls {
    /* As in X-Counterpart. */
    const char *name;
    /* Reads a chain and its key, both PEM. A failure ends the program. */
    void (*load)(int pair, const char *certificates, const char *key);
    /* A handshake over this socket; NULL where it fails, after the alert is sent and stderr says why. */
    void *(*accept)(int pair, int socket);
    /* Octets received or sent, 0 or less at the end. */
    long (*receive)(void *session, char *space, size_t size);
    long (*send)(void *session, const char *octets, size_t length);
    void (*look)(void *session, struct view *view);
    /* close_notify, and the end of what accept has made. */
    void (*close)(void *session);
};

/* Serves for ever: `files` are pairs of certificates and key. */
int serve(const struct tls *tls, int count, char **files);

/* From the environment: whether P-256 is to be the only group, and whose clients are to be let in. */
bool only_p256(void);
const char *client_ca(void);

/* Ends the program, and says in what, unless it went well. */
void require(bool good, const char *what);

/* A whole file with a NUL behind it; the length does not count that. */
char *read_file(const char *path, size_t *length);

#endif
