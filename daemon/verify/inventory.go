package verify

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// An inventory is what a chain held when it was last found in order: a record
// of 23 bytes a file. With it, later loss in an encrypted chain is exact to the
// file without any password. One file a chain in the state folder:
//
//	backup-watchdog inventory 1
//	{"udid": …, "chain_id": …, "status_date": …, "files": …, "path": …}
//	256 varints: how many records each first byte of an id has
//	records: 14 bytes of the id after its first, 5 bytes size, 4 bytes seconds
//
// numbers little-endian. It is replaced as a whole, by rename.
type inventory struct {
	head   inventoryHead
	shards [256][]byte // records, one after the other
}

type inventoryHead struct {
	UDID       string    `json:"udid"`
	ChainID    string    `json:"chain_id"`
	StatusDate time.Time `json:"status_date"` // the run it is of
	Made       time.Time `json:"made"`
	Files      int64     `json:"files"`
	Path       string    `json:"path"`
	Encrypted  bool      `json:"encrypted"`
}

const (
	inventoryMagic = "backup-watchdog inventory 1\n"
	inventoryExt   = ".inventory"
	recordSize     = 23
	// inventoryLife is how long an inventory that no check has used stays.
	inventoryLife = 400 * 24 * time.Hour
	// maxInventories bounds how many are kept, the least used going first.
	maxInventories = 64
	// maxInventory bounds what is read of one: ten million files.
	maxInventory = 10_000_000 * recordSize
)

type record [recordSize]byte

// recordOf packs an entry; its first byte is the shard it stands in.
func recordOf(e *entry) (r record) {
	copy(r[:14], e.id[1:15])
	size := min(uint64(e.size), 1<<40-1)
	for i := range 5 {
		r[14+i] = byte(size >> (8 * i))
	}
	binary.LittleEndian.PutUint32(r[19:], e.mtime)
	return r
}

func (r record) size() int64 {
	return int64(r[14]) | int64(r[15])<<8 | int64(r[16])<<16 | int64(r[17])<<24 | int64(r[18])<<32
}

// inventoryName is the file of a chain: the same after the folder was renamed,
// and for a copy elsewhere.
func inventoryName(udid, chainID string) string {
	sum := sha256.Sum256([]byte(plainID(udid) + "\x00" + strings.ToLower(chainID)))
	return hex.EncodeToString(sum[:10]) + inventoryExt
}

func (k *checker) inventoryPath() string {
	return filepath.Join(k.o.Inventories, inventoryName(k.res.UDID, k.status.UUID))
}

// compareInventory finds what an encrypted chain has lost since it was last
// found in order. It counts only for the very run the inventory is of: the next
// run may rightly delete and replace files.
func (k *checker) compareInventory() {
	if k.o.Inventories == "" || k.idx != nil || !k.encrypted() || !k.finished() || k.index.err != nil {
		return
	}
	inv, err := readInventory(k.inventoryPath())
	if err != nil || !inv.head.StatusDate.Equal(k.status.Date) {
		return
	}
	touched := int64(0)
	for i := range inv.shards {
		touched += k.compareShard(byte(i), inv.shards[i])
	}
	if touched > 0 && inv.head.Path == k.dir {
		k.touched = touched
	}
	k.sinceInventory = inv.head.Made
}

// compareShard reports how many files were written to since and kept their size.
func (k *checker) compareShard(first byte, then []byte) (touched int64) {
	now := make(map[[14]byte]record, len(k.scan.records[first]))
	for _, r := range k.scan.records[first] {
		now[[14]byte(r[:14])] = r
	}
	for ; len(then) >= recordSize; then = then[recordSize:] {
		was := record(then)
		r, ok := now[[14]byte(was[:14])]
		path := fmt.Sprintf("%02x/%02x%x…", first, first, was[:14])
		switch {
		case !ok:
			k.res.Missing++
			k.res.add(Problem{Kind: FileMissing, Path: path, Detail: words.FileOfSizeGone(was.size())})
		case r.size() != was.size() && r.size() > 0 && r.size()%16 == 0: // else it is counted already
			k.res.WrongSize++
			k.res.add(Problem{Kind: FileWrongSize, Path: path, Detail: words.FileSize(r.size(), was.size())})
		case r.size() == was.size() && r != was:
			touched++
		}
	}
	return touched
}

// keepInventory replaces the chain's inventory after a check that found it in
// order. One of this very run stays as it is: it was made when all was well.
func (k *checker) keepInventory() error {
	if k.o.Inventories == "" || !k.finished() || k.res.Verdict != backup.Good && k.res.Verdict != backup.Unproven {
		return nil
	}
	path := k.inventoryPath()
	if old, err := readInventoryHead(path); err == nil {
		if old.StatusDate.Equal(k.status.Date) {
			return os.Chtimes(path, k.o.Now(), k.o.Now())
		}
		if old.StatusDate.After(k.status.Date) { // an older copy of the chain
			return nil
		}
	}
	inv := inventoryHead{UDID: k.res.UDID, ChainID: k.status.UUID, StatusDate: k.status.Date, Made: k.o.Now(), Path: k.dir, Encrypted: k.encrypted()}
	return writeInventory(path, inv, &k.scan.records)
}

// writeInventory writes a new file beside the old one and renames it.
func writeInventory(path string, head inventoryHead, records *[256][]record) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-*"+inventoryExt+".tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	defer f.Close()
	var counts []byte
	for i := range records {
		head.Files += int64(len(records[i]))
		counts = binary.AppendUvarint(counts, uint64(len(records[i])))
	}
	line, err := json.Marshal(head)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 256<<10)
	w.WriteString(inventoryMagic)
	w.Write(append(line, '\n'))
	w.Write(counts)
	for i := range records {
		for k := range records[i] {
			w.Write(records[i][k][:])
		}
	}
	if err := errors.Join(w.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

var errInventory = errors.New("not a whole inventory")

// readInventory reads one whole; anything odd in it is an error.
func readInventory(path string) (*inventory, error) {
	f, info, err := plist.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > maxInventory {
		return nil, errInventory
	}
	inv := &inventory{}
	r := bufio.NewReaderSize(f, 64<<10)
	if inv.head, err = readHead(r); err != nil {
		return nil, err
	}
	var counts [256]int
	sum := int64(0)
	for i := range counts {
		n, err := binary.ReadUvarint(r)
		if err != nil || n > maxInventory/recordSize {
			return nil, errInventory
		}
		counts[i] = int(n)
		sum += int64(n)
	}
	if sum != inv.head.Files || sum*recordSize > info.Size() {
		return nil, errInventory
	}
	for i, n := range counts {
		inv.shards[i] = make([]byte, n*recordSize)
		if _, err := io.ReadFull(r, inv.shards[i]); err != nil {
			return nil, errInventory
		}
	}
	return inv, nil
}

func readInventoryHead(path string) (inventoryHead, error) {
	f, _, err := plist.OpenRegular(path)
	if err != nil {
		return inventoryHead{}, err
	}
	defer f.Close()
	return readHead(bufio.NewReader(io.LimitReader(f, 64<<10)))
}

func readHead(r *bufio.Reader) (h inventoryHead, err error) {
	magic := make([]byte, len(inventoryMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != inventoryMagic {
		return h, errInventory
	}
	line, err := r.ReadSlice('\n')
	if err != nil || json.Unmarshal(bytes.TrimSpace(line), &h) != nil {
		return h, errInventory
	}
	return h, nil
}

// PruneInventories drops what is no longer of use from the folder of
// inventories: those no check has used for 400 days, those of chains that gone
// reports (nil: none), those that cannot be read, and, above 64, the least used.
func PruneInventories(dir string, now time.Time, gone func(udid, chainID string) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	type kept struct {
		path string
		used time.Time
	}
	var keep []kept
	var errs []error
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		age := now.Sub(info.ModTime())
		switch filepath.Ext(path) {
		case ".tmp": // of a check that was killed
			if age > time.Hour {
				errs = append(errs, os.Remove(path))
			}
		case inventoryExt:
			h, err := readInventoryHead(path)
			if err != nil || age > inventoryLife || gone != nil && gone(h.UDID, h.ChainID) {
				errs = append(errs, os.Remove(path))
				continue
			}
			keep = append(keep, kept{path, info.ModTime()})
		}
	}
	slices.SortFunc(keep, func(a, b kept) int { return b.used.Compare(a.used) })
	for _, k := range keep[min(len(keep), maxInventories):] {
		errs = append(errs, os.Remove(k.path))
	}
	return errors.Join(errs...)
}
