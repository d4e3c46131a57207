/* What the clients in C share: `client PORT HOST ANCHORS REQUEST...` connects to the loopback, wants the
 * server to be HOST by the roots in the file ANCHORS, writes each file REQUEST with one call, and reads
 * the response to its end. Exit status: 0 a response came, 1 the handshake failed, 2 anything else. */

#ifndef CLIENT_H
#define CLIENT_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REFUSED 1
#define BROKEN 2

/* A library's write and read; both return a number of octets, or less than 1. */
typedef int (*transfer)(void *session, unsigned char *octets, size_t size);

static int loopback(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons((unsigned short)atoi(port));
    if (connect(connection, (struct sockaddr *)&address, sizeof address)) {
        perror("connect");
        exit(BROKEN);
    }
    return connection;
}

/* Writes each file with one call, where the library takes it whole. */
static void send_files(char **files, transfer write_some, void *session) {
    static unsigned char octets[65536];
    for (; *files; files++) {
        FILE *file = fopen(*files, "rb");
        if (!file) {
            perror(*files);
            exit(BROKEN);
        }
        size_t length = fread(octets, 1, sizeof octets, file), at = 0;
        fclose(file);
        while (at < length) {
            int count = write_some(session, octets + at, length - at);
            if (count < 1) {
                fprintf(stderr, "write: %d\n", count);
                exit(BROKEN);
            }
            at += (size_t)count;
        }
    }
}

/* The response's octets. */
static size_t receive_all(transfer read_some, void *session) {
    static unsigned char octets[4096];
    size_t length = 0;
    int count;
    while ((count = read_some(session, octets, sizeof octets)) > 0) {
        fwrite(octets, 1, (size_t)count, stdout);
        length += (size_t)count;
    }
    return length;
}

#endif
