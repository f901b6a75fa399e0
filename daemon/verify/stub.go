package verify

import "context"

type keyring struct{}
type record [23]byte

func recordOf(e *entry) record                            { return record{} }
func (k *checker) unlock(ctx context.Context) error       { return nil }
func (k *checker) inventory() error                       { return nil }
func (k *checker) readContents(ctx context.Context) error { return nil }
