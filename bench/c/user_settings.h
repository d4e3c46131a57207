/* wolfSSL as a client for TLS 1.3 and nothing else, with what picopost has: both AEADs, X25519 and
 * P-256, ECDSA and RSA, tickets. With FAST its fast code for the curves, with unrolled
 * loops; without, what is small. */

/* The platform. */
#define SINGLE_THREADED
#define WOLFSSL_USER_IO
#define NO_FILESYSTEM
#define NO_WOLFSSL_DIR
#define NO_WRITEV
#define NO_MAIN_DRIVER
#define WOLFSSL_GENERAL_ALIGNMENT 4
#define SIZEOF_LONG_LONG 8
#define HAVE_GMTIME_R
#define USER_TICKS
int bench_random(unsigned char *space, unsigned length);
#define CUSTOM_RAND_GENERATE_BLOCK bench_random

/* TLS. */
#define WOLFSSL_TLS13
#define WOLFSSL_TLS13_MIDDLEBOX_COMPAT
/* Tickets with a nonce of more than 8 octets, which are allowed (RFC 9846 4.7.1). */
#define WOLFSSL_TICKET_NONCE_MALLOC
#define WOLFSSL_NO_TLS12
#define NO_OLD_TLS
#define NO_WOLFSSL_SERVER
#define WOLFSSL_NO_CLIENT_AUTH
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_SNI
#define HAVE_SESSION_TICKET
#define MICRO_SESSION_CACHE
#define NO_ERROR_STRINGS

/* Primitives. */
#define HAVE_HKDF
#define HAVE_AEAD
#define HAVE_AESGCM
#define HAVE_CHACHA
#define HAVE_POLY1305
#define HAVE_ONE_TIME_AUTH
#define HAVE_ECC
#define ECC_USER_CURVES
#define HAVE_ECC384
#define WC_RSA_PSS
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define NO_AES_CBC
#define NO_AES_192
#define NO_AES_256
#define NO_DES3
#define NO_DH
#define NO_DSA
#define NO_MD4
#define NO_MD5
#define NO_PWDBASED
#define NO_RC4
#define ECC_TIMING_RESISTANT
#define TFM_TIMING_RESISTANT
#define WC_RSA_BLINDING

#define ECC_SHAMIR
#define ALT_ECC_SIZE
#define WOLFSSL_SMALL_STACK
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_SP_384
#ifdef FAST
/* RSA is faster without code of its own for each size (WOLFSSL_HAVE_SP_RSA). No tables that hide
 * their accesses from a cache: these chips have none for data. */
#define WOLFSSL_SP_MATH_ALL
#define SP_INT_BITS 4096
#define HAVE_CURVE25519
#define GCM_TABLE_4BIT
#define WC_NO_CACHE_RESISTANT
#else
/* P-256 for the key exchange: with CURVE25519_SMALL, X25519 costs 50 M instructions a
 * multiplication. RSA by code for 2048 and 4096 bits alone: half the heap of the general one. */
#define WOLFSSL_SP_MATH
#define WOLFSSL_SP_SMALL
#define WOLFSSL_HAVE_SP_RSA
#define WOLFSSL_SP_4096
#define WOLFSSL_SP_NO_3072
#define GCM_SMALL
#define WOLFSSL_AES_SMALL_TABLES
#define USE_SLOW_SHA256
#define USE_SLOW_SHA512
#endif
