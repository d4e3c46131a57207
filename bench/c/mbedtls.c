/* mbedTLS, in the configuration of MBEDTLS_CONFIG_FILE; set up as ESP-IDF's esp-tls does it. */

#include <time.h>

#include <mbedtls/build_info.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#include "board.h"

#define SERVER "picopost.test"

static mbedtls_ssl_session session;
static int has_session;
/* Certificates that were looked at: none when a session was resumed. */
static int verified;

struct client {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt anchor;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
};

static struct client client;

/* The platform's part. */

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t length, size_t *given)
{
    (void)data;
    board_random(output, length);
    *given = length;
    return 0;
}

time_t time(time_t *place)
{
    time_t now = board_time();
    if (place != NULL) {
        *place = now;
    }
    return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)board_time() * 1000;
}

static int low_send(void *context, const unsigned char *octets, size_t length)
{
    (void)context;
    return board_send(octets, length);
}

static int low_receive(void *context, unsigned char *space, size_t length)
{
    (void)context;
    return board_receive(space, length);
}

static int count_certificate(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    (void)context, (void)certificate, (void)depth, (void)flags;
    verified++;
    return 0;
}

/* Everything here blocks: where mbedTLS wants to read or write, it is to be called again. */
static int is_to_be_called_again(int status)
{
    return status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static void check(int status)
{
    if (status < 0) {
        FAIL("mbedTLS", status);
    }
}

static void set_up(struct client *client)
{
    struct piece anchor = board_anchor();
    mbedtls_ssl_init(&client->ssl);
    mbedtls_ssl_config_init(&client->config);
    mbedtls_x509_crt_init(&client->anchor);
    mbedtls_entropy_init(&client->entropy);
    mbedtls_ctr_drbg_init(&client->random);
#if defined(MBEDTLS_PSA_CRYPTO_C)
    check(psa_crypto_init());
#endif
    check(mbedtls_ctr_drbg_seed(&client->random, mbedtls_entropy_func, &client->entropy, NULL, 0));
    check(mbedtls_x509_crt_parse_der(&client->anchor, anchor.start, anchor.length));
    mbedtls_ssl_config *config = &client->config;
    check(mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, &client->anchor, NULL);
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &client->random);
    mbedtls_ssl_conf_verify(config, count_certificate, NULL);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
    check(mbedtls_ssl_setup(&client->ssl, config));
    check(mbedtls_ssl_set_hostname(&client->ssl, SERVER));
    if (has_session) {
        check(mbedtls_ssl_set_session(&client->ssl, &session));
    }
    mbedtls_ssl_set_bio(&client->ssl, NULL, low_send, low_receive, NULL);
}

static void keep_session(struct client *client)
{
    mbedtls_ssl_session_free(&session);
    mbedtls_ssl_session_init(&session);
    has_session = mbedtls_ssl_get_session(&client->ssl, &session) == 0;
}

/* Receives once. A session's ticket is no content. */
static size_t receive(struct client *client, unsigned char *space, size_t length)
{
    int count = mbedtls_ssl_read(&client->ssl, space, length);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (count == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        keep_session(client);
        return 0;
    }
#endif
    if (is_to_be_called_again(count)) {
        return 0;
    }
    check(count);
    return (size_t)count;
}

static void take_down(struct client *client)
{
    mbedtls_ssl_free(&client->ssl);
    mbedtls_ssl_config_free(&client->config);
    mbedtls_x509_crt_free(&client->anchor);
    mbedtls_ctr_drbg_free(&client->random);
    mbedtls_entropy_free(&client->entropy);
#if defined(MBEDTLS_PSA_CRYPTO_C)
    mbedtls_psa_crypto_free();
#endif
}

int post(struct answer *answer)
{
    verified = 0;
    set_up(&client);
    if (board_connect() < 0) {
        FAIL("no connection", 0);
    }
    int status;
    do {
        status = mbedtls_ssl_handshake(&client.ssl);
    } while (is_to_be_called_again(status));
    check(status);
    board_handshake_done();

    struct piece request = board_request();
    struct piece content;
    for (size_t at = 0; at < request.length;) {
        int count = mbedtls_ssl_write(&client.ssl, request.start + at, request.length - at);
        check(count);
        at += (size_t)count;
    }
    while (!answer_is_whole(answer, &content)) {
        answer->length += receive(&client, answer->octets + answer->length, sizeof answer->octets - answer->length);
    }
    if (!has_session) {
        keep_session(&client);
    }
    check(mbedtls_ssl_close_notify(&client.ssl));
    board_end();
    board_close();
    take_down(&client);
    return verified == 0;
}
