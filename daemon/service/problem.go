package service

import "fmt"

// A Problem is what could not be done, and the next step. It is shown to a
// person as it is.
type Problem struct {
	what string
	err  error // may be nil
	next string
}

// problem makes a Problem; the words come last because they may take arguments.
func problem(err error, next, format string, args ...any) *Problem {
	return &Problem{fmt.Sprintf(format, args...), err, next}
}

func (p *Problem) Error() string {
	if p.err == nil {
		return p.what
	}
	return p.what + ": " + p.err.Error()
}

// Unwrap returns the cause, nil where the words say it all.
func (p *Problem) Unwrap() error { return p.err }

// Hint returns the next step, "" where there is none to name.
func (p *Problem) Hint() string { return p.next }
