// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

const largestBody = 1 << 20

// body is a JSON object whose fields are looked up by their exact letter case, which Go's own decoding would not insist
// on.
type body map[string]json.RawMessage

// readBody reads a request's JSON object. A field that only resembles one of the known ones is refused, since a client
// that misspells a field would otherwise seem to work; wholly unknown fields are ignored, since newer clients send
// more.
func readBody(r *http.Request, known ...string) (body, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, largestBody+1))
	if errors.Is(err, errSlowBody) {
		return nil, err
	}
	if err != nil {
		return nil, badRequest("the request body could not be read: %s", err)
	}
	if len(raw) > largestBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the request body is larger than %d bytes", largestBody)
	}
	fields := body{}
	if len(raw) == 0 {
		return fields, nil
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, badRequest("the request body is not a JSON object: %s", jsonFault(err))
	}
	return fields, fields.checkSpelling(known)
}

// jsonFault leaves out what the standard library quotes from the input: it may be a password.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return "syntax error at byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return "wrong type"
}

func (b body) checkSpelling(known []string) error {
	meant := map[string]string{}
	for _, name := range known {
		meant[squash(name)] = name
	}
	names := make([]string, 0, len(b))
	for name := range b {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if want, ok := meant[squash(name)]; ok && want != name {
			return badRequest("unknown field %q: this call has a field %q", name, want)
		}
	}
	return nil
}

func squash(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

func (b body) has(name string) bool {
	raw, ok := b[name]
	return ok && string(raw) != "null"
}

// text is a string field that must be there and not be empty.
func (b body) text(name string) (string, error) {
	value, err := b.optionalText(name)
	if err == nil && value == "" {
		err = badRequest("%s is missing", name)
	}
	return value, err
}

func (b body) optionalText(name string) (string, error) {
	var value string
	if !b.has(name) {
		return "", nil
	}
	if json.Unmarshal(b[name], &value) != nil {
		return "", badRequest("%s is not a string", name)
	}
	return value, nil
}

func (b body) flag(name string) (bool, error) {
	var value bool
	if !b.has(name) {
		return false, nil
	}
	if json.Unmarshal(b[name], &value) != nil {
		return false, badRequest("%s is not true or false", name)
	}
	return value, nil
}

// number is a whole number, or nil where there is none. One in quotes counts: the CLI sends its options as they were
// typed.
func (b body) number(name string) (*int64, error) {
	if !b.has(name) {
		return nil, nil
	}
	value, err := strconv.ParseInt(strings.Trim(string(b[name]), `"`), 10, 64)
	if err != nil {
		return nil, badRequest("%s is not a whole number", name)
	}
	return &value, nil
}
