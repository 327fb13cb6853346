// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const largestBody = 1 << 20

// body is the JSON object of a request. Go would match a field's name in any letter case; a body matches it exactly. A
// reader that fails leaves its error in err, and what is read after it is empty.
type body struct {
	fields map[string]json.RawMessage
	err    error
}

// readBody reads a request's JSON object. It refuses a field whose name resembles a known one, since a client that
// misspells a field would otherwise seem to work. It ignores other unknown fields, since newer clients send more.
func readBody(r *http.Request, known ...string) *body {
	b := &body{}
	raw, err := io.ReadAll(io.LimitReader(r.Body, largestBody+1))
	switch {
	case errors.Is(err, errSlowBody):
		b.err = err
	case err != nil:
		b.err = badRequest("the request body could not be read: %s", err)
	case len(raw) > largestBody:
		b.err = refuse(http.StatusRequestEntityTooLarge, "the request body is larger than %d bytes", largestBody)
	case len(raw) > 0:
		if err := json.Unmarshal(raw, &b.fields); err != nil {
			b.err = badRequest("the request body is not a JSON object: %s", jsonFault(err))
			return b
		}
		b.checkSpelling(known)
	}
	return b
}

// jsonFault leaves out what the standard library quotes from the input: it may be a password.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return "syntax error at byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return "wrong type"
}

func (b *body) checkSpelling(known []string) {
	spelling := map[string]string{}
	for _, name := range known {
		spelling[squash(name)] = name
	}
	for _, name := range slices.Sorted(maps.Keys(b.fields)) {
		if want, ok := spelling[squash(name)]; ok && want != name {
			b.fail("unknown field %q: this call has a field %q", name, want)
		}
	}
}

func squash(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// fail keeps the first error.
func (b *body) fail(format string, args ...any) {
	if b.err == nil {
		b.err = badRequest(format, args...)
	}
}

func (b *body) has(name string) bool {
	raw, ok := b.fields[name]
	return ok && string(raw) != "null"
}

// decode reads a field if it is there.
func (b *body) decode(name string, value any, kind string) {
	if b.err == nil && b.has(name) && json.Unmarshal(b.fields[name], value) != nil {
		b.fail("%s is not %s", name, kind)
	}
}

// text is a string field that must be there and not be empty.
func (b *body) text(name string) string {
	value := b.optionalText(name)
	if value == "" {
		b.fail("%s is missing", name)
	}
	return value
}

func (b *body) optionalText(name string) (value string) {
	b.decode(name, &value, "a string")
	return value
}

func (b *body) flag(name string) (value bool) {
	b.decode(name, &value, "true or false")
	return value
}

// number is a whole number, or nil where there is none. It may stand in quotes: the CLI sends its options as they were
// typed.
func (b *body) number(name string) *int64 {
	if b.err != nil || !b.has(name) {
		return nil
	}
	value, err := strconv.ParseInt(strings.Trim(string(b.fields[name]), `"`), 10, 64)
	if err != nil {
		b.fail("%s is not a whole number", name)
		return nil
	}
	return &value
}
