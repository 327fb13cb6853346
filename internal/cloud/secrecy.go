// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"unicode"
)

// secrets are what no text of ours may show, even where a server echoes it.
type secrets []string

// bearer is the token that a request carries.
func bearer(req *http.Request) string {
	_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	return token
}

func (s secrets) hide(text string) string {
	for _, secret := range s {
		if len(secret) < 4 {
			continue // It would take whole words out, and is no secret.
		}
		for _, form := range []string{secret, quotedJSON(secret, false), quotedJSON(secret, true), html.EscapeString(secret)} {
			text = strings.ReplaceAll(text, form, "(hidden)")
		}
	}
	return text
}

// quotedJSON is how a text looks inside of JSON, of this program or of others.
func quotedJSON(text string, escapeHTML bool) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // A string can always be written as JSON.
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// line is what others wrote, as a part of a message. What is hidden goes first: a part of it could not be found any more.
func (s secrets) line(text string) string { return oneLine(s.hide(text)) }

// oneLine shortens what others wrote.
func oneLine(text string) string {
	const longest = 300
	line := []rune(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "))
	if len(line) > longest {
		return string(line[:longest]) + "…"
	}
	return string(line)
}
