package verifytest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// A keybag is the keys of an encrypted backup, as a phone would make them: a
// password opens the key of each protection class, a class key opens the key of
// each file.
type keybag struct {
	tlv         []byte
	classes     map[uint32][]byte
	manifest    []byte // key of Manifest.db
	manifestKey []byte // the same wrapped, with its class
}

// newKeybag makes keys that depend on nothing but its arguments.
func newKeybag(password string, rounds int) *keybag {
	rnd := rand.New(rand.NewPCG(3, 9))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	k := &keybag{classes: map[uint32][]byte{}, manifest: random(32)}
	dpsl, salt := random(20), random(20)
	first, err := pbkdf2.Key(sha256.New, password, dpsl, rounds, 32)
	if err != nil {
		panic(err)
	}
	opener, err := pbkdf2.Key(sha1.New, string(first), salt, rounds, 32)
	if err != nil {
		panic(err)
	}
	k.put("VERS", be32(5))
	k.put("TYPE", be32(1))
	k.put("UUID", random(16))
	k.put("HMCK", random(40))
	k.put("WRAP", be32(0))
	k.put("SALT", salt)
	k.put("ITER", be32(uint32(rounds)))
	k.put("DPWT", be32(0))
	k.put("DPIC", be32(uint32(rounds)))
	k.put("DPSL", dpsl)
	for class := uint32(1); class <= 11; class++ {
		key := random(32)
		k.classes[class] = key
		k.put("UUID", random(16))
		k.put("CLAS", be32(class))
		k.put("WRAP", be32(2))
		k.put("KTYP", be32(0))
		k.put("WPKY", wrap(opener, key))
	}
	k.manifestKey = append(binary.LittleEndian.AppendUint32(nil, 4), wrap(k.classes[4], k.manifest)...)
	return k
}

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// put appends one tag, length, value.
func (k *keybag) put(tag string, value []byte) {
	k.tlv = append(k.tlv, tag...)
	k.tlv = binary.BigEndian.AppendUint32(k.tlv, uint32(len(value)))
	k.tlv = append(k.tlv, value...)
}

// seal encrypts one file under a key of its own.
func (k *keybag) seal(plain []byte, seed uint64) (sealed, key []byte) {
	key = make([]byte, 32)
	binary.LittleEndian.PutUint64(key, seed+1)
	return encrypt(key, plain), key
}

// wrapFor returns a file's key as its row holds it.
func (k *keybag) wrapFor(key []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, 3), wrap(k.classes[3], key)...)
}

// encrypt is AES-CBC with an IV of zeros and PKCS #7 padding.
func encrypt(key, plain []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	pad := 16 - len(plain)%16
	out := append([]byte(nil), plain...)
	for range pad {
		out = append(out, byte(pad))
	}
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(out, out)
	return out
}

// wrap is the AES key wrap of RFC 3394.
func wrap(kek, key []byte) []byte {
	block, err := aes.NewCipher(kek)
	if err != nil {
		panic(err)
	}
	n := len(key) / 8
	out := make([]byte, 8+len(key))
	for i := range 8 {
		out[i] = 0xa6
	}
	copy(out[8:], key)
	var buf [16]byte
	for j := range 6 {
		for i := 1; i <= n; i++ {
			copy(buf[:8], out[:8])
			copy(buf[8:], out[8*i:8*i+8])
			block.Encrypt(buf[:], buf[:])
			a := binary.BigEndian.Uint64(buf[:8]) ^ uint64(n*j+i)
			binary.BigEndian.PutUint64(out[:8], a)
			copy(out[8*i:], buf[8:])
		}
	}
	return out
}
