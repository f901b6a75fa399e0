// Package words is what Backup Watchdog says about backups: every name, title,
// sentence and step that a person reads in the terminal, in a notice, in the
// report, in JSON and in the manual. It knows no other package of ours.
// Whoever wants to review the tone, or to translate, reads this package and
// nothing else; who decides when a sentence is said is elsewhere.
//
// Not here are the help texts and the errors of a command: they stand beside
// the flags and the calls that they are about, and follow the same rules.
// Nor are the bare names of headings, columns and signs on the report's page:
// they stand in its template, where one sees what they are above.
//
// What more than one surface says is in vocabulary.go; testdata/everything.txt
// lists all texts by file and name, for who reviews them in one sitting.
//
// # Rules
//
//   - Calm, plain, exact. No exclamation mark, no blame, no "please", no "sorry",
//     no "simply". What is not known is said to be not known.
//   - The person is "you", the phone "the iPhone" or its own name, the computer
//     "this computer", and "this Mac" only where it is one.
//   - One name per thing: a "backup" or an "attempt", not a run; it is "stuck",
//     "interrupted" or "damaged"; nothing moving is "quiet"; polling is "watching by
//     the clock"; a "chain" only where one is set aside for another.
//   - What is the matter comes first, what it means second, what to do third. In a
//     notice, what to do comes first.
//   - A sentence gives its number: "nothing has moved for 26 min", not "for long".
//   - A figure that is a guess has "about", an upper bound "at most".
//   - Commands stand in backquotes. Names of menus are those of iOS 26 and macOS 26,
//     with > between them; older ones differ by a word.
//   - Sizes are powers of ten, as Finder shows them; times are the reader's own.
package words
