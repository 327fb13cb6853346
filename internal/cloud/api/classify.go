// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

var (
	absent = regexp.MustCompile(`(?i)\bnot found\b|\bdoes not exist\b|\bdoesn't exist\b|\bno such\b`)
	// elsewhere are the objects that a path goes through, and the words of a router that knows no such path.
	elsewhere = regexp.MustCompile(`(?i)\b(organi[sz]ation|user|route|endpoint|path|page|url)\b|^cannot [A-Z]+ /`)
	owner     = regexp.MustCompile(`(?i)\b(organi[sz]ation|user)\W*$`)
)

// saysNotFound reports whether a refusal says that the very object does not exist, not the organization above it and not
// the path. signed is an answer with further fields of the API, which a gateway's bare {"message":"Not Found"} lacks.
func saysNotFound(status int, message, object string, signed bool) bool {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return false
	}
	before, after, named := strings.Cut(message, object)
	if named && absent.MatchString(before+after) {
		return !owner.MatchString(before)
	}
	return status == http.StatusNotFound && (named || signed) && !elsewhere.MatchString(before+after)
}

// noAnswer is the error of an attempt that brought no answer.
func (p *policy) noAnswer(err error) *Error {
	// The text of the URL error holds the whole address, that of a failure is in it.
	var addressed *url.Error
	if errors.As(err, &addressed) {
		err = addressed.Err
	}
	unknown, final := p.request.Kind >= IdempotentWrite, network.IsFinal(err)
	var (
		f        *failure
		loginErr *login.Error
	)
	switch {
	case errors.As(err, &loginErr): // Its own repeats are over, and the call was not carried out.
		err, unknown, final = loginErr, false, true
	case errors.As(err, &f):
		err, unknown = f.err, unknown && f.sent
	}
	return &Error{
		Method: p.request.Method, Path: p.path, Message: redact.Line(err.Error()),
		err: err, unknown: unknown, final: final,
	}
}
