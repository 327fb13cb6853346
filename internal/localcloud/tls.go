// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

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
	"math/big"
	"net"
	"time"
)

// authority is the local cloud's own CA. It is made once and kept in the state directory, so that clients still trust
// it after a restart.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

const (
	caFile    = "ca.pem"
	caKeyFile = "ca-key.pem"
	caYears   = 10
)

func openAuthority(d *stateDir) (*authority, error) {
	certificate, err := readFile(d.file(caFile))
	if err != nil {
		return nil, err
	}
	key, err := readFile(d.file(caKeyFile))
	if err != nil {
		return nil, err
	}
	// makeAuthority writes the key first, so there is no certificate without a key.
	if certificate == nil {
		return makeAuthority(d)
	}
	return readAuthority(certificate, key)
}

func readAuthority(certificate, key []byte) (*authority, error) {
	certificateBlock, _ := pem.Decode(certificate)
	keyBlock, _ := pem.Decode(key)
	if certificateBlock == nil || keyBlock == nil {
		return nil, fmt.Errorf("%s or %s in the state directory is damaged", caFile, caKeyFile)
	}
	parsed, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", caFile, err)
	}
	private, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", caKeyFile, err)
	}
	return &authority{certificate: parsed, key: private}, nil
}

func makeAuthority(d *stateDir) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := newTemplate("DBOS local cloud CA", caYears)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	rawKey, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(d.file(caKeyFile), "EC PRIVATE KEY", rawKey); err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key}, writePEM(d.file(caFile), "CERTIFICATE", raw)
}

// serverConfig makes a certificate for the names of this machine and for the address that the server listens on.
func (a *authority) serverConfig(listen net.IP) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := newTemplate("localhost", 1)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, listen}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	// HTTP/1.1 only: a fault that breaks a connection must not hit other requests on it.
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}, nil
}

func newTemplate(name string, years int) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(randomBytes(16)),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(years, 0, 0),
	}
}

func writePEM(path, kind string, raw []byte) error {
	encoded := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
	if encoded == nil {
		return errors.New("encode " + path)
	}
	return writeFile(path, encoded)
}
