// Judge measures the judgement in a made-up world and prints what it comes to;
// the last line is one JSON object. See package daemon/judge.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"backupwatchdog/daemon/judge"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of the world")
	heard := flag.Bool("heard", false, "a world in which usbmuxd is heard in every home, also where the phone answers nothing")
	runs := flag.Int("runs", 1000, "healthy runs, and as many faulty ones")
	flag.Parse()
	if *runs < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "judge: -runs must be at least 1, and nothing may follow the flags\nhint: make judge SEED=7 RUNS=1000")
		os.Exit(2)
	}
	f, results := judge.World{Seed: *seed, Heard: *heard}.Measure(*runs)
	judge.Print(os.Stdout, f, results)
	line, err := json.Marshal(f)
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
	fmt.Println(string(line))
}
