// Package e2e holds the end-to-end stories: what a person would live through,
// played with real parts and nothing else. The built watchdogd watches a real
// folder; the real idevicebackup2 writes into it, driven by a phone made of
// software (package phonetest); notices go over a real session bus to a
// notification server, and to a command; watchdogctl asks. The package has no
// code of its own, only tests.
//
// A story is told by three witnesses:
//
//   - the recorder keeps every status the daemon publishes, from the first to
//     the last, across restarts. "No finding of severity warning at any moment"
//     is a question to it, not to a look at the end.
//   - the notices file has every notice as the command channel received it, the
//     bus every one that reached the desktop.
//   - the history says what the daemon itself remembers of it.
//
// Real programs take the time they take: a story waits for what it wants to
// see, with a generous limit, and looks again and again until then. Limits of
// the watchdog are shortened by a configuration file and by nothing else. A
// program that is not installed skips the story, unless CI=true: then
// everything must be there. E2E_PICTURES names a folder for the screenshot.
package e2e
