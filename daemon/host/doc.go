// Package host is this computer as a witness: how long it slept, what its
// volumes have room for, which backup programs run and on which folder, what
// feeds it power, and what Apple's System Status page says of iCloud Backup.
//
// It observes and never judges. Each source answers on its own, and each may
// answer "unknown": a process list that cannot be had is not a list without
// backup programs, and a status page that stays green proves nothing.
//
// What only one system can do is a thin file per system around one call
// (statfs, sysctl, /proc); what those bytes mean is ordinary code that runs
// under test everywhere. Nothing here needs root, and nothing here writes.
package host
