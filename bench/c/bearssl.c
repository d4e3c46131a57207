/* BearSSL as small as its own interface lets it be while it offers what picopost does: TLS 1.2,
 * both AEADs, X25519 and P-256, ECDSA and RSA. RECORD is the largest record that it takes. */

#include <string.h>

#include <bearssl.h>

#include "board.h"

#define SERVER "picopost.test"

/* BearSSL keeps a record of up to 512 octets in 837, and asks for it by max_fragment_length. */
#define INPUT (RECORD + BR_SSL_BUFSIZE_INPUT - 16384)
#define OUTPUT (512 + 85)

static const uint16_t SUITES[] = {
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
};

static br_ssl_client_context client;
static br_x509_minimal_context x509;
static unsigned char input[INPUT];
static unsigned char output[OUTPUT];
static br_ssl_session_parameters session;

static void set_up_engine(br_ssl_engine_context *engine)
{
    br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_suites(engine, SUITES, sizeof SUITES / sizeof SUITES[0]);
    br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
    br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
    br_ssl_engine_set_ec(engine, &br_ec_all_m31);
    br_ssl_engine_set_ecdsa(engine, &br_ecdsa_i31_vrfy_asn1);
    br_ssl_engine_set_rsavrfy(engine, &br_rsa_i31_pkcs1_vrfy);
    br_ssl_engine_set_chapol(engine, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
    br_ssl_engine_set_chacha20(engine, &br_chacha20_ct_run);
    br_ssl_engine_set_poly1305(engine, &br_poly1305_ctmul_run);
    br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
    br_ssl_engine_set_aes_ctr(engine, &br_aes_ct_ctr_vtable);
    br_ssl_engine_set_ghash(engine, &br_ghash_ctmul);
    br_ssl_engine_set_buffers_bidi(engine, input, sizeof input, output, sizeof output);
}

static void set_up_x509(br_ssl_engine_context *engine, const br_x509_trust_anchor *anchor)
{
    br_x509_minimal_init(&x509, &br_sha256_vtable, anchor, 1);
    br_x509_minimal_set_hash(&x509, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_hash(&x509, br_sha384_ID, &br_sha384_vtable);
    br_x509_minimal_set_rsa(&x509, &br_rsa_i31_pkcs1_vrfy);
    br_x509_minimal_set_ecdsa(&x509, &br_ec_all_m31, &br_ecdsa_i31_vrfy_asn1);
    /* Days since the year 0, as BearSSL counts them. */
    br_x509_minimal_set_time(&x509, 719528 + board_time() / 86400, board_time() % 86400);
    br_ssl_engine_set_x509(engine, &x509.vtable);
}

/* BearSSL takes an anchor apart at build time (`brssl ta`); the bench's runner has done the same. */
static br_x509_trust_anchor trust_anchor(void)
{
    struct piece subject = board_anchor_subject();
    struct piece key = board_anchor_key();
    br_x509_trust_anchor anchor = {
        .dn = {(unsigned char *)subject.start, subject.length},
        .flags = BR_X509_TA_CA,
    };
    if (key.start[0] == 0x04) {
        anchor.pkey.key_type = BR_KEYTYPE_EC;
        anchor.pkey.key.ec.curve = key.length == 97 ? BR_EC_secp384r1 : BR_EC_secp256r1;
        anchor.pkey.key.ec.q = (unsigned char *)key.start;
        anchor.pkey.key.ec.qlen = key.length;
    } else {
        size_t length = (size_t)key.start[0] << 8 | key.start[1];
        anchor.pkey.key_type = BR_KEYTYPE_RSA;
        anchor.pkey.key.rsa.n = (unsigned char *)key.start + 2;
        anchor.pkey.key.rsa.nlen = length;
        anchor.pkey.key.rsa.e = (unsigned char *)key.start + 2 + length;
        anchor.pkey.key.rsa.elen = key.length - 2 - length;
    }
    return anchor;
}

static int low_read(void *context, unsigned char *space, size_t length)
{
    (void)context;
    int count = board_receive(space, length);
    return count > 0 ? count : -1;
}

static int low_write(void *context, const unsigned char *octets, size_t length)
{
    (void)context;
    return board_send(octets, length);
}

static void check(br_ssl_engine_context *engine, int status)
{
    if (status < 0) {
        FAIL("BearSSL", br_ssl_engine_last_error(engine));
    }
}

/* Says goodbye, without waiting for the server's own. */
static void say_goodbye(br_ssl_engine_context *engine)
{
    br_ssl_engine_close(engine);
    while (br_ssl_engine_current_state(engine) & BR_SSL_SENDREC) {
        size_t length;
        unsigned char *record = br_ssl_engine_sendrec_buf(engine, &length);
        if (board_send(record, length) < 0) {
            return;
        }
        br_ssl_engine_sendrec_ack(engine, length);
    }
}

int post(struct answer *answer)
{
    unsigned char entropy[32];
    br_ssl_engine_context *engine = &client.eng;
    br_x509_trust_anchor anchor = trust_anchor();
    br_ssl_client_zero(&client);
    set_up_engine(engine);
    set_up_x509(engine, &anchor);
    board_random(entropy, sizeof entropy);
    br_ssl_engine_inject_entropy(engine, entropy, sizeof entropy);
    br_ssl_engine_set_session_parameters(engine, &session);
    if (!br_ssl_client_reset(&client, SERVER, session.session_id_len > 0)) {
        FAIL("BearSSL", br_ssl_engine_last_error(engine));
    }
    if (board_connect() < 0) {
        FAIL("no connection", 0);
    }

    br_sslio_context io;
    br_sslio_init(&io, engine, low_read, NULL, low_write, NULL);
    check(engine, br_sslio_flush(&io));
    board_handshake_done();

    struct piece request = board_request();
    struct piece content;
    check(engine, br_sslio_write_all(&io, request.start, request.length));
    check(engine, br_sslio_flush(&io));
    while (!answer_is_whole(answer, &content)) {
        int count = br_sslio_read(&io, answer->octets + answer->length, sizeof answer->octets - answer->length);
        check(engine, count);
        answer->length += (size_t)count;
    }
    br_ssl_session_parameters before = session;
    br_ssl_engine_get_session_parameters(engine, &session);
    say_goodbye(engine);
    board_end();
    board_close();
    return before.session_id_len > 0 && before.session_id_len == session.session_id_len
        && memcmp(before.session_id, session.session_id, before.session_id_len) == 0;
}
