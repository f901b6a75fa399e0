package service

import (
	"context"
	"os/signal"
	"syscall"

	kardianos "github.com/kardianos/service"
)

// Library describes our service in the terms of github.com/kardianos/service,
// with our own rendering of the service file under the library's option names.
func (m *Manager) Library() (*kardianos.Config, error) {
	agent, err := (&launchd{m}).file()
	if err != nil {
		return nil, err
	}
	unit, err := (&systemd{m}).file()
	if err != nil {
		return nil, err
	}
	return &kardianos.Config{
		Name: Label, DisplayName: "Backup Watchdog",
		Description: "Watches iPhone backups from outside",
		Executable:  m.Program(), Arguments: m.args(),
		Option: kardianos.KeyValue{
			"UserService": true, "LaunchdConfig": agent.Content, "SystemdScript": unit.Content,
			"LogDirectory": m.logDir(),
		},
	}, nil
}

// Run runs the daemon's work until it ends by itself, or until the service
// manager or a person asks it to end; the context is then done and Run waits
// for work to return. Its error is returned.
func Run(work func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	p := &process{work: work, ended: make(chan struct{})}
	cfg := &kardianos.Config{
		Name:   Label,
		Option: kardianos.KeyValue{"UserService": true, "RunWait": func() { p.wait(ctx) }},
	}
	svc, err := kardianos.New(p, cfg)
	if err != nil { // a system the library does not know: signals will do
		return work(ctx)
	}
	if err := svc.Run(); err != nil {
		return err
	}
	return p.err
}

// process is the daemon as the library sees it.
type process struct {
	work   func(context.Context) error
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // read after ended
}

// Start begins the work and returns at once, as the library wants it.
func (p *process) Start(kardianos.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() {
		defer close(p.ended)
		p.err = p.work(ctx)
	}()
	return nil
}

// wait returns when the work has ended or ctx, the signals, asks for it.
func (p *process) wait(ctx context.Context) {
	select {
	case <-p.ended:
	case <-ctx.Done():
	}
}

// Stop ends the work and waits for it; the daemon bounds its own farewell.
func (p *process) Stop(kardianos.Service) error {
	p.cancel()
	<-p.ended
	return nil
}
