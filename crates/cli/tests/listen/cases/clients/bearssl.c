/* A client over BearSSL, as ESP8266 has it underneath. Its anchors are compiled in, by `picopost trust
 * --format bearssl`; the argument ANCHORS is not read. In the environment: CLOCK is the time in seconds
 * since 1970. */

#include "client.h"

#include "anchors.h"

#include <time.h>

static int receive(void *socket, unsigned char *space, size_t size) {
    ssize_t count = read(*(int *)socket, space, size);
    return count > 0 ? (int)count : -1;
}

static int transmit(void *socket, const unsigned char *octets, size_t size) {
    ssize_t count = write(*(int *)socket, octets, size);
    return count > 0 ? (int)count : -1;
}

static int write_some(void *io, unsigned char *octets, size_t size) {
    return br_sslio_write_all(io, octets, size) || br_sslio_flush(io) ? -1 : (int)size;
}

static int read_some(void *io, unsigned char *octets, size_t size) { return br_sslio_read(io, octets, size); }

int main(int count, char **arguments) {
    static br_ssl_client_context client;
    static br_x509_minimal_context certificates;
    static br_sslio_context io;
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
    const char *clock = getenv("CLOCK");
    long now = clock ? atol(clock) : (long)time(NULL);

    if (count < 5) return BROKEN;
    int connection = loopback(arguments[1]);
    br_ssl_client_init_full(&client, &certificates, picopost_anchors, PICOPOST_ANCHORS);
    /* Days since the year 0. */
    br_x509_minimal_set_time(&certificates, (uint32_t)(now / 86400 + 719528), (uint32_t)(now % 86400));
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    if (!br_ssl_client_reset(&client, arguments[2], 0)) return BROKEN;
    br_sslio_init(&io, &client.eng, receive, &connection, transmit, &connection);
    if (br_sslio_flush(&io)) {
        fprintf(stderr, "handshake: %d\n", br_ssl_engine_last_error(&client.eng));
        return REFUSED;
    }
    send_files(arguments + 4, write_some, &io);
    size_t length = receive_all(read_some, &io);
    br_sslio_close(&io);
    return length ? 0 : BROKEN;
}
