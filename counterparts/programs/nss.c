/* An HTTPS server over NSS: `nss CERT KEY [CERT KEY ...]`. Certificates and keys are kept in memory:
 * there is no database. (NSS's own selfserv listens on all addresses.) */

#include "serve.h"

#include <cert.h>
#include <keyhi.h>
#include <nss.h>
#include <nssb64.h>
#include <pk11pub.h>
#include <private/pprio.h>
#include <prerror.h>
#include <ssl.h>
#include <sslproto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CERTIFICATES = 8 };

static struct {
    CERTCertificateList chain;
    SECItem certificates[MAX_CERTIFICATES];
    SECKEYPrivateKey *key;
} pairs[MAX_PAIRS];

/* Reads the PEM blocks of a file into DER; gives their count. */
static int read_pem(const char *path, SECItem *items, int count) {
    size_t length;
    char *text = read_file(path, &length);
    int found = 0;
    while (found < count && (text = strstr(text, "-----BEGIN ")) && (text = strchr(text, '\n'))) {
        char *end = strstr(text, "-----END");
        require(end && NSSBase64_DecodeBuffer(NULL, &items[found], text, end - text), path);
        text = end;
        found++;
    }
    return found;
}

static CERTCertificate *certificate_of(SECItem *der) {
    CERTCertificate *certificate = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), der, NULL, PR_FALSE, PR_TRUE);
    require(certificate != NULL, "certificate");
    return certificate;
}

static void load(int pair, const char *certificates, const char *key) {
    SECItem der = {0};
    pairs[pair].chain.certs = pairs[pair].certificates;
    pairs[pair].chain.len = read_pem(certificates, pairs[pair].certificates, MAX_CERTIFICATES);
    require(pairs[pair].chain.len > 0 && read_pem(key, &der, 1) == 1, "reading certificates and key");
    SECStatus status =
        PK11_ImportDERPrivateKeyInfoAndReturnKey(PK11_GetInternalSlot(), &der, NULL, NULL, PR_FALSE, PR_TRUE,
                                                 KU_DIGITAL_SIGNATURE, &pairs[pair].key, NULL);
    require(status == SECSuccess, "key");
}

/* Lets in whom the authority has signed, whatever else NSS would ask of a certificate. */
static SECStatus authenticate(void *authority, PRFileDesc *fd, PRBool check_signature, PRBool is_server) {
    CERTCertificate *certificate = SSL_PeerCertificate(fd);
    SECKEYPublicKey *key = CERT_ExtractPublicKey(authority);
    SECStatus status = CERT_VerifySignedDataWithPublicKey(&certificate->signatureWrap, key, NULL);
    SECKEY_DestroyPublicKey(key);
    CERT_DestroyCertificate(certificate);
    return status;
}

static void configure(PRFileDesc *fd, int pair) {
    static const SSLNamedGroup p256[] = {ssl_grp_ec_secp256r1};
    SSLVersionRange versions = {SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3};
    SSLExtraServerCertData extra = {.certChain = &pairs[pair].chain};
    CERTCertificate *certificate = certificate_of(&pairs[pair].certificates[0]);
    require(SSL_VersionRangeSet(fd, &versions) == SECSuccess, "version");
    require(SSL_ConfigServerCert(fd, certificate, pairs[pair].key, &extra, sizeof extra) == SECSuccess, "chain");
    require(SSL_OptionSet(fd, SSL_ENABLE_SESSION_TICKETS, PR_TRUE) == SECSuccess, "tickets");
    if (only_p256()) require(SSL_NamedGroupConfig(fd, p256, 1) == SECSuccess, "group");
    if (client_ca()) {
        SECItem der = {0};
        require(read_pem(client_ca(), &der, 1) == 1, "the clients' authority");
        SSL_OptionSet(fd, SSL_REQUEST_CERTIFICATE, PR_TRUE);
        SSL_OptionSet(fd, SSL_REQUIRE_CERTIFICATE, SSL_REQUIRE_ALWAYS);
        SSL_AuthCertificateHook(fd, authenticate, certificate_of(&der));
    }
    require(SSL_ResetHandshake(fd, PR_TRUE) == SECSuccess, "session");
}

static void *accept_session(int pair, int socket) {
    // NSS closes what it is given, and so does the caller.
    PRFileDesc *fd = SSL_ImportFD(NULL, PR_ImportTCPSocket(dup(socket)));
    require(fd != NULL, "socket");
    configure(fd, pair);
    if (SSL_ForceHandshake(fd) == SECSuccess) return fd;
    fprintf(stderr, "handshake: %s\n", PORT_ErrorToName(PORT_GetError()));
    PR_Close(fd);
    return NULL;
}

static long receive(void *fd, char *space, size_t size) { return PR_Read(fd, space, (PRInt32)size); }

static long send_octets(void *fd, const char *octets, size_t length) {
    return PR_Write(fd, octets, (PRInt32)length);
}

static const char *group_name(SSLNamedGroup group) {
    static char number[8];
    if (group == ssl_grp_ec_secp256r1) return "secp256r1";
    if (group == ssl_grp_ec_curve25519) return "x25519";
    snprintf(number, sizeof number, "%d", group);
    return number;
}

static void look(void *fd, struct view *view) {
    static char library[64], client[256];
    snprintf(library, sizeof library, "NSS %s", NSS_GetVersion());
    view->library = library;
    SSLChannelInfo info;
    if (SSL_GetChannelInfo(fd, &info, sizeof info) == SECSuccess) {
        view->resumed = info.resumed ? "yes" : "no";
        view->group = group_name(info.keaGroup);
    }
    CERTCertificate *certificate = SSL_PeerCertificate(fd);
    if (!certificate) return;
    snprintf(client, sizeof client, "%s", certificate->subjectName);
    view->client = client;
    CERT_DestroyCertificate(certificate);
}

static void close_session(void *fd) {
    PR_Shutdown(fd, PR_SHUTDOWN_SEND);
    PR_Close(fd);
}

int main(int count, char **arguments) {
    static const struct tls tls = {"nss", load, accept_session, receive, send_octets, look, close_session};
    require(NSS_NoDB_Init(NULL) == SECSuccess && NSS_SetDomesticPolicy() == SECSuccess, "NSS");
    require(SSL_ConfigServerSessionIDCache(0, 0, 0, NULL) == SECSuccess, "the sessions' memory");
    return serve(&tls, count - 1, arguments + 1);
}
