// An HTTPS server of Go's standard library: `server CERT KEY [CERT KEY ...]` listens on one port
// of the loopback for each pair of PEM files, and prints the ports, one a line.
//
// /echo answers with the request's body, /large with that body again and again, a mebibyte in
// all, in chunks.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
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
		go func() { log.Fatal(http.ServeTLS(listener, nil, certificate, key)) }()
	}
	select {}
}

func read(response http.ResponseWriter, request *http.Request) []byte {
	response.Header().Set("X-Counterpart", "go")
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
