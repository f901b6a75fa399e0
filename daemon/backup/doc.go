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
//   - A passcode sheet that nobody sees is supposed only where two scans of this
//     phone are known, and shown from max(3 min, the longest of them). It is a
//     notice from max(5 min, eight times the longest; four times where five are
//     known), not at 5 min: one healthy scan in twenty takes five times the usual.
//     In the judge's world, where such homes are deaf to the phone, no factor tells
//     a false notice; where usbmuxd is heard in all of them (judge -heard, seeds 1 to
//     3 and 16 to 18) eight and four tell 1 to 3 per 1,000 healthy runs, six and four
//     1 to 5, four and four 1 to 6, and a warning at the longest scan 9 to 19.
//   - Slow takes five minutes of the ten in which something came: a pause between
//     two batches is no trickle.
//   - A phone that goes within three minutes of a waking computer has a minute to
//     come back; one that went over Wi-Fi, and whose run has ended, is told after
//     5 s: a program that gave up is the second witness.
//   - An iOS newer than this Mac can know is a hint until a run was lost: most go well.
//   - Three runs lost over Wi-Fi, or to a full disk, are told as that and not also
//     as failing-repeatedly; a torn run explains why its chain is unproven.
//   - The ladder of icloud-overdue ends with a local backup: to delete the cloud's
//     copy, which cannot be set aside, is never said first.
//   - While a folder cannot be read, or its drive is gone, everything that is known
//     of it is old and hidden. The passcode sheet is seen on the phone and is not.
//   - A missing Info.plist is damage only an hour after finished, since Finder
//     writes it late, and only where index and Manifest.plist are there.
//   - An attempt whose Status.plist said finished from the start, with no index
//     beside it, is told as false-finished and not also as interrupted.
package backup
