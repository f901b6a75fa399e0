#!/bin/sh
# <xbar.title>Backup Watchdog</xbar.title>
# <xbar.version>v1.0</xbar.version>
# <xbar.desc>Whether the iPhone backups on this Mac are well, and what to do.</xbar.desc>
# <xbar.dependencies>watchdogctl</xbar.dependencies>
# <swiftbar.hideAbout>true</swiftbar.hideAbout>
# <swiftbar.hideRunInTerminal>true</swiftbar.hideRunInTerminal>
#
# A plug-in for SwiftBar or xbar. Copy it into the plug-in folder and make it
# executable; the 1m in its name is how often it looks.
#
# Everything shown comes from one call of `watchdogctl status --format`. Texts
# arrive quoted (%q) and separated by tabs, and lose what means something in a
# menu before they are printed: a "|" would begin parameters, a line break a new
# item, a leading "-" a submenu or a line. So no phone's name can add a command.

PATH="$HOME/.local/bin:$HOME/Applications/Backup Watchdog.app/Contents/MacOS:/Applications/Backup Watchdog.app/Contents/MacOS:/opt/homebrew/bin:/usr/local/bin:$PATH"
export PATH
ctl=${WATCHDOGCTL:-$(command -v watchdogctl)}

# run TERMINAL WORD...: the parameters that make an item run watchdogctl.
run() {
	terminal=$1
	shift
	printf ' | bash="%s" shell="%s"' "$ctl" "$ctl"
	n=1
	for word; do
		printf ' param%d="%s"' "$n" "$word"
		n=$((n + 1))
	done
	printf ' terminal=%s\n' "$terminal"
}

foot() {
	echo ---
	printf 'Open the report'
	run false report --open
	printf 'Watch live'
	run true status --watch
	echo 'Refresh | refresh=true'
}

if [ ! -x "$ctl" ]; then
	echo '? | sfimage=externaldrive.badge.questionmark'
	echo ---
	echo 'Backup Watchdog is not installed, or watchdogctl is not found'
	exit 0
fi

# W worst old; P name phase done; C (last complete, how long ago); F severity fix-id title fix
template='W	{{worst .}}	{{if .Stale}}old{{end}}
{{range .Findings}}F	{{.Severity}}	{{.Fix.ID}}	{{printf "%q" .Title}}	{{printf "%q" .Fix.Title}}
{{end}}{{range .Backups}}{{if not .Archived}}P	{{if .DeviceName}}{{printf "%q" .DeviceName}}{{else}}{{printf "%q" .UDID}}{{end}}	{{.Phase}}	{{with .Run}}{{if .Bytes}}{{bytes .Bytes}}{{end}}{{end}}
{{if .LastComplete}}C	{{ago .LastComplete}}
{{end}}{{range .Findings}}F	{{.Severity}}	{{.Fix.ID}}	{{printf "%q" .Title}}	{{printf "%q" .Fix.Title}}
{{end}}{{end}}{{end}}'

answer=$("$ctl" status --format "$template" 2>/dev/null)
case $answer in
W*) ;;
*)
	echo '? | sfimage=externaldrive.badge.questionmark'
	echo ---
	echo 'The watchdog does not answer'
	printf 'Find out why'
	run true doctor
	foot
	exit 0
	;;
esac

printf '%s\n' "$answer" | tr '|' '/' | awk -F '\t' -v ctl="$ctl" '
function plain(s) {
	sub(/^"/, "", s); sub(/"$/, "", s)
	gsub(/\\[abfnrtvxuU][0-9a-fA-F]*/, " ", s)
	gsub(/\\/, "", s)
	sub(/^[- ]+/, "", s)
	return length(s) > 60 ? substr(s, 1, 60) "…" : s
}
function word(s) { return s ~ /^[a-z-]+$/ ? s : "" }
$1 == "W" {
	sign = "✓"; image = "externaldrive.badge.checkmark"
	if ($2 == "warning") { sign = "!"; image = "externaldrive.badge.exclamationmark" }
	if ($2 == "critical") { sign = "✗"; image = "externaldrive.badge.xmark" }
	if ($3 == "old") { sign = "?"; image = "externaldrive.badge.questionmark" }
	old = $3
	next
}
$1 == "P" {
	if ($3 == "preparing" || $3 == "transferring" || $3 == "finishing" || $3 == "settling") {
		if (sign == "✓") sign = "●"
		state = "being backed up" ($4 != "" && $4 != "0 bytes" ? ", " plain($4) " so far" : "")
	} else if ($3 == "abandoned") state = "the last attempt was interrupted"
	else if ($3 == "complete") state = "backed up"
	else state = "no backup seen yet"
	out = out "---\n" plain($2) ": " state "\n"
	next
}
$1 == "C" { out = out "Last complete backup: " plain($2) " ago | size=12\n"; next }
$1 == "F" && $2 != "info" {
	out = out ($2 == "critical" ? "✗ " : "! ") plain($4)
	if (word($3) != "")
		out = out "\nDo this: " plain($5) " | bash=\"" ctl "\" shell=\"" ctl "\" param1=\"explain\" param2=\"" word($3) "\" terminal=true"
	out = out "\n"
}
END {
	print sign " | sfimage=" image
	if (old != "") out = "---\nThe watchdog is not running: this is out of date | size=12\n" out
	if (out == "") out = "---\nNo backup yet\n"
	printf "%s", out
}'
foot
