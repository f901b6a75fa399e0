package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"backupwatchdog/daemon/phone/phonetest"
)

// control reads commands until ctx ends or somebody says quit.
func control(ctx context.Context, p *phonetest.Phone, in io.Reader, log io.Writer) error {
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if strings.TrimSpace(line) == "quit" {
				return nil
			}
			if err := command(p, strings.Fields(line)); err != nil {
				fmt.Fprintf(log, "fakephone: %v\n", err)
			}
		}
	}
}

// command carries out one line.
func command(p *phonetest.Phone, words []string) error {
	if len(words) == 0 {
		return nil
	}
	arg := strings.Join(words[1:], " ")
	switch words[0] {
	case "attach":
		p.Attach(connections(arg)...)
	case "detach":
		p.Detach(connections(arg)...)
	case "stall":
		p.Stall()
	case "resume":
		p.Resume()
	case "passcode":
		p.Passcode(arg != "off")
	case "battery":
		percent, err := strconv.Atoi(arg)
		if err != nil {
			return fmt.Errorf("battery takes a number of per cent, not %q", arg)
		}
		p.SetBattery(percent, false)
	case "charging":
		p.SetValue("com.apple.mobile.battery", "BatteryIsCharging", arg != "off")
	case "fault":
		return p.SetFaults(arg)
	case "use":
		p.Use()
	case "paired":
		p.SetPaired(arg != "off")
	case "post":
		p.Post(arg)
	default:
		return fmt.Errorf("%q is not a command; try attach, detach, stall, resume, passcode, battery, charging, fault, use, paired, post or quit", words[0])
	}
	return nil
}

// connections reads "usb", "network" or nothing.
func connections(arg string) []phonetest.Connection {
	switch strings.ToLower(arg) {
	case "usb":
		return []phonetest.Connection{phonetest.USB}
	case "network":
		return []phonetest.Connection{phonetest.Network}
	}
	return nil
}
