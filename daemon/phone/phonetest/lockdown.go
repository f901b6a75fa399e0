package phonetest

import (
	"crypto/tls"
	"net"
)

// A session is one connection to lockdownd. Before StartSession only the
// values a stranger may see are told (src/lockdown.c of libimobiledevice
// reads ProductVersion there).
type session struct {
	phone *Phone
	conn  net.Conn
	id    string // "" before StartSession
	plain net.Conn
}

// serveLockdown answers requests until the client leaves.
func (p *Phone) serveLockdown(c net.Conn) {
	s := &session{phone: p, conn: c, plain: c}
	for {
		req, err := readDict(s.conn)
		if err != nil {
			return
		}
		if !s.answer(req) {
			return
		}
	}
}

// answer handles one request; false ends the connection.
func (s *session) answer(req dict) bool {
	switch text(req, "Request") {
	case "QueryType":
		return s.reply(req, dict{"Type": "com.apple.mobile.lockdown"})
	case "GetValue":
		return s.getValue(req)
	case "Pair", "ValidatePair":
		return s.pair(req)
	case "StartSession":
		return s.start(req)
	case "StopSession":
		return s.stop(req)
	case "StartService":
		return s.startService(req)
	case "Goodbye":
		s.reply(req, dict{})
		return false
	}
	return s.refuse(req, "InvalidRequest")
}

// reply echoes the request's name with the given values.
func (s *session) reply(req, values dict) bool {
	values["Request"] = text(req, "Request")
	return writeFrame(s.conn, values) == nil
}

// refuse answers with one of lockdownd's error names.
func (s *session) refuse(req dict, name string) bool {
	return s.reply(req, dict{"Error": name})
}

// getValue answers for one key, a domain, or the domain without a name.
func (s *session) getValue(req dict) bool {
	domain, key := text(req, "Domain"), text(req, "Key")
	if s.id == "" && !public(domain, key) {
		return s.refuse(req, "GetProhibited")
	}
	all := s.phone.domain(domain)
	answer := dict{}
	if domain != "" {
		answer["Domain"] = domain
	}
	if key == "" {
		answer["Value"] = all
		return s.reply(req, answer)
	}
	v, ok := all[key]
	if !ok {
		return s.refuse(req, "MissingValue")
	}
	answer["Key"], answer["Value"] = key, v
	return s.reply(req, answer)
}

// public says whether a stranger may read the value.
func public(domain, key string) bool {
	if domain != "" {
		return false
	}
	switch key {
	case "", "ProductVersion", "ProductType", "DeviceName", "DeviceClass", "BuildVersion", "UniqueDeviceID", "ProductName", "DevicePublicKey", "WiFiAddress":
		return true
	}
	return false
}

// pair never makes a new pairing: nobody is there to tap Trust.
func (s *session) pair(req dict) bool {
	record, _ := req["PairRecord"].(dict)
	if s.phone.paired() && text(record, "HostID") == s.phone.mux.pairing.hostID {
		return s.reply(req, dict{"EscrowBag": make([]byte, 32)})
	}
	if text(req, "Request") == "Pair" {
		return s.refuse(req, "PairingDialogResponsePending")
	}
	return s.refuse(req, "InvalidHostID")
}

// start opens the session, and with TLS the encrypted part of the connection
// behind the answer.
func (s *session) start(req dict) bool {
	p := s.phone
	if f, ok := p.fault("lockdown-error"); ok {
		return s.refuse(req, f.arg(0, "PasswordProtected"))
	}
	if !p.paired() || text(req, "HostID") != p.mux.pairing.hostID {
		return s.refuse(req, "InvalidHostID")
	}
	if s.id != "" {
		return s.refuse(req, "SessionActive")
	}
	s.id = "7F3A1B2C-0000-4000-8000-000000000001"
	if !s.reply(req, dict{"SessionID": s.id, "EnableSessionSSL": p.cfg.TLS}) {
		return false
	}
	if p.cfg.TLS {
		s.conn = tls.Server(s.plain, p.mux.pairing.tlsConfig())
	}
	p.event(Event{Kind: "session"})
	return true
}

// stop ends the session. A client that spoke TLS goes on in the clear; ours
// and libimobiledevice hang up here, so there is nothing to go on with.
func (s *session) stop(req dict) bool {
	if text(req, "SessionID") != s.id || s.id == "" {
		return s.refuse(req, "InvalidSessionID")
	}
	encrypted := s.conn != s.plain
	s.id = ""
	return s.reply(req, dict{}) && !encrypted
}

// startService names the port of a service.
func (s *session) startService(req dict) bool {
	name := text(req, "Service")
	if s.id == "" {
		return s.refuse(req, "SessionInactive")
	}
	if f, ok := s.phone.fault("service-error"); ok && name == f.arg(1, backupService) {
		return s.refuse(req, f.arg(0, "PasswordProtected"))
	}
	for i, sv := range services() {
		if sv.name == name {
			return s.reply(req, dict{"Service": name, "Port": firstPort + i, "EnableServiceSSL": s.phone.cfg.TLS})
		}
	}
	return s.refuse(req, "InvalidService")
}
