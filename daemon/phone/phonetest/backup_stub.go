package phonetest

import (
	"context"
	"net"
)

func (p *Phone) serveBackup(context.Context, net.Conn) {}
