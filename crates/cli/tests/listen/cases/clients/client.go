// A client of Go's standard library: `client PORT HOST ANCHORS` POSTs a reading to HOST on the loopback.
// Exit status: 0 a response came, 1 anything else.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	port, host, anchors := os.Args[1], os.Args[2], os.Args[3]
	if err := post(port, host, anchors); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func post(port, host, anchors string) error {
	pem, err := os.ReadFile(anchors)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: host},
		DisableKeepAlives: true,
		Dial: func(network, _ string) (net.Conn, error) {
			return net.Dial(network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	request, err := http.NewRequest("POST", "https://"+net.JoinHostPort(host, port)+"/readings",
		strings.NewReader(`{"reading":21}`))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "device/1.0")
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	_, err = io.ReadAll(response.Body)
	return err
}
