// Package phonetest is an iPhone made of software, for tests and for the demo.
//
// It stands behind a socket that speaks usbmuxd, so every libimobiledevice
// tool can be pointed at it with USBMUXD_SOCKET_ADDRESS, and so can our own
// client. The phone answers lockdownd (with TLS or without), relays
// notifications, and makes a backup the way a phone does: the phone drives,
// the computer creates folders, receives files, renames and removes what it
// is told to. The real idevicebackup2 1.3.0 ends with "Backup Successful".
//
// What it is for is everything that goes wrong. A fault is a short text,
//
//	stall-after:50            half of the bytes arrive, then nothing
//	stall-before-upload       nothing at all after the request
//	disconnect-after:50       the cable is pulled at half
//	drop-socket-after:50      the connection ends, the phone stays attached
//	trickle-after:10:1000     from a tenth on, 1,000 bytes a second
//	cancel-after:50           somebody cancels on the phone
//	error:208                 the phone gives up with that code
//	error:105:upload          … at that stage: before, upload, check
//	stuck-finishing:moving    Status.plist says moving, nothing moves
//	stuck-finishing:moving:50 … half of the files have moved
//	stuck-finishing:removing  … removing, Snapshot stays
//	stuck-finishing:verify    … finished, the last check never ends
//	drop-finishing:moving:50  the same stages, but the connection ends there
//	slow-tail:30s             the last check takes its time
//	passcode:20s              the passcode sheet stands for so long
//	passcode:20s:208          … and then the phone gives up
//	passcode                  … until somebody enters it, or 208 after 30 minutes
//	lost-file                 one file is listed and never sent
//	no-manifest               no Manifest.plist and no Manifest.db are sent
//	truncate-manifest-db      half of Manifest.db is sent
//	no-space                  the phone thinks the computer's disk is too small
//	ignore-free-space         the phone does not ask
//	sync-locked               another program holds the phone's sync lock
//	lockdown-error:NAME       StartSession fails, for example PasswordProtected
//	service-error:NAME        the backup service does not start
//
// several of them separated by commas. N counts per cent of the bytes of this
// run. A stall of any kind ends with [Phone.Resume].
//
// Three doors lead in: [Start] for a phone behind a socket, [NewWriter] for
// the same backup written to a folder without any client (also the way Finder
// does it), and [WriteChain] for a backup that lies there already, finished
// or torn. All three share one content: which files exist, and what is in
// them, follows from the seed alone.
//
// The protocol was learned from libimobiledevice (src/lockdown.c,
// src/mobilebackup2.c, tools/idevicebackup2.c), libusbmuxd
// (src/libusbmuxd.c) and pymobiledevice3 (services/mobilebackup2.py).
package phonetest
