// Package plist reads the property lists of an iPhone backup and of a phone's
// answers as what they are: bytes that somebody else wrote, perhaps only half,
// perhaps with ill will.
//
// A property list is a tree of strings, numbers, dates, data, arrays and
// dictionaries, stored as XML or in a binary form ("bplist00"). Three of them
// lie beside each backup: Status.plist and Manifest.plist come from the phone,
// Info.plist from the computer.
//
// The package answers the question "what does this file say" with a value or
// with one of few errors that mean different things to a watchdog: a file that
// is absent, empty or cut short a second after it was touched is on its way; a
// file that may not be read is a matter of rights; one that is no property
// list at all is damage.
//
// Nothing is decoded into a tree of unknown shape. The caller gives a struct,
// and what it does not ask for is stepped over.
package plist
