package plist

import "math"

// guard proves that a binary property list is a finite tree before anything
// of it is decoded: every object complete, every reference to an object that
// exists, none that leads back to its holder, and the whole, unfolded, within
// the limits. It goes through the file once, without recursion: an object that
// is met again is not gone through again, but counted with the size and height
// it was found to have. No more than maxDepth containers are open at a time, none
// followed further than the limit of values, which bounds the work.
type guard struct {
	list   *binaryList
	state  []visit
	sizes  []uint32 // values in the unfolded object, itself included; at most maxValues
	height []uint8  // levels below and with the object
	stack  []step
}

type visit byte

const (
	untouched visit = iota
	open            // on the stack: meeting it again is a cycle
	closed
)

// step is one container whose content is being gone through.
type step struct {
	index uint64
	obj   object
	next  uint64 // the reference to follow next
}

// check runs the guard over the list.
func (l *binaryList) check() error {
	g := &guard{
		list:   l,
		state:  make([]visit, l.objects),
		sizes:  make([]uint32, l.objects),
		height: make([]uint8, l.objects),
	}
	for i := range l.objects {
		if _, err := l.object(i); err != nil {
			return err
		}
	}
	if err := g.enter(l.top); err != nil {
		return err
	}
	for len(g.stack) > 0 {
		if err := g.advance(); err != nil {
			return err
		}
	}
	return nil
}

// enter begins with object i.
func (g *guard) enter(i uint64) error {
	o, err := g.list.object(i)
	if err != nil {
		return err
	}
	// Not left to the height alone, which is known only on the way back: each
	// open container may have gone through references up to the limit.
	if len(g.stack) >= maxDepth {
		return tooDeep()
	}
	g.state[i], g.sizes[i], g.height[i] = open, 1, 1
	g.stack = append(g.stack, step{index: i, obj: o})
	return nil
}

// advance follows one reference of the innermost open container, or closes it.
func (g *guard) advance() error {
	s := &g.stack[len(g.stack)-1]
	if s.next == s.obj.refs() {
		g.state[s.index] = closed
		g.stack = g.stack[:len(g.stack)-1]
		return nil
	}
	child := g.list.ref(s.obj, s.next)
	if child >= g.list.objects {
		return g.list.damaged(s.index, "refers to one that does not exist")
	}
	switch g.state[child] {
	case open:
		return g.list.damaged(s.index, "contains itself")
	case untouched:
		return g.enter(child) // and come back to this reference when it is closed
	}
	s.next++
	return g.add(s, child)
}

// add counts a finished child into its holder.
func (g *guard) add(s *step, child uint64) error {
	if s.obj.kind == kindDict && s.next <= s.obj.count {
		if o, err := g.list.object(child); err != nil || !o.isText() {
			return g.list.damaged(s.index, "has a key that is not a text")
		}
	}
	sum := uint64(g.sizes[s.index]) + uint64(g.sizes[child])
	if sum > maxValues {
		return tooMany()
	}
	g.sizes[s.index] = uint32(min(sum, math.MaxUint32))
	g.height[s.index] = max(g.height[s.index], g.height[child]+1)
	if g.height[s.index] > maxDepth {
		return tooDeep()
	}
	return nil
}
