package backup

import (
	"slices"
	"testing"
)

// firstHidings are what hides what by the first design, without the steps
// between. What was added since (words in doc.go) is not among them.
var firstHidings = map[Code][]Code{
	Stalled:           {WaitingForPasscode, PhoneDisconnected, Interrupted, InterruptedMixed, MacDiskFull, CodeVolumeMissing, NoAccess},
	Slow:              {Stalled, MacDiskFull},
	MacDiskFull:       {CodeVolumeMissing},
	MacDiskLow:        {MacDiskFull},
	PhoneDisconnected: {CodeVolumeMissing, NoAccess},
	PhoneBatteryLow:   {PhoneDisconnected},
	Interrupted:       {PhoneDisconnected, MacDiskFull, FailingRepeatedly},
	InterruptedMixed:  {MacDiskFull},
	RunTooLong:        {Stalled},
	ChainBroken:       {NoAccess, CodeVolumeMissing},
	ChainUnproven:     {ChainBroken},
	NeverCompleted:    {Interrupted, ChainBroken},
	LeftoverSnapshot:  {ChainBroken, Interrupted},
	Shrunk:            {ChainBroken},
	NotEncrypted:      {EncryptionLost},
	FalseFinished:     {ChainBroken},
	ICloudOverdue:     {AppleOutage},
	FolderMissing:     {NoAccess, CodeVolumeMissing},
	VolumeReadOnly:    {CodeVolumeMissing},
}

// TestHidingIsTransitive: what hides a condition hides also what that one
// hides, even while it does not hold itself: a run that waits for a passcode is
// slow because it waits, long before it is stuck.
func TestHidingIsTransitive(t *testing.T) {
	for code := range firstHidings {
		c, ok := ConditionByCode(code)
		if !ok {
			t.Fatalf("%s is no condition", code)
		}
		all := map[Code]bool{}
		var add func(Code)
		add = func(x Code) {
			for _, h := range firstHidings[x] {
				if !all[h] {
					all[h] = true
					add(h)
				}
			}
		}
		add(code)
		for h := range all {
			if !slices.Contains(c.HiddenBy, h) {
				t.Errorf("%s is not hidden by %s", code, h)
			}
		}
	}
}
