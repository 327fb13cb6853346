// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// objectReader reads a flat JSON object field by field, so that a large string in it need not fit into memory.
type objectReader struct{ in *bufio.Reader }

const largestScalar = 4 << 10

func (o *objectReader) fields(take func(name string) error) error {
	if err := o.expect('{'); err != nil {
		return err
	}
	if c, err := o.next(); err != nil || c == '}' {
		return err
	}
	for {
		name, err := o.name()
		if err != nil {
			return err
		}
		if err := o.expect(':'); err != nil {
			return err
		}
		if err := take(name); err != nil {
			return err
		}
		switch c, err := o.next(); {
		case err != nil:
			return err
		case c == '}':
			return nil
		}
		if err := o.expect(','); err != nil {
			return err
		}
	}
}

// next peeks at the next byte that is not white space.
func (o *objectReader) next() (byte, error) {
	for {
		head, err := o.in.Peek(1)
		if err != nil {
			return 0, unexpectedEnd(err)
		}
		if !bytes.ContainsAny(head, " \t\r\n") {
			return head[0], nil
		}
		_, _ = o.in.Discard(1) // it is in the buffer
	}
}

func (o *objectReader) expect(want byte) error {
	got, err := o.next()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%q where %q was expected", got, want)
	}
	_, err = o.in.Discard(1)
	return err
}

func (o *objectReader) name() (name string, err error) {
	raw, err := o.scalar()
	if err == nil && json.Unmarshal(raw, &name) != nil {
		err = errors.New("a field's name is not a string")
	}
	return name, err
}

func (o *objectReader) atText() bool {
	c, err := o.next()
	return err == nil && c == '"'
}

// text streams the string that atText has found.
func (o *objectReader) text() io.Reader {
	_, _ = o.in.Discard(1) // the quotation mark
	return &textReader{in: o.in}
}

// scalar reads a short value that is neither an object nor a list.
func (o *objectReader) scalar() (json.RawMessage, error) {
	first, err := o.next()
	if err != nil {
		return nil, err
	}
	var raw []byte
	for len(raw) < largestScalar {
		c, err := o.in.ReadByte()
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		if first != '"' && bytes.IndexByte([]byte(",}: \t\r\n"), c) >= 0 {
			if err := o.in.UnreadByte(); err != nil {
				return nil, err
			}
			return validScalar(raw)
		}
		raw = append(raw, c)
		if first == '"' && c == '"' && len(raw) > 1 && json.Valid(raw) {
			return raw, nil
		}
	}
	return nil, fmt.Errorf("a field is longer than %d bytes", largestScalar)
}

func validScalar(raw []byte) (json.RawMessage, error) {
	if !json.Valid(raw) {
		return nil, errors.New("a field is neither a string, a number, true, false nor null")
	}
	return raw, nil
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
