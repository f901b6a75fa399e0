package host

import (
	"context"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

func thisSystem() system {
	return &mac{self: os.Getpid(), kernel: kernelProcesses, args: kernelArgs, run: runCommand}
}

// kernelProcesses asks the kernel for the list of processes: what ps does,
// without starting one every few seconds.
func kernelProcesses() ([]macProcess, error) {
	list, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, err
	}
	out := make([]macProcess, 0, len(list))
	for i := range list {
		p := &list[i]
		out = append(out, macProcess{
			pid: int(p.Proc.P_pid), parent: int(p.Eproc.Ppid),
			name:    unix.ByteSliceToString(p.Proc.P_comm[:]),
			started: strconv.FormatInt(p.Proc.P_starttime.Nano(), 10),
		})
	}
	return out, nil
}

// kernelArgs asks the kernel for the arguments of one process of this user.
func kernelArgs(_ context.Context, pid int) ([]byte, error) {
	return unix.SysctlRaw("kern.procargs2", pid)
}
