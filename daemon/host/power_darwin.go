package host

import "context"

// askPower runs pmset twice; what fails or is late stays unknown.
func askPower(ctx context.Context) Power {
	const pmset = "/usr/bin/pmset"
	batt, err := runCommand(ctx, pmset, "-g", "batt")
	if err != nil {
		batt = nil
	}
	settings, err := runCommand(ctx, pmset, "-g")
	if err != nil {
		settings = nil
	}
	return powerOfPMSet(string(batt), string(settings))
}
