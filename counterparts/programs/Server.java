// An HTTPS server of Java's standard library: `java Server.java CERT KEY [CERT KEY ...]` listens
// on one port of the loopback for each pair of PEM files, and prints the ports, one a line. It
// answers with the request's body. Headers say how the server saw the connection, as far as Java tells
// it: not whether it was resumed, nor the group. In the environment, COUNTERPART_ONLY_P256 makes P-256
// the only group, and COUNTERPART_CLIENT_CA is the PEM file of the authority whose clients alone are let
// in.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

public class Server {
    private static final String CLIENT_CA = System.getenv("COUNTERPART_CLIENT_CA");

    public static void main(String[] files) throws Exception {
        if (System.getenv("COUNTERPART_ONLY_P256") != null) {
            System.setProperty("jdk.tls.namedGroups", "secp256r1");
        }
        for (int pair = 0; pair + 1 < files.length; pair += 2) {
            listen(Path.of(files[pair]), Path.of(files[pair + 1]));
        }
    }

    private static void listen(Path certificates, Path key) throws Exception {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context(certificates, key)) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters settings = getSSLContext().getDefaultSSLParameters();
                settings.setNeedClientAuth(CLIENT_CA != null);
                parameters.setSSLParameters(settings);
            }
        });
        server.createContext("/", Server::echo);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println(server.getAddress().getPort());
    }

    private static void echo(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            var headers = exchange.getResponseHeaders();
            headers.set("X-Counterpart", "java");
            headers.set("X-Library", "Java " + System.getProperty("java.version"));
            if (CLIENT_CA != null) {
                headers.set("X-Client", client((HttpsExchange) exchange));
            }
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static String client(HttpsExchange exchange) throws SSLPeerUnverifiedException {
        return exchange.getSSLSession().getPeerPrincipal().getName();
    }

    private static SSLContext context(Path certificates, Path key) throws Exception {
        Certificate[] chain = read(certificates);
        char[] password = new char[0];
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        var spec = new PKCS8EncodedKeySpec(der(Files.readString(key)));
        var factory = KeyFactory.getInstance(chain[0].getPublicKey().getAlgorithm());
        store.setKeyEntry("server", factory.generatePrivate(spec), password, chain);
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), CLIENT_CA == null ? null : clients(), null);
        return context;
    }

    private static TrustManager[] clients() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("authority", read(Path.of(CLIENT_CA))[0]);
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        return managers.getTrustManagers();
    }

    private static Certificate[] read(Path certificates) throws Exception {
        try (var pem = Files.newInputStream(certificates)) {
            var all = CertificateFactory.getInstance("X.509").generateCertificates(pem);
            return all.toArray(new Certificate[0]);
        }
    }

    private static byte[] der(String pem) {
        return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]*-----", ""));
    }
}
