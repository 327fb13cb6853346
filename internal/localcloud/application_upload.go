// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
)

// largestArchive is the limit of DBOS Cloud: 500 MB.
const largestArchive = 500 << 20

// mostFields is how many fields of a deploy are kept in memory, known and unknown ones.
const mostFields = 100

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

// readDeploy reads the body of a deploy. It decodes the archive, up to half a gigabyte, straight into a file.
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
	rest := body{fields: map[string]json.RawMessage{}}
	err := in.fields(func(name string) error {
		if name == "application_archive" && in.atText() {
			return s.receiveArchive(in.text(), d)
		}
		if len(rest.fields) == mostFields {
			return badRequest("a deploy has at most %d fields", mostFields)
		}
		raw, err := in.scalar()
		rest.fields[name] = raw
		return err
	})
	var refused *apiError
	var disk *fs.PathError
	switch {
	case errors.As(err, &refused), errors.As(err, &disk):
		return err
	case err != nil:
		return badRequest("the request body is not what a deploy sends: %s", err)
	}
	rest.checkSpelling([]string{"application_archive", "previous_version", "target_database_name"})
	d.previous, d.target = rest.optionalText("previous_version"), rest.optionalText("target_database_name")
	if (d.archive == "") == (d.previous == "") {
		rest.fail("a deploy has either an application_archive or a previous_version")
	}
	return rest.err
}

func (s *Server) receiveArchive(text io.Reader, d *deployRequest) error {
	if d.archive != "" {
		return badRequest("application_archive is given twice")
	}
	file, err := os.CreateTemp(s.dir.file("archives"), "upload-*")
	if err != nil {
		return err
	}
	d.archive = file.Name()
	size, err := io.Copy(file, io.LimitReader(base64.NewDecoder(base64.StdEncoding, text), s.archiveLimit+1))
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	var corrupt base64.CorruptInputError
	switch {
	case errors.As(err, &corrupt):
		return badRequest("application_archive is not base64: byte %d", int64(corrupt))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("application_archive is cut off")
	case err != nil:
		return err
	case size > s.archiveLimit:
		return refuse(http.StatusRequestEntityTooLarge, "the application archive is larger than %d bytes", s.archiveLimit)
	}
	return nil
}
