// Package backup is the heart of the watchdog: it knows what an iPhone backup
// goes through, and says what is wrong with one and what to do. It is pure.
// Facts and a moment go in, findings come out; nothing here reads a clock, a
// disk or a socket.
//
// # From facts to findings
//
// [Facts] are everything known of one backup at one look. A [Session] folds
// them, look by look, into a run ([Session.Observe]) and judges at any moment
// ([Session.Assess]). A judgement is a predicate over the facts so far and now:
// "stalled" is never stored, armed or cancelled, it is derived, and with it
// comes the time at which the answer could change although nothing happens.
//
// A run opens when the phone's Status.plist leaves `finished`, when Snapshot/
// or a new folder appears, when Info.plist is rewritten, or when a program that
// writes this backup starts. It is complete when Status.plist says finished and
// the folder has been quiet for a while, since Finder writes Info.plist minutes
// later. It is abandoned when its program is gone, or, where none was ever
// seen, after four times the limit of silence.
//
// # Everything it can say
//
// [Catalogue] holds every condition in one declaration: code, what hides it, the
// first fix, and the predicate. A cause hides its consequences. [Fixes] holds
// everything that can be advised. The codes and ids are public. What is said of
// them stands in package words: a predicate decides, and says it with that.
//
// # Where this differs from the first design, and why
//
//   - Preparing and finishing are never told before the configured patience has
//     run out, however short the learned limit: a few short scans prove little
//     about the next one.
//   - A slow or a long run that still brings 250 kB/s, or 1 MB/s on average, is a
//     hint and no warning: so does a healthy 250 GB over Wi-Fi.
//   - A sleep of the computer is a warning only when the run did not go on.
//   - While the phone is lost over Wi-Fi for the third time, the network is named
//     at once, and the lost connection is its consequence.
//   - Where Info.plist is all that is wrong with a chain, the first fix of
//     chain-broken is a plain run: the computer's program writes it anew, and nothing
//     is given up. (A chain without a readable Status.plist is begun anew by the
//     phone, so it has to be set aside first.)
//   - An attempt whose Status.plist said finished from the start, with no index
//     beside it, is told as false-finished and not also as interrupted.
package backup
