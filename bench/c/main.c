/* What is the same in every program of the bench that is written in C. */

#include <string.h>

#include "board.h"

/* Called by the board after reset. */
void program(void)
{
    for (uint32_t left = board_posts(); left > 0; left--) {
        struct answer answer = {.length = 0};
        struct piece content = {NULL, 0};
        board_begin();
        int resumed = post(&answer);
        if (!answer_is_whole(&answer, &content)) {
            FAIL("the answer is not whole", (int)answer.length);
        }
        board_report(resumed, content.start, content.length);
    }
}

int answer_is_whole(const struct answer *answer, struct piece *content)
{
    static const char name[] = "\r\nContent-Length: ";
    const size_t name_length = sizeof(name) - 1;
    const uint8_t *octets = answer->octets;
    size_t announced = 0;
    for (size_t at = 0; at + 4 <= answer->length; at++) {
        if (memcmp(octets + at, "\r\n\r\n", 4) == 0) {
            content->start = octets + at + 4;
            content->length = answer->length - at - 4;
            return content->length == announced;
        }
        if (at + name_length < answer->length && memcmp(octets + at, name, name_length) == 0) {
            for (size_t digit = at + name_length; octets[digit] >= '0' && octets[digit] <= '9'; digit++) {
                announced = announced * 10 + (octets[digit] - '0');
            }
        }
    }
    return 0;
}
