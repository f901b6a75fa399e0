// Package phone is the phone as a witness: which one is attached and how, what
// it remembers of its own backups, and whether it shows its passcode sheet.
//
// It reads only. It never pairs, never stores a pair record, sets no value and
// starts no service but the one that relays notifications. What it can ask
// rests on the trust that this computer already has: usbmuxd keeps the pair
// record and hands it out, and with it lockdownd on the phone opens a session.
// A phone that is locked, refuses, or was never paired is "unknown".
//
// Three doors, each of which may be used alone:
//
//   - [Monitor] listens to usbmuxd and says which phones are attached.
//   - [Client.Ask] puts a few questions to lockdownd and hangs up.
//   - [Client.Observe] waits for notifications while a backup runs.
//
// [Schedule] decides when a phone may be asked again: rarely.
//
// The way to a phone is a socket (usbmuxd's, /var/run/usbmuxd) that carries
// frames of a 16-byte head and an XML property list; after Connect the same
// socket is a stream to a port of the phone, where lockdownd and the services
// speak frames of a 4-byte length and a property list. The shapes were learned
// from libusbmuxd (src/libusbmuxd.c) and libimobiledevice (src/lockdown.c,
// src/notification_proxy.c). Every frame is at most 1 MiB, every exchange has a
// time limit, and every text is cleaned where it enters.
package phone
