/* The same POST in clear text over TCP: what the others' flash and memory are compared with. */

#include "board.h"

int post(struct answer *answer)
{
    struct piece request = board_request();
    struct piece content;
    if (board_connect() < 0) {
        FAIL("no connection", 0);
    }
    board_handshake_done();
    if (board_send(request.start, request.length) < 0) {
        FAIL("the connection was lost while sending", 0);
    }
    while (!answer_is_whole(answer, &content)) {
        int count = board_receive(answer->octets + answer->length, sizeof(answer->octets) - answer->length);
        if (count <= 0) {
            FAIL("the connection was lost while receiving", count);
        }
        answer->length += (size_t)count;
    }
    board_end();
    board_close();
    return 0;
}
