package plist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decodeXML decodes an XML property list into t. It reads a stream and keeps only what is wanted, so that an Info.plist of sixty
// megabytes costs the memory of its longest single piece of artwork.
//
// The whole document is read to its end. One that stops in the middle, or goes
// on after it should, is judged by that, before any value of the wrong kind.
func decodeXML(r io.Reader, t target) error {
	x, err := openXML(r)
	if err != nil {
		return err
	}
	return x.document(t)
}

// checkXML reads a document whole, values and all, for its soundness alone.
func checkXML(b []byte) error {
	x, err := openXML(bytes.NewReader(b))
	if err != nil {
		return err
	}
	x.strict = true
	return x.document(target{})
}

func openXML(r io.Reader) (*xmlDecoder, error) {
	u, err := toUTF8(r)
	if err != nil {
		return nil, err
	}
	g := &gate{r: u}
	x := &xmlDecoder{xml: xml.NewDecoder(g), gate: g}
	x.xml.CharsetReader = acceptCharset
	return x, nil
}

type xmlDecoder struct {
	xml    *xml.Decoder
	gate   *gate
	values int // elements seen, keys included
	depth  int
	kept   int   // bytes of text and data kept
	wrong  error // the first value of the wrong kind
	strict bool  // parse also what nobody wants
}

// token returns the next piece of the document. Comments and processing
// instructions are stepped over.
func (x *xmlDecoder) token() (xml.Token, error) {
	for {
		x.gate.restart()
		tok, err := x.xml.Token()
		if err != nil {
			return nil, x.explain(err)
		}
		switch tok := tok.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.StartElement:
			if x.values++; x.values > maxValues {
				return nil, tooMany()
			}
			return tok, nil
		default:
			return tok, nil
		}
	}
}

// explain sorts what stopped the XML reader into our errors.
func (x *xmlDecoder) explain(err error) error {
	var syntax *xml.SyntaxError
	var own *fault
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return because(ErrCut, "its end is missing")
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return because(ErrCut, fmt.Sprintf("it ends in line %d, inside a value", syntax.Line))
	case errors.As(err, &syntax):
		return because(ErrNotPlist, fmt.Sprintf("line %d: %s", syntax.Line, Clean(syntax.Msg, 100)))
	}
	return err
}

// document reads prologue, root, its one value, and makes sure that nothing
// follows.
func (x *xmlDecoder) document(t target) error {
	if err := x.root(); err != nil {
		return err
	}
	first, err := x.child("plist")
	if err != nil {
		return err
	}
	if first == nil {
		return because(ErrEmpty, "it is a property list without a value")
	}
	if err := x.value(first, t); err != nil {
		return err
	}
	if second, err := x.child("plist"); err != nil {
		return err
	} else if second != nil {
		return x.bad("there is more than one outermost value")
	}
	if err := x.nothingElse(); err != nil {
		return err
	}
	return x.wrong
}

// root steps into the element plist.
func (x *xmlDecoder) root() error {
	for {
		tok, err := x.token()
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.Directive:
			if bytes.ContainsRune(tok, '[') {
				return x.bad("it defines entities of its own")
			}
		case xml.CharData:
			if err := x.blank(tok); err != nil {
				return err
			}
		case xml.StartElement:
			if tok.Name.Local != "plist" {
				return x.bad("its first element is " + Clean(tok.Name.Local, 40) + ", not plist")
			}
			return nil
		}
	}
}

// nothingElse reads to the end, past blanks and comments.
func (x *xmlDecoder) nothingElse() error {
	for {
		x.gate.restart()
		tok, err := x.xml.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return x.explain(err)
		}
		switch tok := tok.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.CharData:
			if err := x.blank(tok); err != nil {
				return err
			}
		default:
			return x.bad("it goes on after its end")
		}
	}
}

// child returns the start of the next element within parent, or nil at
// parent's end.
func (x *xmlDecoder) child(parent string) (*xml.StartElement, error) {
	for {
		tok, err := x.token()
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			return &tok, nil
		case xml.EndElement:
			return nil, nil
		case xml.CharData:
			if err := x.blank(tok); err != nil {
				return nil, err
			}
		default:
			return nil, x.bad("there is something foreign in " + parent)
		}
	}
}

// value decodes the element that begins with e.
func (x *xmlDecoder) value(e *xml.StartElement, t target) error {
	switch e.Name.Local {
	case "dict":
		return x.nested(t, aDict, x.dict)
	case "array":
		return x.nested(t, anArray, x.array)
	case "string", "integer", "real", "date", "data", "true", "false":
		wanted := t.schema != nil || x.strict
		text, err := x.text(e.Name.Local, wanted)
		if err != nil || !wanted {
			return err
		}
		v, err := x.single(e.Name.Local, text, t)
		if err != nil {
			return err
		}
		x.note(t.assign(v))
		return nil
	}
	return x.bad("it has an unknown element " + Clean(e.Name.Local, 40))
}

// nested goes one level down.
func (x *xmlDecoder) nested(t target, kind opaque, content func(target) error) error {
	if x.depth++; x.depth > maxDepth {
		return tooDeep()
	}
	if !x.note(t.expect(kind)) {
		t = target{}
	}
	err := content(t)
	x.depth--
	return err
}

// note keeps the first value of the wrong kind for the end, and reports
// whether all is well.
func (x *xmlDecoder) note(err error) bool {
	if x.wrong == nil {
		x.wrong = err
	}
	return err == nil
}

func (x *xmlDecoder) array(t target) error {
	for {
		e, err := x.child("array")
		if e == nil || err != nil {
			return err
		}
		if err := x.value(e, t.next()); err != nil {
			return err
		}
	}
}

func (x *xmlDecoder) dict(t target) error {
	for {
		e, err := x.child("dict")
		if e == nil || err != nil {
			return err
		}
		if e.Name.Local != "key" {
			return x.bad("a dictionary has a value without a key")
		}
		key, err := x.text("key", true)
		if err != nil {
			return err
		}
		if e, err = x.child("dict"); err != nil {
			return err
		}
		if e == nil || e.Name.Local == "key" {
			return x.bad("the key " + Clean(key, 40) + " has no value")
		}
		sub, done := t.at(key)
		if err := x.value(e, sub); err != nil {
			return err
		}
		done()
	}
}

// text reads up to the end of a simple element, and returns what stood there
// if keep is set.
func (x *xmlDecoder) text(element string, keep bool) (string, error) {
	var b strings.Builder
	for {
		tok, err := x.token()
		if err != nil {
			return "", err
		}
		switch tok := tok.(type) {
		case xml.EndElement:
			return b.String(), nil
		case xml.CharData:
			if !keep {
				continue
			}
			if x.kept += len(tok); x.kept > maxKept {
				return "", because(ErrTooLarge, "its texts and data are longer than any real ones")
			}
			b.Write(tok)
		default:
			return "", x.bad("there is an element within " + element)
		}
	}
}

// blank refuses text where only spaces and line ends may stand.
func (x *xmlDecoder) blank(text []byte) error {
	if len(bytes.TrimSpace(text)) > 0 {
		return x.bad("there is text between its values")
	}
	return nil
}

// bad is a fault in the document, with the line it was met in.
func (x *xmlDecoder) bad(how string) error {
	line, _ := x.xml.InputPos()
	return because(ErrNotPlist, fmt.Sprintf("line %d: %s", line, how))
}
