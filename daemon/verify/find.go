package verify

import (
	"os"
	"path/filepath"
	"slices"
)

// IsBackup reports whether the folder dir is a backup, whole or not: its name
// is a phone's id, or it holds a file that only backups have.
func IsBackup(dir string) bool {
	if _, _, like := FolderUDID(filepath.Base(dir)); like {
		return true
	}
	for _, name := range []string{"Status.plist", "Manifest.plist", "Manifest.db", "Manifest.mbdb"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// Find returns the backups at or below dir, sorted, looking at most depth
// folders down and never into a backup. Links to folders directly in dir are
// followed once: single backups are sometimes kept on another disk that way.
// Folders below dir that cannot be listed are passed over; dir itself not.
func Find(dir string, depth int) ([]string, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	if IsBackup(dir) {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			continue
		}
		_, _, like := FolderUDID(e.Name())
		switch link := e.Type()&os.ModeSymlink != 0; {
		case like || IsBackup(path):
			found = append(found, path)
		case !link && depth > 1 && len(found) < maxFound:
			below, _ := Find(path, depth-1)
			found = append(found, below...)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), maxFound)], nil
}

// maxFound bounds how many backups one search returns.
const maxFound = 1000
