// BoGo's runner, without what only other parts of BoringSSL need. The modules of golang.org/x are
// Debian's; with a folder in their place, the version that is asked for does not matter.
module boringssl.googlesource.com/boringssl.git

go 1.27.0

require (
	golang.org/x/crypto v0.0.0
	golang.org/x/net v0.0.0
	golang.org/x/sys v0.0.0
	golang.org/x/term v0.0.0
	golang.org/x/text v0.0.0
)

replace (
	golang.org/x/crypto => /usr/share/gocode/src/golang.org/x/crypto
	golang.org/x/net => /usr/share/gocode/src/golang.org/x/net
	golang.org/x/sys => /usr/share/gocode/src/golang.org/x/sys
	golang.org/x/term => /usr/share/gocode/src/golang.org/x/term
	golang.org/x/text => /usr/share/gocode/src/golang.org/x/text
)
