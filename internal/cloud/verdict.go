// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
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
	unknown := p.request.kind >= harmless
	var f *failure
	if errors.As(err, &f) {
		err, unknown = f.err, unknown && f.sent
	}
	return &Error{
		Method: p.request.method, Path: p.path, Message: redactedLine(err.Error()),
		err: err, unknown: unknown, final: isFinal(err),
	}
}

// isFinal reports whether no repetition would help: the host does not exist, or is not the one that it should be, or there
// is no login, whose own repeats are over then.
func isFinal(err error) bool {
	var (
		host      *net.DNSError
		untrusted *tls.CertificateVerificationError
		plain     tls.RecordHeaderError
		proxy     *proxyError
		login     *loginError
	)
	return errors.As(err, &host) && host.IsNotFound || errors.As(err, &untrusted) || errors.As(err, &plain) ||
		errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &proxy) && proxy.final || errors.As(err, &login)
}
