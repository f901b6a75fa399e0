package phonetest

import (
	"context"
	"net"
)

// serveBackup is mobilebackup2: device link's version exchange, Hello, then
// requests (src/device_link_service.c and src/mobilebackup2.c of
// libimobiledevice).
func (p *Phone) serveBackup(ctx context.Context, c net.Conn) {
	defer c.Close()
	l := newLink(c)
	if l.send("DLMessageVersionExchange", 300, 0) != nil {
		return
	}
	if name, _, err := l.receive(); err != nil || name != "DLMessageVersionExchange" {
		return
	}
	if l.send("DLMessageDeviceReady") != nil {
		return
	}
	for {
		name, m, err := l.receive()
		if err != nil || name != "DLMessageProcessMessage" || len(m) < 2 {
			return
		}
		req, _ := m[1].(dict)
		if !p.request(ctx, l, req) {
			return
		}
	}
}

// request answers one request; false ends the connection.
func (p *Phone) request(ctx context.Context, l *link, req dict) bool {
	switch text(req, "MessageName") {
	case "Hello":
		return l.send("DLMessageProcessMessage", dict{"MessageName": "Response", "ErrorCode": 0, "ProtocolVersion": 2.1}) == nil
	case "Backup":
		options, _ := req["Options"].(dict)
		force, _ := options["ForceFullBackup"].(bool)
		return p.backup(ctx, l, text(req, "TargetIdentifier"), force) != -1
	case "Info", "List":
		return l.send("DLMessageProcessMessage", dict{"MessageName": "Response", "ErrorCode": 0, "Content": ""}) == nil
	}
	return l.done(1, "Unknown request") == nil
}
