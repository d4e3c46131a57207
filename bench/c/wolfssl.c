/* wolfSSL, in the configuration of user_settings.h. */

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfio.h>

#include "board.h"

#define SERVER "picopost.test"
/* The faster one in software first. */
#define SUITES "TLS13-CHACHA20-POLY1305-SHA256:TLS13-AES128-GCM-SHA256"

static WOLFSSL_SESSION *session;

/* The platform's part. */

int bench_random(unsigned char *space, unsigned length)
{
    board_random(space, length);
    return 0;
}

word32 LowResTimer(void)
{
    return board_time();
}

sword64 TimeNowInMilliseconds(void)
{
    return (sword64)board_time() * 1000;
}

time_t time(time_t *place)
{
    time_t now = board_time();
    if (place != NULL) {
        *place = now;
    }
    return now;
}

static int low_send(WOLFSSL *ssl, char *octets, int length, void *context)
{
    (void)ssl, (void)context;
    int count = board_send((const uint8_t *)octets, (size_t)length);
    return count < 0 ? WOLFSSL_CBIO_ERR_CONN_RST : count;
}

static int low_receive(WOLFSSL *ssl, char *space, int length, void *context)
{
    (void)ssl, (void)context;
    int count = board_receive((uint8_t *)space, (size_t)length);
    return count <= 0 ? WOLFSSL_CBIO_ERR_CONN_CLOSE : count;
}

static void check(WOLFSSL *ssl, int status)
{
    if (status <= 0) {
        FAIL("wolfSSL", ssl == NULL ? status : wolfSSL_get_error(ssl, status));
    }
}

static WOLFSSL *set_up(WOLFSSL_CTX **context)
{
    struct piece anchor = board_anchor();
    check(NULL, wolfSSL_Init());
    *context = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    check(NULL, *context != NULL);
    check(NULL, wolfSSL_CTX_load_verify_buffer(*context, anchor.start, (long)anchor.length, WOLFSSL_FILETYPE_ASN1));
    check(NULL, wolfSSL_CTX_set_cipher_list(*context, SUITES));
    wolfSSL_CTX_set_verify(*context, WOLFSSL_VERIFY_PEER, NULL);
    wolfSSL_CTX_SetIOSend(*context, low_send);
    wolfSSL_CTX_SetIORecv(*context, low_receive);

    WOLFSSL *ssl = wolfSSL_new(*context);
    check(NULL, ssl != NULL);
    check(ssl, wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, SERVER, sizeof SERVER - 1));
    check(ssl, wolfSSL_check_domain_name(ssl, SERVER));
#ifdef HAVE_CURVE25519
    check(ssl, wolfSSL_UseKeyShare(ssl, WOLFSSL_ECC_X25519));
#else
    check(ssl, wolfSSL_UseKeyShare(ssl, WOLFSSL_ECC_SECP256R1));
#endif
    if (session != NULL) {
        check(ssl, wolfSSL_set_session(ssl, session));
    }
    return ssl;
}

int post(struct answer *answer)
{
    WOLFSSL_CTX *context;
    WOLFSSL *ssl = set_up(&context);
    if (board_connect() < 0) {
        FAIL("no connection", 0);
    }
    check(ssl, wolfSSL_connect(ssl));
    board_handshake_done();

    struct piece request = board_request();
    struct piece content;
    check(ssl, wolfSSL_write(ssl, request.start, (int)request.length));
    while (!answer_is_whole(answer, &content)) {
        int count = wolfSSL_read(ssl, answer->octets + answer->length, (int)(sizeof answer->octets - answer->length));
        check(ssl, count);
        answer->length += (size_t)count;
    }
    int resumed = wolfSSL_session_reused(ssl);
    wolfSSL_SESSION_free(session);
    session = wolfSSL_get1_session(ssl);
    wolfSSL_shutdown(ssl);
    board_end();
    board_close();
    wolfSSL_free(ssl);
    wolfSSL_CTX_free(context);
    wolfSSL_Cleanup();
    return resumed;
}
