package report

// For the tests of this package.
var (
	Clean    = clean
	Parts    = parts
	Hushes   = hushes
	Policy   = policy
	StyleCSS = styleCSS
	Redacted = func(in Input) func(string) string { return newRedactor(in).text }
)

func (h hush) String() string {
	if h.blank {
		return "blank " + h.awake.String()
	}
	return "quiet " + h.awake.String()
}

// Rewrite replaces every text of in.
func Rewrite(in Input, change func(field, s string) string) Input {
	in.Status = rewrite(in.Status, change)
	in.History = rewrite(in.History, change)
	in.Curves = rewrite(in.Curves, change)
	in.NoHistory = change("NoHistory", in.NoHistory)
	return in
}
