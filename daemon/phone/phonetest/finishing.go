package phonetest

import "slices"

// moveAll renames everything out of Snapshot, the manifests last and each by
// itself.
func (r *run) moveAll() error {
	if err := r.enter("moving"); err != nil {
		return err
	}
	moves, cut := r.plan.moves, r.moveCut()
	for start, end := 0, 0; start < len(moves); start = end {
		if end = min(start+batchSize, len(moves)); start < cut {
			end = min(end, cut)
		}
		if err := r.stick("moving", 100*start/len(moves)); err != nil {
			return err
		}
		pairs := map[string]string{}
		for _, f := range moves[start:end] {
			pairs[r.dir+"/Snapshot/"+f.Name()] = r.dir + "/" + f.Name()
		}
		if err := r.host.move(pairs, 95+4*float64(start)/float64(len(moves))); err != nil {
			return err
		}
	}
	if _, ok := r.faults.find("no-manifest"); ok {
		return r.stick("moving", 101)
	}
	return r.moveManifests()
}

// moveCut is how many files move before a fault in the middle of it strikes;
// a batch ends there.
func (r *run) moveCut() int {
	for _, f := range r.faults {
		if f.name == "stuck-finishing" || f.name == "drop-finishing" {
			return len(r.plan.moves) * int(f.int(1)) / 100
		}
	}
	return 0
}

// moveManifests puts Manifest.plist and then Manifest.db in place.
func (r *run) moveManifests() error {
	if err := r.stick("moving", 101); err != nil {
		return err
	}
	for _, name := range []string{"Manifest.plist", "Manifest.db"} {
		if err := r.host.move(map[string]string{r.dir + "/Snapshot/" + name: r.dir + "/" + name}, 99); err != nil {
			return err
		}
	}
	return nil
}

// stick lets stuck-finishing and drop-finishing strike at their stage, and in
// moving once N per cent have moved. done is 101 after the last file.
func (r *run) stick(stage string, done int) error {
	for _, f := range r.faults {
		if f.name != "stuck-finishing" && f.name != "drop-finishing" {
			continue
		}
		if f.arg(0, "moving") != stage || done < int(f.int(1)) {
			continue
		}
		if f.name == "drop-finishing" {
			r.strike(f)
			return errLost
		}
		return r.stall(f.name)
	}
	return nil
}

// removeOld deletes what nothing refers to any more, and Snapshot.
func (r *run) removeOld() error {
	if err := r.enter("removing"); err != nil {
		return err
	}
	if err := r.stick("removing", 100); err != nil {
		return err
	}
	for part := range slices.Chunk(r.plan.gone, batchSize) {
		names := make([]string, len(part))
		for i, name := range part {
			names[i] = r.dir + "/" + name
		}
		if err := r.host.remove(names, 99); err != nil {
			return err
		}
	}
	return r.host.remove([]string{r.dir + "/Snapshot"}, 99)
}

// finish says that all is done, before the last check.
func (r *run) finish() error { return r.enter("finished") }

// verify is the phone's last check: it has the manifests read back and the
// folders listed, and every listed file must be there by name. Contents and
// sizes are not looked at. It changes nothing on the computer.
func (r *run) verify() error {
	r.event("checking")
	if f, ok := r.host.(folder); ok && f.direct {
		return nil // nobody else has touched it
	}
	if err := r.stick("verify", 100); err != nil {
		return err
	}
	if f, ok := r.faults.find("slow-tail"); ok {
		r.strike(f)
		if err := r.pause(f.duration(0)); err != nil {
			return err
		}
	}
	if err := r.failAt("check"); err != nil {
		return err
	}
	if _, ok := r.faults.find("no-manifest"); ok {
		return nil
	}
	return r.readBack()
}

// readBack has the three metadata files sent and compares the names.
func (r *run) readBack() error {
	for _, name := range []string{"Status.plist", "Manifest.plist", "Manifest.db"} {
		data, err := r.host.fetch(r.dir + "/" + name)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return newError(205)
		}
	}
	there, err := r.listShards(r.dir)
	if err != nil {
		return err
	}
	for _, f := range r.plan.files {
		if _, ok := there[f.ID]; !ok {
			return newError(205)
		}
	}
	return nil
}
