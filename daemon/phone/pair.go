package phone

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"

	"backupwatchdog/plist"
)

// pairRecord is the trust between this computer and a phone, as usbmuxd keeps
// it. Certificates and the key are PEM (libimobiledevice common/userpref.c). The
// record is held in memory for the length of one question and never written.
type pairRecord struct {
	HostID, SystemBUID                                 string
	HostCertificate, HostPrivateKey, DeviceCertificate []byte
}

// errNoRecord: this computer was never paired with the phone, or may not know.
var errNoRecord = errors.New("usbmuxd gives no pair record")

// readPairRecord asks usbmuxd for the record of a phone.
func (c *Client) readPairRecord(ctx context.Context, udid string) (pairRecord, error) {
	m, err := c.open(ctx)
	if err != nil {
		return pairRecord{}, err
	}
	defer m.Close()
	defer closeWith(ctx, m)()
	body, err := m.ask("ReadPairRecord", map[string]any{"PairRecordID": udid})
	if err != nil {
		return pairRecord{}, err
	}
	var answer struct{ PairRecordData []byte }
	if err := plist.Unmarshal(body, &answer); err != nil || len(answer.PairRecordData) == 0 {
		return pairRecord{}, errNoRecord
	}
	var r pairRecord
	if err := plist.Unmarshal(answer.PairRecordData, &r); err != nil || r.HostID == "" {
		return pairRecord{}, fmt.Errorf("%w that can be read", errNoRecord)
	}
	return r, nil
}

// encrypt begins TLS on a connection to the phone: our certificate from the
// pair record, and theirs must hold the key that the record names. Its names and
// dates mean nothing (the certificate is made at pairing and has none), so the
// usual checks would prove nothing and refuse everything.
func (r pairRecord) encrypt(ctx context.Context, conn net.Conn) (net.Conn, error) {
	own, err := tls.X509KeyPair(r.HostCertificate, r.HostPrivateKey)
	if err != nil {
		return nil, fmt.Errorf("reading the pair record's certificate: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	secure := tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, // replaced by samePhone
		VerifyConnection:   r.samePhone,
		// The phone names authorities that need not match: always answer with ours.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil },
		MinVersion:           tls.VersionTLS10, // phones up to iOS 9 know no other
		CipherSuites:         allCiphers(),
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("encrypting the connection to the iPhone: %w", err)
	}
	return secure, nil
}

// samePhone checks that the other side has proved to hold the key of the phone
// this computer was paired with.
func (r pairRecord) samePhone(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the iPhone shows no certificate")
	}
	block, _ := pem.Decode(r.DeviceCertificate)
	if block == nil {
		return errors.New("the pair record holds no certificate for the iPhone")
	}
	peer := s.PeerCertificates[0]
	if bytes.Equal(peer.Raw, block.Bytes) {
		return nil
	}
	known, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !bytes.Equal(known.RawSubjectPublicKeyInfo, peer.RawSubjectPublicKeyInfo) {
		return errors.New("the iPhone's certificate is not the one in the pair record")
	}
	return nil
}

// allCiphers lists also the old suites that old phones need. What they protect
// here is a cable.
func allCiphers() (ids []uint16) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// deadline gives the next exchange on conn its time.
func deadline(conn net.Conn) { conn.SetDeadline(time.Now().Add(answerLimit)) }
