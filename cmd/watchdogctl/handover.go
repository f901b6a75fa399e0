package main

import (
	"context"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/verify"
)

// handOver tells a running watchdog what a check found, so that `status` does
// not go on calling a backup good that was just seen to be damaged, or unproven
// one that its password has opened. Where none runs, or the folder is none of
// those it watches, nothing is lost: the result is printed either way.
func (p *program) handOver(ctx context.Context, dir string, r verify.Result) {
	client, err := p.client()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client.Checked(ctx, control.CheckedRequest{Path: resolved(dir), Result: r.Check()})
}
