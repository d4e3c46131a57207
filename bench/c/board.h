/* What the bench's board does for programs in C: chip/staticlib and chip/board. */
#ifndef BENCH_BOARD_H
#define BENCH_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Octets that somebody else keeps. */
struct piece {
    const uint8_t *start;
    size_t length;
};

/* One TCP connection at a time, blocking. 0 or a count; -1 when the connection is lost. What
 * receives 0 octets has come to the server's end. Nothing of it is counted. */
int board_connect(void);
int board_send(const uint8_t *octets, size_t length);
int board_receive(uint8_t *space, size_t length);
void board_close(void);

/* Octets from a fixed seed. */
void board_random(uint8_t *space, size_t length);
/* Unix seconds. */
uint32_t board_time(void);
/* How many POSTs to make. */
uint32_t board_posts(void);
/* The trust anchor: its certificate (DER), its subject (a Name in DER), its key (an uncompressed
 * point; of RSA the modulus' length in octets, 16 bits big-endian, modulus, exponent). */
struct piece board_anchor(void);
struct piece board_anchor_subject(void);
struct piece board_anchor_key(void);
/* What is to be sent. */
struct piece board_request(void);

/* The counters. */
void board_begin(void);
void board_handshake_done(void);
void board_end(void);
void board_report(int resumed, const uint8_t *content, size_t length);

/* Turns the machine off. */
_Noreturn void board_fail(const char *why, size_t length, int number);
#define FAIL(why, number) board_fail(why, sizeof(why) - 1, number)

/* An answer with a Content-Length, as it comes. */
struct answer {
    uint8_t octets[512];
    size_t length;
};

/* Whether the content is whole; where it is and how long. */
int answer_is_whole(const struct answer *answer, struct piece *content);

/* The program's own part: one POST. It calls board_begin first (main.c does), board_handshake_done
 * and board_end where they belong, and gives the answer. Between two calls only the session is
 * kept. Returns whether a session was resumed. */
int post(struct answer *answer);

#endif
