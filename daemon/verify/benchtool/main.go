// Benchtool measures a check against public tools on the same backup, in the
// same run: find and sqlite3 for names and sizes, sha1sum for contents.
//
//	benchtool table DIR [FILES]...    write backups in DIR that are not there yet, measure, print the table
//	benchtool check FOLDER [deep]     check one backup, for a profiler or /usr/bin/time
//
// Each program is a process of its own, so that its start counts. Everything is
// warm; of several rounds the best of each program is taken.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

const rounds = 7

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "benchtool:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "check":
		return check(args[1], args[2:])
	case len(args) >= 2 && args[0] == "table":
		return table(args[1], args[2:])
	}
	return errors.New("usage: benchtool table DIR [FILES]... | check FOLDER [deep|quick]")
}

func check(dir string, how []string) error {
	o := verify.Options{}
	for _, h := range how {
		o.Deep, o.Quick = o.Deep || h == "deep", o.Quick || h == "quick"
	}
	r, err := verify.Check(context.Background(), dir, o)
	if err != nil {
		return err
	}
	if r.Verdict != "good" {
		return fmt.Errorf("%s is %s: %s", dir, r.Verdict, r.Detail)
	}
	fmt.Println(peak())
	return nil
}

// peak is the most memory this process had, in kilobytes. What getrusage says
// on Linux includes the parent before exec; this does not.
func peak() int64 {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n
		}
	}
	return 0
}

// table prints a Markdown table of all measurements.
func table(dir string, counts []string) error {
	if len(counts) == 0 {
		counts = []string{"100000", "500000"}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("%s/%s, %d processors, %s, best of %d\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), rounds)
	fmt.Println("| files | `find` | `sqlite3` | both | check | ratio | peak memory | `quick_check`, apart |")
	fmt.Println("|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, c := range counts {
		n, err := strconv.Atoi(c)
		if err != nil {
			return err
		}
		if err := names(self, dir, n); err != nil {
			return err
		}
	}
	return contents(self, dir)
}

// names measures the check of names and sizes.
func names(self, dir string, n int) error {
	folder, err := chain(dir, fmt.Sprintf("names-%d", n), verifytest.Chain{Files: n, Sparse: true, Scale: 300})
	if err != nil {
		return err
	}
	db := "file:" + folder + "/Manifest.db?mode=ro&immutable=1"
	best, err := measure([][]string{
		{"find", folder, "-type", "f", "-printf", `%s\n`},
		{"sqlite3", db, "select sum(length(file)) from Files"},
		{self, "check", folder},
		{"sqlite3", db, "pragma quick_check"},
	})
	if err != nil {
		return err
	}
	both := best[0].wall + best[1].wall
	fmt.Printf("| %d | %.3f s | %.3f s | %.3f s | %.3f s | %.2f | %.0f MB | %.2f s |\n", n, best[0].wall, best[1].wall, both,
		best[2].wall, best[2].wall/both, float64(best[2].memory)/1e3, best[3].wall)
	return nil
}

// contents measures the deep check, on files that are really there.
func contents(self, dir string) error {
	folder, err := chain(dir, "contents", verifytest.Chain{Files: 2000, Scale: 100, Digests: true})
	if err != nil {
		return err
	}
	best, err := measure([][]string{
		{"sh", "-c", `find "$0" -type f -print0 | xargs -0 -n 100 -P 2 sha1sum`, folder},
		{self, "check", folder, "deep"},
	})
	if err != nil {
		return err
	}
	fmt.Printf("\n`check --deep` of 2,000 files, 600 MB: %.2f s; `sha1sum` of them with two processes: %.2f s; throughput %.0f %% of it\n",
		best[1].wall, best[0].wall, 100*best[0].wall/best[1].wall)
	return nil
}

// chain writes a backup unless it is there already.
func chain(dir, name string, c verifytest.Chain) (string, error) {
	folder := filepath.Join(dir, name, verifytest.UDID)
	if _, err := os.Stat(filepath.Join(folder, "Status.plist")); err == nil {
		return folder, nil
	}
	_, err := c.Write(folder)
	return folder, err
}

// cost is what one run of a program took: seconds, and kilobytes at most.
type cost struct {
	wall   float64
	memory int64
}

// measure runs the programs in turn and returns the best of each.
func measure(programs [][]string) (best []cost, err error) {
	best = make([]cost, len(programs))
	for round := range rounds + 1 {
		for i, p := range programs {
			cmd := exec.Command(p[0], p[1:]...)
			start := time.Now()
			out, err := output(cmd)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p[0], err)
			}
			wall := time.Since(start).Seconds()
			if n, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64); err == nil {
				best[i].memory = max(best[i].memory, n)
			}
			if round > 0 && (best[i].wall == 0 || wall < best[i].wall) { // the first one only warms
				best[i].wall = wall
			}
		}
	}
	return best, nil
}

// output runs a program and returns its last few bytes of output.
func output(cmd *exec.Cmd) (string, error) {
	var last tail
	cmd.Stdout = &last
	err := cmd.Run()
	return string(last), err
}

// tail keeps the end of what is written to it.
type tail []byte

func (t *tail) Write(b []byte) (int, error) {
	*t = append((*t)[:0], b[max(0, len(b)-64):]...)
	return len(b), nil
}
