package verify

import (
	"backupwatchdog/daemon/words"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// A keybag is the BackupKeyBag of Manifest.plist: tag of four letters, length,
// value, one after the other, big-endian. First what concerns all,
//
//	VERS TYPE UUID HMCK WRAP SALT ITER  and, from iOS 10.2 on,  DPWT DPIC DPSL
//
// then for each protection class UUID CLAS WRAP KTYP WPKY, as
// jsharkey13/iphone_backup_decrypt and avibrazil/iOSbackup read it.
type keybag struct {
	salt, dpsl []byte
	iter, dpic uint32
	wrapped    map[uint32][]byte // by class: keys that the password opens
}

// maxRounds bounds the key derivation: phones ask for 10,000,000 rounds, and
// a key bag that asks for more than this keeps a processor busy for nothing.
const maxRounds = 50_000_000

var errKeybag = &errIndex{words.KeybagDamaged}

// parseKeybag reads the bag; whatever is not in it stays zero.
func parseKeybag(b []byte) (*keybag, error) {
	k := &keybag{wrapped: map[uint32][]byte{}}
	var class, wrap uint32
	inClass := false
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, errKeybag
		}
		tag, n := string(b[:4]), binary.BigEndian.Uint32(b[4:8])
		if uint64(n) > uint64(len(b)-8) {
			return nil, errKeybag
		}
		v := b[8 : 8+n]
		b = b[8+n:]
		switch tag {
		case "SALT":
			k.salt = v
		case "ITER":
			k.iter = number(v)
		case "DPSL":
			k.dpsl = v
		case "DPIC":
			k.dpic = number(v)
		case "CLAS":
			class, inClass = number(v), true
		case "WRAP":
			wrap = number(v)
		case "WPKY":
			if inClass && wrap&2 != 0 && len(k.wrapped) < 64 {
				k.wrapped[class] = v
			}
		}
	}
	if len(k.salt) == 0 || k.iter == 0 || len(k.wrapped) == 0 {
		return nil, errKeybag
	}
	if k.iter > maxRounds || k.dpic > maxRounds {
		return nil, &errIndex{words.KeybagRounds}
	}
	return k, nil
}

// number reads an integer of four bytes; 0 for anything else.
func number(v []byte) uint32 {
	if len(v) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

// A keyring is a key bag that was opened: the key of each protection class.
type keyring struct {
	classes map[uint32][]byte
}

// open derives the key from the password and opens the class keys; a wrong
// password is ErrPassword. It takes seconds, and ends early when ctx does.
func (k *keybag) open(ctx context.Context, password []byte, m *meter) (*keyring, error) {
	m.begin(StageKeys, int64(k.dpic)+int64(k.iter))
	key, err := k.derive(ctx, password, m)
	if err != nil {
		return nil, err
	}
	ring := &keyring{classes: map[uint32][]byte{}}
	for class, wrapped := range k.wrapped {
		plain, ok := unwrap(key, wrapped)
		if !ok {
			return nil, ErrPassword
		}
		ring.classes[class] = plain
	}
	return ring, nil
}

// derive is PBKDF2 twice: with SHA-256 over the password (from iOS 10.2 on),
// then with SHA-1. The standard library's function cannot be interrupted; where
// ctx ends first it is left to finish alone.
func (k *keybag) derive(ctx context.Context, password []byte, m *meter) (key []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		secret := string(password)
		if len(k.dpsl) > 0 && k.dpic > 0 {
			first, ferr := pbkdf2.Key(sha256.New, secret, k.dpsl, int(k.dpic), 32)
			if ferr != nil {
				err = ferr
				return
			}
			secret = string(first)
		}
		key, err = pbkdf2.Key(sha1.New, secret, k.salt, int(k.iter), 32)
	}()
	// Nothing tells how far it is; the rounds of a common computer are shown.
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return key, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
			if p := m.now(); p.Done < p.Total*19/20 {
				m.add(300_000)
			}
		}
	}
}

// unwrap is the AES key unwrap of RFC 3394; ok is false when the key is not
// the one it was wrapped with.
func unwrap(kek, wrapped []byte) (key []byte, ok bool) {
	n := len(wrapped)/8 - 1
	if len(wrapped)%8 != 0 || n < 2 || n > 8 {
		return nil, false
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, false
	}
	a := binary.BigEndian.Uint64(wrapped)
	key = append([]byte(nil), wrapped[8:]...)
	var buf [16]byte
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			binary.BigEndian.PutUint64(buf[:8], a^uint64(n*j+i))
			copy(buf[8:], key[8*i-8:8*i])
			block.Decrypt(buf[:], buf[:])
			a = binary.BigEndian.Uint64(buf[:8])
			copy(key[8*i-8:], buf[8:])
		}
	}
	return key, a == 0xa6a6a6a6a6a6a6a6
}

// fileCipher opens a file's key: four bytes class, little-endian, and the key
// wrapped with the key of that class.
func (r *keyring) fileCipher(key []byte) (cipher.Block, error) {
	if len(key) < 4+24 {
		return nil, errors.New("a key is too short")
	}
	kek, ok := r.classes[binary.LittleEndian.Uint32(key)]
	if !ok {
		return nil, errors.New("a key's class is unknown")
	}
	plain, ok := unwrap(kek, key[4:])
	if !ok {
		return nil, errors.New("a key cannot be opened")
	}
	return aes.NewCipher(plain)
}
