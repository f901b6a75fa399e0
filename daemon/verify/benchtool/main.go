// Benchtool measures a check against public tools on the same backup, in the
// same run: find and sqlite3 for names and sizes, sha1sum for contents.
//
//	benchtool write DIR FILES    write a backup of sparse files
//	benchtool check DIR          check it once; print time and peak memory
//	benchtool table DIR FILES…   write what is not there yet, measure, print the table
//
// Everything is measured warm, the best of several runs.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "benchtool:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "write":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		_, err = verifytest.Chain{Files: n, Sparse: n >= 50000}.Write(args[1])
		return err
	case len(args) >= 2 && args[0] == "check":
		return check(args[1], len(args) > 2)
	}
	return fmt.Errorf("usage: benchtool write DIR FILES | check DIR | table DIR FILES...")
}

func check(dir string, deep bool) error {
	start := time.Now()
	r, err := verify.Check(context.Background(), dir, verify.Options{Deep: deep, Workers: workers()})
	if err != nil {
		return err
	}
	fmt.Printf("%s listed %d present %d in %.3f s\n", r.Verdict, *r.Listed, r.Present, time.Since(start).Seconds())
	return nil
}

func workers() int { n, _ := strconv.Atoi(os.Getenv("W")); return n }
