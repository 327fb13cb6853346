// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

// uploads are the names of archives that are being received.
const uploads = "upload-*"

// largestArchive is the service's limit: 500 MB.
const largestArchive = 500 << 20

// deployRequest is the body of a deploy.
type deployRequest struct {
	archive  string // path of the archive's file, "" with a previous version
	previous string
	target   string
}

func (d *deployRequest) discard() {
	if d.archive != "" {
		_ = os.Remove(d.archive)
	}
}

// readDeploy reads the body of a deploy. The archive, half a gigabyte of it, goes
// through a decoder straight to a file.
func (s *Server) readDeploy(r *http.Request) (*deployRequest, error) {
	d := &deployRequest{}
	if err := s.readDeployFields(r, d); err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

func (s *Server) readDeployFields(r *http.Request, d *deployRequest) error {
	in := &objectReader{in: bufio.NewReaderSize(r.Body, 64<<10)}
	rest := body{}
	err := in.fields(func(name string) error {
		if name == "application_archive" && in.atText() {
			return s.receiveArchive(in.text(), d)
		}
		raw, err := in.scalar()
		rest[name] = raw
		return err
	})
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		return err
	case err != nil:
		return badRequest("the request body is not what a deploy sends: %s", err)
	}
	if err := rest.checkSpelling([]string{"application_archive", "previous_version", "target_database_name"}); err != nil {
		return err
	}
	if d.previous, err = rest.optionalText("previous_version"); err != nil {
		return err
	}
	if d.target, err = rest.optionalText("target_database_name"); err != nil {
		return err
	}
	if (d.archive == "") == (d.previous == "") {
		return badRequest("a deploy has either an application_archive or a previous_version")
	}
	return nil
}

func (s *Server) receiveArchive(text io.Reader, d *deployRequest) error {
	if d.archive != "" {
		return badRequest("application_archive is given twice")
	}
	file, err := os.CreateTemp(s.dir.file("archives"), uploads)
	if err != nil {
		return err
	}
	d.archive = file.Name()
	size, err := io.Copy(file, io.LimitReader(base64.NewDecoder(base64.StdEncoding, text), largestArchive+1))
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	var corrupt base64.CorruptInputError
	switch {
	case errors.As(err, &corrupt):
		return badRequest("application_archive is not base64: byte %d", int64(corrupt))
	case err != nil:
		return err
	case size > largestArchive:
		return refuse(http.StatusRequestEntityTooLarge, "the application archive is larger than %d bytes", largestArchive)
	}
	// The decoder stops behind padding; the text must end there too.
	if more, err := io.Copy(io.Discard, text); err != nil || more > 0 {
		return badRequest("application_archive is not base64: it goes on behind its end")
	}
	return nil
}

// objectReader reads a flat JSON object field by field.
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

// next is the next byte that is not white space, which it leaves to be read.
func (o *objectReader) next() (byte, error) {
	for {
		head, err := o.in.Peek(1)
		if err != nil {
			return 0, unexpectedEnd(err)
		}
		if !bytes.ContainsAny(head, " \t\r\n") {
			return head[0], nil
		}
		_, _ = o.in.Discard(1) // it was just seen
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

// text reads the string that atText has seen, without holding it.
func (o *objectReader) text() io.Reader {
	_, _ = o.in.Discard(1) // the quotation mark that was just seen
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

// textReader reads the inside of a JSON string up to its closing quotation mark.
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

// escaped reads what follows a backslash: of the ways to write an ASCII
// character, those that base64 can have.
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

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
