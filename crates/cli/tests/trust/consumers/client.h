#ifndef CLIENT_H
#define CLIENT_H

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the client trust what the file under test holds. Returns 0, or an error of Mbed TLS. */
int trust(mbedtls_ssl_config *config);

#ifdef __cplusplus
}
#endif

#endif
