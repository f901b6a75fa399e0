package phonetest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"

	"howett.net/plist"
)

// pairing is the trust between the fake computer and its phones: one pair
// record for all of them. The keys are made when somebody first wants them.
type pairing struct {
	hostID, buid string
	keys         func() *pairKeys
}

// pairKeys holds a root, and a certificate for each side signed by it. The
// format is what libimobiledevice's common/userpref.c makes: RSA keys of 2048
// bits, PKCS #1 in PEM.
type pairKeys struct {
	rootCert, hostCert, deviceCert []byte // PEM
	rootKey, hostKey               []byte // PEM
	server                         tls.Certificate
}

func newPairing() *pairing {
	return &pairing{
		hostID: "5A1E0C7B-0C5F-4B5E-9C57-0D7E3F0A9B11",
		buid:   "2C6B7E10-94D0-4E62-8B4C-6F1D2A3B4C5D",
		keys:   sync.OnceValue(makeKeys),
	}
}

// record is the pair record as usbmuxd keeps it. libimobiledevice refuses to
// start the backup service without an EscrowBag.
func (p *pairing) record() []byte {
	k := p.keys()
	body, err := plist.Marshal(dict{
		"HostID": p.hostID, "SystemBUID": p.buid, "EscrowBag": make([]byte, 32),
		"WiFiMACAddress":  "a4:83:e7:00:00:01",
		"RootCertificate": k.rootCert, "RootPrivateKey": k.rootKey,
		"HostCertificate": k.hostCert, "HostPrivateKey": k.hostKey,
		"DeviceCertificate": k.deviceCert,
	}, plist.XMLFormat)
	if err != nil {
		panic(err) // unreachable: only strings and bytes
	}
	return body
}

// tlsConfig is the phone's end: it wants the computer's certificate and takes
// the one of the pair record, as a phone does.
func (p *pairing) tlsConfig() *tls.Config {
	k := p.keys()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(k.rootCert)
	return &tls.Config{
		Certificates: []tls.Certificate{k.server},
		ClientAuth:   tls.RequireAnyClientCert, ClientCAs: pool,
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
	}
}

// makeKeys generates one key for all three certificates: it is the time that
// counts here, not the secrecy.
func makeKeys() *pairKeys {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // unreachable: the system's randomness does not fail
	}
	root := template(1, true)
	rootDER := sign(root, root, key)
	hostDER := sign(template(2, false), root, key)
	deviceDER := sign(template(3, false), root, key)
	keyPEM := pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	return &pairKeys{
		rootCert: pemBlock("CERTIFICATE", rootDER), rootKey: keyPEM,
		hostCert: pemBlock("CERTIFICATE", hostDER), hostKey: keyPEM,
		deviceCert: pemBlock("CERTIFICATE", deviceDER),
		server:     tls.Certificate{Certificate: [][]byte{deviceDER}, PrivateKey: key},
	}
}

// template is an almost empty certificate, as in a real pair record: no name.
func template(serial int64, ca bool) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{},
		NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(4e9, 0),
		IsCA: ca, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
	}
}

func sign(cert, parent *x509.Certificate, key *rsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, key)
	if err != nil {
		panic(err) // unreachable: the template is complete
	}
	return der
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
