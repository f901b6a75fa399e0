package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// A format is one kind of JSON that this program prints or reads, key by key.
// The manual and `watchdogctl formats` show it; a test compares it with what is
// really written, so that no key is without a word and no word without a key.
type format struct {
	name string
	what string
	// keys has a line for each: its path, blanks, what it says.
	keys string
}

// formatRules hold for all of them.
const formatRules = `Times are RFC 3339 in UTC, sizes bytes, rates bytes a second, durations seconds,
unless a key says otherwise. What is unknown is null, or its key is absent; it is
never 0 or "". "schema" is 1: within a schema, keys may be added, but none goes
away or changes its meaning.`

// formats are all of them, in the manual's order.
var formats = []format{
	{"status", "printed by watchdogctl status --json", `
schema                          1
stale                           when this was true, if no watchdog answers and the last known status is shown
daemon.version                  version of the watchdog that answers
daemon.pid                      its process
daemon.started                  when it started
daemon.socket                   where it listens
daemon.state_dir                where it keeps its history
daemon.executable               the file that runs
daemon.code_hash                the SHA-256 of that file
daemon.access                   whether it may read the backup folder: granted, denied, unknown
daemon.access_lost              an update has lost the Full Disk Access grant
daemon.config                   the configuration in force
daemon.config_error             why a newer one was refused
daemon.config_read              when it was read
daemon.usbmuxd                  connected, absent, off, or what is wrong
daemon.history                  ok, or why the database cannot be used
daemon.last_notice              when a desktop notice was last sent
roots[].path                    a watched folder, as configured
roots[].resolved                where its links lead
roots[].state                   watching, polling, missing, denied, unknown
roots[].detail                  why
roots[].free_bytes              free on its volume
roots[].read_only               whether its volume is read-only
roots[].unwatched               backups in it beyond the 256 that are watched
phones[].udid                   an iPhone that is connected now
phones[].connection             usb, network
phones[].name                   its name
phones[].os_version             its iOS
phones[].battery_percent        its battery
phones[].charging               whether it charges
phones[].last_local_backup      its last backup on any computer, according to itself
phones[].last_icloud_backup     its last iCloud backup, according to itself
phones[].icloud_enabled         whether iCloud Backup is on
phones[].will_encrypt           whether it encrypts its backups
backups[].udid                  which iPhone a backup folder belongs to
backups[].path                  where
backups[].device_name           what its owner calls the iPhone
backups[].product_type          like iPhone17,1
backups[].os_version            its iOS when it was backed up
backups[].encrypted             whether it is encrypted
backups[].chain_id              the chain's id, from Status.plist
backups[].archived              it was set aside (UDID-YYYYMMDD-HHMMSS) and is not watched
backups[].phase                 idle, preparing, transferring, finishing, settling, complete, abandoned
backups[].run                   the run under way, or the last one; null when none was ever seen
backups[].run.started           when it began
backups[].run.ended             when it ended
backups[].run.kind              first, full, incremental
backups[].run.last_progress     when a byte last arrived or the state last changed
backups[].run.bytes             what has arrived in this run
backups[].run.files             how many files
backups[].run.rate              over the last minutes
backups[].run.expected_bytes    about how much it will be
backups[].run.expected_at_most  that figure, and with it eta_seconds, is an upper bound
backups[].run.eta_seconds       about how much longer it will take
backups[].run.silence           how long nothing has moved, while the computer was awake
backups[].run.silence_limit     how long that may last in this phase
backups[].run.usual_silence     the longest quiet time in this iPhone's complete runs
backups[].run.writer            the program that makes the backup
backups[].run.connection        usb, network
backups[].last_complete         when the last complete run ended
backups[].chain.verdict         good, broken, unproven, incomplete, unchecked
backups[].chain.checked         when its contents were compared with its index
backups[].chain.restorable      yes or no, as far as its metadata says
backups[].chain.files           files its index lists
backups[].chain.bytes           their size
backups[].chain.deep            contents were read too
backups[].chain.summary         what is lost, in words
backups[].chain.checking        the share done, from 0 to 1, of a check under way
backups[].findings[]            what holds for this backup: see finding
findings[]                      what holds for a folder, or for the watchdog itself: see finding
unseen[]                        notices that were sent and are neither acknowledged nor over: see history
muted[].udid                    the iPhone a condition is muted for
muted[].code                    which
muted[].until                   until when; null if permanently
acked[]                         keys of present findings that were acknowledged
`},
	{"finding", "one thing that is wrong, wherever it appears in the others", `
code                            which condition: watchdogctl explain CODE
severity                        info, warning, critical
title                           at most 40 characters, as a rule
detail                          one or two sentences
since                           since when it holds
confidence                      low, medium, high
evidence[].fact                 what it rests on: the name of a fact
evidence[].value                its value, for a person to read
evidence[].source               folder, phone, mac (this computer, also on Linux), apple, history
fix.id                          what to do first: watchdogctl explain FIX
fix.title                       the same in a few words
fix.steps[]                     step by step
also[]                          ids of other fixes that may help
key                             permanent name of this occurrence; watchdogctl ack takes it
`},
	{"check", "printed by watchdogctl check --json", `
schema                          1
backups[].udid                  whose
backups[].path                  which folder
backups[].verdict               good, broken, unproven, incomplete
backups[].restorable            yes, no, unknown
backups[].format                manifest.db, mbdb, none
backups[].encrypted             whether it is encrypted
backups[].listed                files the index lists; null when it cannot be read
backups[].present               those of them that are there, whatever their size; without an index, all files
backups[].bytes                 their size
backups[].missing               listed and not there
backups[].wrong_size            there, but not of the size the index gives
backups[].wrong_content         with --deep: not what the iPhone sent
backups[].not_regular           something other than a file in a file's place
backups[].extra                 there but not listed, which is not a fault
backups[].unsized               rows of the index that give no size
backups[].problems[].kind       status-missing, status-unreadable, info-missing, info-unreadable, manifest-plist-missing, manifest-plist-unreadable, index-missing, index-unreadable, file-missing, file-wrong-size, file-wrong-content, file-not-regular, identity-mismatch, leftover-snapshot, not-finished
backups[].problems[].path       within the backup
backups[].problems[].domain     the iPhone's domain
backups[].problems[].name       the iPhone's name for the file
backups[].problems[].detail     what is wrong
backups[].problems_omitted      problems beyond the 1,000 that are listed; the counters above are exact
backups[].seconds               how long the check took
backups[].deep                  contents were read
backups[].deep_files            files whose content was proved
backups[].quick_check           SQLite's own verdict on the index
backups[].quick_check_seconds   how long that took
backups[].summary               what is lost, in words
backups[].detail                what to know about the verdict
backups[].confidence            low, medium, high
backups[].device_name           what its owner calls the iPhone
backups[].chain_id              the chain's id
backups[].status_date           the run that was checked, by the iPhone's clock
backups[].findings[]            see finding
`},
	{"history", "printed by watchdogctl history --json", `
schema                          1
stale                           until when it was kept, if no watchdog answers and it is read from the state folder
runs[].udid                     whose
runs[].path                     of which folder
runs[].started                  when it began
runs[].ended                    when it ended; null while it runs
runs[].outcome                  complete, abandoned, running, unknown
runs[].kind                     first, full, incremental
runs[].last_phase               the phase it ended in
runs[].connection               usb, network
runs[].bytes                    what it brought
runs[].files                    how many files it brought
runs[].chain_files              files in the whole chain after it
runs[].chain_bytes              their size
runs[].longest_silence          the longest quiet time of each phase, by the phase's name
notices[].at                    when
notices[].udid                  of which iPhone; absent if of none
notices[].event                 raised, repeated, cleared, verified, assured
notices[].code                  of which condition
notices[].severity              info, warning, critical
notices[].title                 its title
notices[].text                  its text
notices[].channel               desktop, webhook, command, log
notices[].outcome               pending, sent, failed, suppressed
notices[].reason                why it was not sent
notices[].key                   the key of its finding
notices[].run                   the run it was about, by its start
checks[].udid                   whose
checks[].path                   of which folder
checks[].at                     when
checks[].verdict                good, broken, unproven, incomplete
checks[].chain_id               of which chain
checks[].status_date            of which run, by the iPhone's clock
checks[].files                  files the index lists
checks[].bytes                  their size
checks[].missing                listed and not there
checks[].wrong_size             not of their size
checks[].wrong_content          not what the iPhone sent
checks[].not_regular            not a regular file
checks[].deep                   contents were read
checks[].summary                what is lost, in words
checks[].reason                 the first proof of damage
checks[].confidence             low, medium, high
checks[].fault                  the one thing that the proof of damage rests on
`},
	{"notice", "handed to [notify] command on standard input, and to webhook as a POST", `
schema                          1
event                           raised, repeated, cleared, verified, assured, test
backup.udid                     whose backup; "" if it is about none
backup.device_name              what its owner calls the iPhone
finding                         see finding
code                            the finding's code
severity                        the finding's severity; info for good news
title                           at most 40 characters
text                            at most 200
`},
	{"explain", "printed by watchdogctl explain CODE --json, and FIX --json; without either, conditions[] and fixes[] of these", `
code                            the condition
title                           its title
severity                        which it may have, in words
holds                           when it holds, with every number
means                           what that means
hidden_by[]                     the causes that explain it
fix                             what to do first, as a rule
also[]                          what else may help
may[]                           what the evidence can put in place of fix
id                              the fix
why                             why it helps
steps[]                         step by step, on this computer
icloud_steps[]                  the same for an iCloud backup
not[]                           what to avoid
`},
	{"doctor", "printed by watchdogctl doctor --json", `
schema                          1
version                         of this program
platform                        system and processor
checks[].check                  which part was looked at
checks[].state                  well, not well, unknown
checks[].detail                 what was found
checks[].next                   what to do
`},
	{"replay", "printed by watchdogctl replay FILE --json, one object per line", `
t                               seconds since the trace began
udid                            which backup of the trace
event                           appeared, changed, gone, notice
code                            which condition
severity                        info, warning, critical
fix                             the first fix
phase                           the phase of the backup
notice                          what became of a notice: its event, or why it was held back
`},
	{"trace", "written by watchdogd --record and read by watchdogctl replay, one object per line; the first has schema, t, patience and platform, each other one what is known of one backup at t; an absent key means unchanged, null unknown", `
schema                          1
t                               seconds since the trace began, asleep or awake
patience                        [patience] of the configuration, in seconds
platform                        darwin, linux
udid                            a letter for the backup
slept                           how much of the time since the last line the computer slept
end                             true ends the trace
status                          Status.plist: missing, empty, unreadable, or an object
status.state                    its SnapshotState
status.backup                   its BackupState
status.chain                    a number for its UUID
status.full                     its IsFullBackup
status.at                       when it was written
status.date                     its Date
snapshot                        whether Snapshot/ is there
files                           files that have arrived in this run
bytes                           their size
moved                           files that were moved into place or removed
info                            Info.plist: ok, missing, empty, broken
info_at                         when it was written
index                           Manifest.db, likewise
index_at                        when it was written
index_size                      its size
manifest                        Manifest.plist, likewise
encrypted                       what it says about encryption
newest                          the time of the newest file
phone                           usb, network, gone, unknown
passcode                        whether the iPhone shows its passcode screen
battery                         percent
charging                        whether it charges
phone_free                      free on the iPhone
phone_used                      in use on the iPhone
refused                         whether it refuses a pairing that once worked
last_local                      its last backup on any computer
last_icloud                     its last iCloud backup
icloud                          whether iCloud Backup is on
outage                          whether Apple's page reports an event for iCloud Backup
writer                          the program that makes the backup: alive, gone, unknown
writer_id                       its process
free                            free on the backup's volume
check                           what a check found: verdict, files, bytes, missing, wrong_size, content, fault
`},
}

// rows are the keys of a format with what they say.
func (f format) rows() []pair {
	var list []pair
	for line := range strings.Lines(strings.TrimSpace(f.keys)) {
		key, says, _ := strings.Cut(strings.TrimSpace(line), " ")
		list = append(list, pair{key, strings.TrimSpace(says)})
	}
	return list
}

// formatsCommand shows what JSON says, key by key.
func formatsCommand(p *program) *cobra.Command {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return &cobra.Command{
		Use:       "formats [NAME]",
		Short:     "What each key of the JSON means",
		Long:      "What each key means in the JSON that this program prints, in a notice, and in a\ntrace.\n\nNAME is one of: " + strings.Join(names, ", ") + ".",
		Example:   "  watchdogctl formats status\n  watchdogctl formats notice",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			list := formats
			if len(args) == 1 {
				f := formatByName(args[0])
				if f == nil {
					return p.misuse(fmt.Errorf("formats: there is no %q", args[0]), "one of: "+strings.Join(names, ", "))
				}
				list = []format{*f}
			}
			if p.JSON {
				return p.printJSON(formatsJSON(list))
			}
			_, err := fmt.Fprint(p.Stdout, p.drawFormats(list))
			return err
		},
	}
}

func formatByName(name string) *format {
	for i, f := range formats {
		if f.name == name {
			return &formats[i]
		}
	}
	return nil
}

func formatsJSON(list []format) any {
	type key struct {
		Key  string `json:"key"`
		Says string `json:"says"`
	}
	type one struct {
		Name string `json:"name"`
		What string `json:"what"`
		Keys []key  `json:"keys"`
	}
	out := struct {
		Schema  int   `json:"schema"`
		Formats []one `json:"formats"`
	}{Schema: 1}
	for _, f := range list {
		o := one{Name: f.name, What: f.what}
		for _, r := range f.rows() {
			o.Keys = append(o.Keys, key{r.left, r.right})
		}
		out.Formats = append(out.Formats, o)
	}
	return out
}

func (p *program) drawFormats(list []format) string {
	pg := p.page()
	for i, f := range list {
		if i > 0 {
			pg.gap()
		}
		pg.para(0, strong, f.name+": "+f.what)
		pg.gap()
		pg.column = 0
		rows := f.rows()
		for _, r := range rows {
			pg.column = max(pg.column, len(r.left))
		}
		pg.pairs(2, plain, rows)
	}
	pg.gap()
	pg.para(0, dim, strings.Join(strings.Fields(formatRules), " "))
	return pg.b.String()
}
