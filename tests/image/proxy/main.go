// Command proxy is a proxy as some companies have it: it takes CONNECT, speaks TLS itself to whoever
// calls, with certificates of a CA of its own, and hands what it reads to one server in plain HTTP,
// whatever host was asked for. So nothing that goes through it ever leaves the machine.
//
//	proxy CA-FILE SERVER
//
// The CA's certificate is written to the file. Each line on stdout is a word and what it is about:
// `listening ADDRESS`, `connect HOST:PORT`, `distrusted HOST:PORT` when the caller ended the handshake,
// `request METHOD HOST`.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: proxy CA-FILE SERVER")
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func serve(caFile, server string) error {
	behind, err := url.Parse(server)
	if err != nil {
		return err
	}
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "CERTIFICATE", Bytes: authority.certificate.Raw}
	if err := os.WriteFile(caFile, pem.EncodeToMemory(block), 0o644); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening", listener.Addr())
	return http.Serve(listener, &proxy{authority: authority, behind: httputil.NewSingleHostReverseProxy(behind)})
}

// proxy answers CONNECT and nothing else.
type proxy struct {
	authority *authority
	behind    http.Handler
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	fmt.Println("connect", r.Host)
	raw, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := raw.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		raw.Close()
		return
	}
	caller := tls.Server(raw, &tls.Config{GetCertificate: p.authority.certificateFor})
	if err := caller.Handshake(); err != nil {
		fmt.Println("distrusted", r.Host)
		raw.Close()
		return
	}
	// A server for this one connection: it ends with it.
	_ = http.Serve(newSingle(caller), http.HandlerFunc(func(w http.ResponseWriter, inner *http.Request) {
		fmt.Println("request", inner.Method, inner.Host)
		p.behind.ServeHTTP(w, inner)
	}))
}

// single is a listener that has one connection, and has ended when that is closed.
type single struct {
	net.Conn
	first chan net.Conn
	ended chan struct{}
}

func newSingle(conn net.Conn) *single {
	s := &single{Conn: conn, first: make(chan net.Conn, 1), ended: make(chan struct{})}
	s.first <- s
	return s
}

func (s *single) Accept() (net.Conn, error) {
	select {
	case conn := <-s.first:
		return conn, nil
	case <-s.ended:
		return nil, errors.New("the connection has ended")
	}
}

func (s *single) Addr() net.Addr { return s.LocalAddr() }

func (s *single) Close() error {
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
	return s.Conn.Close()
}

// authority is a CA, with the one key that it and all its certificates have.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate("a company's own CA")
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	signed, err := x509.ParseCertificate(raw)
	return &authority{certificate: signed, key: key}, err
}

// certificateFor makes a certificate for the host that the caller wants to speak to.
func (a *authority) certificateFor(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	template := certificate(hello.ServerName)
	template.DNSNames = []string{hello.ServerName}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, a.key.Public(), a.key)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: a.key}, err
}

func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
	}
}
