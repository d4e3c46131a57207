// An HTTPS server of Go's standard library: `server CERT KEY [CERT KEY ...]` listens on one port
// of the loopback for each pair of PEM files, and prints the ports, one a line.
//
// /echo answers with the request's body, /large with that body again and again, a mebibyte in
// all, in chunks. Headers say how the server saw the connection. In the environment,
// COUNTERPART_ONLY_P256 makes P-256 the only group, and COUNTERPART_CLIENT_CA is the PEM file of the
// authority whose clients alone are let in.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
)

const large = 1 << 20

func main() {
	http.HandleFunc("/echo", func(response http.ResponseWriter, request *http.Request) {
		body := read(response, request)
		response.Header().Set("Content-Length", fmt.Sprint(len(body)))
		response.Write(body)
	})
	http.HandleFunc("/large", func(response http.ResponseWriter, request *http.Request) {
		body := read(response, request)
		for sent := 0; sent < large; {
			piece := body[:min(len(body), large-sent)]
			response.Write(piece)
			sent += len(piece)
		}
	})
	for pair := os.Args[1:]; len(pair) >= 2; pair = pair[2:] {
		certificate, key := pair[0], pair[1]
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		server := http.Server{TLSConfig: config()}
		go func() { log.Fatal(server.ServeTLS(listener, certificate, key)) }()
	}
	select {}
}

func config() *tls.Config {
	config := tls.Config{}
	if os.Getenv("COUNTERPART_ONLY_P256") != "" {
		config.CurvePreferences = []tls.CurveID{tls.CurveP256}
	}
	if file := os.Getenv("COUNTERPART_CLIENT_CA"); file != "" {
		authority, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(authority)
	}
	return &config
}

func read(response http.ResponseWriter, request *http.Request) []byte {
	response.Header().Set("X-Counterpart", "go")
	response.Header().Set("X-Library", "Go "+runtime.Version()[len("go"):])
	response.Header().Set("X-Resumed", map[bool]string{true: "yes", false: "no"}[request.TLS.DidResume])
	if clients := request.TLS.PeerCertificates; len(clients) > 0 {
		response.Header().Set("X-Client", clients[0].Subject.String())
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		log.Print(err)
	}
	return body
}

// Go has a min of its own since 1.21 only.
func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
