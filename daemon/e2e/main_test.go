package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// bin is where TestMain has built the two programs.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "e2e")
	if err == nil {
		err = os.Chmod(dir, 0o755) // one story runs the daemon as another user
	}
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the programs cannot be built:", err)
		os.Exit(1)
	}
	bin = dir
	flag.Parse()
	flag.Set("test.parallel", "64") // the stages bound how many work at a time
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build makes watchdogd and watchdogctl as a person gets them.
func build(dir string) error {
	cmd := exec.Command("go", "build", "-o", dir, "./cmd/watchdogd", "./cmd/watchdogctl")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// stages is how many stories play at a time: each has a phone, a client and a
// daemon, and machines of two cores must do.
var stages = make(chan struct{}, 2)

// inTheWings lets a story run beside all others: it does little but wait.
func inTheWings(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("real programs take real time")
	}
	t.Parallel()
}

// onStage lets the story run beside at most one other that works.
func onStage(t *testing.T) {
	t.Helper()
	inTheWings(t)
	stages <- struct{}{}
	t.Cleanup(func() { <-stages })
}

// tool finds a program, skips the story where it is not installed, and fails
// there where everything must be (CI=true).
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" && runtime.GOOS == "linux" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// eventually looks until ok holds, and fails the story when limit is over.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	if !within(limit, ok) {
		t.Fatalf("never seen in %s: %s", limit, what)
	}
}

// within looks until ok holds; false when it did not within the limit.
func within(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(limit)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			return ok()
		}
	}
	return true
}

// never looks for a while and fails the story as soon as bad holds.
func never(t *testing.T, span time.Duration, what string, bad func() bool) {
	t.Helper()
	if within(span, bad) {
		t.Fatalf("seen, and must not be: %s", what)
	}
}

// output is what a program prints, readable while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// process is a program that was started here and ends, at the latest, with the
// story. Only its own id is ever used to end it.
type process struct {
	cmd  *exec.Cmd
	out  output
	done chan struct{}
}

// spawn starts cmd with both outputs kept.
func spawn(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { cmd.Wait(); close(p.done) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-p.done })
	return p
}

// ended says whether the program has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// wait returns the exit code; it fails the story when the program goes on.
func (p *process) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("%s has not ended in %s\n%s", filepath.Base(p.cmd.Path), limit, tail(p.out.String(), 400))
		return -1
	}
}

// kill ends the program as kill -9 does.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}
