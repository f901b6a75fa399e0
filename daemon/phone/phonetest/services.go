package phonetest

import (
	"context"
	"net"
)

// apps are what is installed besides what every phone has.
func apps() []string {
	return []string{"com.example.chat", "com.example.notes", "com.example.game"}
}

// serveApplications is installation_proxy, as far as a backup program asks
// it: which applications are installed.
func (p *Phone) serveApplications(_ context.Context, c net.Conn) {
	for {
		req, err := readDict(c)
		if err != nil {
			return
		}
		if text(req, "Command") == "Browse" {
			list := []any{}
			for _, id := range apps() {
				list = append(list, dict{"CFBundleIdentifier": id, "ApplicationSINF": []byte("sinf"), "iTunesMetadata": []byte("meta")})
			}
			writeFrame(c, dict{"Status": "BrowsingApplications", "CurrentAmount": len(list), "CurrentIndex": 0, "CurrentList": list})
		}
		if writeFrame(c, dict{"Status": "Complete"}) != nil {
			return
		}
	}
}

// serveSpringboard hands out icons: 64 bytes that only look like PNG.
func (p *Phone) serveSpringboard(_ context.Context, c net.Conn) {
	icon := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 56)...)
	for {
		req, err := readDict(c)
		if err != nil {
			return
		}
		answer := dict{}
		if text(req, "command") == "getIconPNGData" {
			answer["pngData"] = icon
		}
		if writeBinary(c, answer) != nil {
			return
		}
	}
}
