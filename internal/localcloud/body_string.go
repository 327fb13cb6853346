// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// textReader reads the content of a JSON string up to its closing quotation mark.
type textReader struct {
	in   *bufio.Reader
	done bool
}

func (t *textReader) Read(p []byte) (int, error) {
	if t.done {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if _, err := t.in.Peek(1); err != nil {
		return 0, unexpectedEnd(err)
	}
	chunk, err := t.in.Peek(min(len(p), t.in.Buffered()))
	if err != nil {
		return 0, err
	}
	end := bytes.IndexByte(chunk, '"')
	if end < 0 {
		end = len(chunk)
	}
	if escape := bytes.IndexByte(chunk[:end], '\\'); escape >= 0 {
		end = escape
	}
	if end > 0 {
		n := copy(p, chunk[:end])
		_, err := t.in.Discard(n)
		return n, err
	}
	if _, err := t.in.Discard(1); err != nil {
		return 0, err
	}
	if chunk[0] == '"' {
		t.done = true
		return 0, io.EOF
	}
	p[0], err = t.escaped()
	return 1, err
}

// escaped reads the character after a backslash. Base64 needs only some of the escapes of JSON.
func (t *textReader) escaped() (byte, error) {
	c, err := t.in.ReadByte()
	if err != nil {
		return 0, unexpectedEnd(err)
	}
	switch c {
	case '/':
		return '/', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 'u':
		digits := make([]byte, 4)
		if _, err := io.ReadFull(t.in, digits); err != nil {
			return 0, unexpectedEnd(err)
		}
		if code, err := strconv.ParseUint(string(digits), 16, 7); err == nil {
			return byte(code), nil
		}
	}
	return 0, errors.New("application_archive is not base64")
}
