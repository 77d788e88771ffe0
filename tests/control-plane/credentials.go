package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// The files of credentials, all in the working folder.
const (
	caFile                = "ca.crt"
	servingCertFile       = "apiserver.crt"
	servingKeyFile        = "apiserver.key"
	serviceAccountKeyFile = "service-account.key"
	tokensFile            = "tokens.csv"
)

// The users that the API server knows from the start. The controllers have their own, so that the
// audit log tells their writes from those of tests.
const (
	adminUser       = "admin"
	controllersUser = "system:kube-controller-manager"
)

// tokens are what these users show.
type tokens struct {
	admin       string
	controllers string
}

// writeCredentials makes a fresh CA, serving certificate, key for service account tokens, and tokens.
// The API server could sign a certificate for itself; made here, the CA is a file of its own, as
// clients want it, and the keys are of a kind that is quick to make.
func writeCredentials() (tokens, error) {
	ca, caKey, err := writeCA()
	if err != nil {
		return tokens{}, err
	}
	if err := writeServing(ca, caKey); err != nil {
		return tokens{}, err
	}
	if _, err := writeKey(serviceAccountKeyFile); err != nil {
		return tokens{}, err
	}
	return writeTokens()
}

func writeCA() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	// The CA's key is never written: nothing signs with it after this start.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	ca := certificate("control-plane-ca")
	ca.IsCA = true
	ca.BasicConstraintsValid = true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	if err := writeCertificate(caFile, ca, ca, &key.PublicKey, key); err != nil {
		return nil, nil, err
	}
	return ca, key, nil
}

func writeServing(ca *x509.Certificate, caKey *ecdsa.PrivateKey) error {
	key, err := writeKey(servingKeyFile)
	if err != nil {
		return err
	}
	serving := certificate("kube-apiserver")
	serving.KeyUsage = x509.KeyUsageDigitalSignature
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	return writeCertificate(servingCertFile, serving, ca, &key.PublicKey, caKey)
}

// certificate is what both certificates have in common. A year is longer than any control plane
// of tests lives, and an hour back allows for clocks that disagree.
func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
	}
}

func writeCertificate(path string, template, parent *x509.Certificate, public *ecdsa.PublicKey, signer *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

func writeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func writeTokens() (tokens, error) {
	made := tokens{admin: randomToken(), controllers: randomToken()}
	// Columns: token, user, uid (nobody asks), groups.
	lines := made.admin + "," + adminUser + ",,system:masters\n" +
		made.controllers + "," + controllersUser + ",,system:masters\n"
	return made, os.WriteFile(tokensFile, []byte(lines), 0o600)
}

func randomToken() string {
	bytes := make([]byte, 16)
	// It never fails: where the system has no randomness, the program is ended.
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
