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

// secretsOf are those of a call and the token that it was sent with.
func (p *policy) secretsOf(resp *http.Response) secrets {
	s := secrets(p.request.secrets)
	if resp.Request != nil {
		if _, token, ok := strings.Cut(resp.Request.Header.Get("Authorization"), " "); ok {
			s = append(s[:len(s):len(s)], token)
		}
	}
	return s
}

func (s secrets) hide(text string) string {
	for _, secret := range s {
		if len(secret) < 4 {
			continue // it would take whole words out, and is no secret
		}
		escaped, _ := json.Marshal(secret)
		for _, form := range []string{secret, strings.Trim(string(escaped), `"`), html.EscapeString(secret)} {
			text = strings.ReplaceAll(text, form, "(hidden)")
		}
	}
	return text
}

// oneLine shortens what others wrote to a line of a message.
func oneLine(text string) string {
	const longest = 300
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	runes := []rune(line)
	if len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return line
}
