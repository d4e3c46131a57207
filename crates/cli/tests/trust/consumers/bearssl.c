/* `--format bearssl`: `bearssl PORT` does a handshake with device.example on that port of the
 * loopback. Exit status: 0 verified, 1 refused, 2 anything else. */

#include "anchors.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int receive(void *socket, unsigned char *space, size_t size) {
    ssize_t count = read(*(int *)socket, space, size);
    return count > 0 ? (int)count : -1;
}

static int transmit(void *socket, const unsigned char *octets, size_t size) {
    ssize_t count = write(*(int *)socket, octets, size);
    return count > 0 ? (int)count : -1;
}

int main(int count, char **arguments) {
    static br_ssl_client_context client;
    static br_x509_minimal_context certificates;
    static br_sslio_context io;
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM, 0), error;
    time_t now = time(NULL);

    if (count != 2) {
        return 2;
    }
    address.sin_port = htons((unsigned short)atoi(arguments[1]));
    if (connect(connection, (struct sockaddr *)&address, sizeof address)) {
        perror("connect");
        return 2;
    }
    br_ssl_client_init_full(&client, &certificates, picopost_anchors, PICOPOST_ANCHORS);
    /* Days since the year 0. */
    br_x509_minimal_set_time(&certificates, (uint32_t)(now / 86400 + 719528), (uint32_t)(now % 86400));
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    if (!br_ssl_client_reset(&client, "device.example", 0)) {
        return 2;
    }
    br_sslio_init(&io, &client.eng, receive, &connection, transmit, &connection);
    if (br_sslio_flush(&io) == 0) {
        br_sslio_close(&io);
        return 0;
    }
    error = br_ssl_engine_last_error(&client.eng);
    fprintf(stderr, "BearSSL: error %d\n", error);
    return error == BR_ERR_X509_NOT_TRUSTED ? 1 : 2;
}
