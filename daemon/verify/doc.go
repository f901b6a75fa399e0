// Package verify says whether an iPhone backup is whole, at the speed of the
// disk and without writing a byte to it.
//
// A backup is an index and files. The index, Manifest.db, has a row for every
// file: the name of its content (a SHA-1), the name the phone knows it by, and
// a keyed archive that holds its size and, for some, a digest of its content:
//
//	Manifest.db   fileID, domain, relativePath, flags, file
//	ab/ab12…      the content of one file, under the first two digits of its id
//	Status.plist  finished, when the phone was content
//
// "Finished" is what the phone says, and it looks at names only: a disk that
// was full for a minute leaves hundreds of files cut short in a backup that
// every program calls successful. So [Check] compares everything there is:
//
//   - the four metadata files: there, readable, of one and the same phone;
//   - every row against its file: there, regular, of its size; with
//     [Options.Deep] read again and compared with its digest;
//   - a chain of iOS 4 to 9 by its Manifest.mbdb in the same way;
//   - an encrypted chain as far as it goes: sizes that AES can make, and,
//     against the [inventory] of the last check, every file lost since. With
//     the password it is opened for this one check and compared like any other;
//   - a torn chain: whether the backup before it lies whole beneath.
//
// The result is a verdict with its proof. Trouble with the backup is never a
// Go error: an error means that nobody can say.
//
// # How it is fast
//
// Nearly all the time of such a check is one stat per file, which nothing
// avoids. So the rest hides behind it: one goroutine reads rows while the others
// stat shard after shard, and they are joined in a hash table per shard
// ([scan]). Sizes are read from the archives in place, without an allocation
// ([readMBFile]), and rows from the pages of the database ([pageReader]), with
// SQLite behind it for whatever is unusual. SQLite itself is
// zombiezen.com/go/sqlite: of the pure Go ones it adds least to the binary
// (4 MB), and its statement API reads 500,000 rows in 0.19 s where database/sql
// takes 0.5. It opens with mode=ro&immutable=1 and nothing else, since the phone
// marks its database so that any other mode creates files beside it.
//
// # What it does not trust
//
// Everything in the folder may be hostile. Nothing is opened that is not a
// regular file; the schema must be a plain table; blobs are never decoded by a
// general library; ids that are none name no path; counts, rounds and sizes have
// limits. A file of zero bytes passes SQLite's own check, and does not pass ours.
package verify
