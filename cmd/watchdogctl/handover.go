package main

import (
	"context"
	"errors"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/verify"
)

// handOver tells a running watchdog what checks found, so that `status` does
// not go on calling a backup good that was just seen to be damaged, or unproven
// one that its password has opened. Where none runs, or a folder is none of
// those it watches, nothing is lost: the results are printed either way.
func (p *program) handOver(ctx context.Context, list []verify.Result) {
	client, err := p.client()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for i := range list {
		err := client.Checked(ctx, control.CheckedRequest{Path: resolved(list[i].Path), Result: list[i].Check()})
		if err != nil && !errors.Is(err, control.ErrRefused) {
			return // nobody answers
		}
	}
}
