package phonetest

import (
	"fmt"
	"slices"
)

// A plan is what a backup has to do, decided before the first byte.
type plan struct {
	files []File   // everything the phone holds
	send  []File   // what is missing on the computer
	moves []File   // what will have to be renamed out of Snapshot
	gone  []string // names on the computer that nothing refers to any more
	skip  bool     // the files are all there: go on where the last run stopped
}

// makePlan reads the last Status.plist and lists what the computer has.
// Sizes tell old from new: a changed file has grown.
func (r *run) makePlan() error {
	data, err := r.host.fetch(r.dir + "/Status.plist")
	if err != nil {
		return err
	}
	last := readStatus(data)
	r.plan.files = r.content.list()
	r.status = last
	r.status.Version = "3.3"
	if last.UUID == "" {
		r.status.UUID, r.status.BackupState = newUUID(r.content.Seed+uint64(r.p.now().UnixNano())), "empty"
	}
	resuming := last.UUID != "" && last.SnapshotState != "finished"
	r.full = r.full || last.BackupState == "empty" || last.UUID == "" || resuming && last.IsFullBackup
	if last.UUID == "" {
		r.plan.send, r.plan.moves = r.plan.files, r.plan.files
		return nil
	}
	return r.compare(last, resuming)
}

// compare lists both folders and finds the difference.
func (r *run) compare(last status, resuming bool) error {
	top, err := r.listShards(r.dir)
	if err != nil {
		return err
	}
	sent := map[string]int64{}
	if resuming {
		if sent, err = r.listShards(r.dir + "/Snapshot"); err != nil {
			return err
		}
	}
	moving := resuming && (last.SnapshotState == "moving" || last.SnapshotState == "removing")
	for _, f := range r.plan.files {
		size, there := sent[f.ID]
		waiting := there && size == f.Disk
		size, there = top[f.ID]
		inPlace := there && size == f.Disk && (!r.full || moving)
		delete(top, f.ID)
		if !waiting && !inPlace {
			r.plan.send = append(r.plan.send, f)
		}
		if waiting || !inPlace {
			r.plan.moves = append(r.plan.moves, f)
		}
	}
	for id := range top {
		r.plan.gone = append(r.plan.gone, id[:2]+"/"+id)
	}
	slices.Sort(r.plan.gone)
	r.plan.skip = moving && len(r.plan.send) == 0
	return nil
}

// listShards lists the 256 folders below dir: sizes by file id.
func (r *run) listShards(dir string) (map[string]int64, error) {
	all := map[string]int64{}
	for _, s := range shards() {
		files, err := r.host.list(dir + "/" + s)
		if err != nil {
			return nil, err
		}
		for name, size := range files {
			if len(name) == 40 && size >= 0 {
				all[name] = size
			}
		}
	}
	return all, nil
}

// shards are the names of the 256 folders.
func shards() []string {
	all := make([]string, 256)
	for i := range all {
		all[i] = fmt.Sprintf("%02x", i)
	}
	return all
}
