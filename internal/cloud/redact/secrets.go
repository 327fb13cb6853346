// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package redact

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// shortestSecret is the length in bytes from which a value is hidden. A shorter one, such as 1, true or 5432, is hardly
// secret, and hiding it would make messages unreadable.
const shortestSecret = 6

// shortestLine is the length from which each line of a longer value, such as a private key, is hidden by itself.
const shortestLine = 16

// secretSet holds all written forms of the secrets of this process by their first bytes, so that a search takes the
// same time however many there are.
type secretSet struct {
	mu    sync.RWMutex
	known map[string]bool // values
	forms map[string][]string
}

// processSecrets are the secrets of the whole process, because one answer may show what another call has sent.
var processSecrets secretSet

// Keep makes values secret for the rest of the process. No error and no log line of any client shows them, neither as
// they are nor in JSON, HTML, a URL or base64. Values of fewer than 6 bytes are not hidden.
func Keep(values ...string) {
	for _, value := range values {
		processSecrets.add(value)
	}
}

func (s *secretSet) add(value string) {
	if value = strings.TrimSpace(value); len(value) < shortestSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[value] {
		return
	}
	if s.known == nil {
		s.known, s.forms = map[string]bool{}, map[string][]string{}
	}
	s.known[value] = true
	s.index(value)
	if lines := strings.Split(value, "\n"); len(lines) > 1 {
		for _, line := range lines {
			if line = strings.TrimSpace(line); len(line) >= shortestLine {
				s.index(line)
			}
		}
	}
}

// index adds all forms of a value. The caller holds the lock.
func (s *secretSet) index(value string) {
	forms := []string{
		value, quotedJSON(value, false), quotedJSON(value, true), html.EscapeString(value),
		url.QueryEscape(value), url.PathEscape(value),
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		// Inside a longer text the first and the last characters depend on the neighbours.
		for before := range 3 {
			text := encoding.EncodeToString(append(make([]byte, before), value...))
			forms = append(forms, text[(before*8+5)/6:(before+len(value))*8/6])
		}
	}
	for _, form := range forms {
		if len(form) < shortestSecret {
			continue
		}
		key := form[:shortestSecret]
		if !slices.Contains(s.forms[key], form) {
			s.forms[key] = append(s.forms[key], form)
		}
	}
}

// quotedJSON returns a text as JSON writes it, in this program or in others.
func quotedJSON(text string, escapeHTML bool) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // A string can always be written as JSON.
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// end returns the end of the longest secret that begins at text[at], or at if there is none. If the text was cut off,
// the beginning of a secret counts at its end.
func (s *secretSet) end(text string, at int, cutOff bool) int {
	if len(text)-at < shortestSecret {
		return at
	}
	longest := at
	for _, form := range s.forms[text[at:at+shortestSecret]] {
		switch rest := text[at:]; {
		case strings.HasPrefix(rest, form):
			longest = max(longest, at+len(form))
		case cutOff && strings.HasPrefix(form, rest):
			longest = len(text)
		}
	}
	return longest
}

func (s *secretSet) hide(text string, cutOff bool) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.forms) == 0 {
		return text
	}
	var b strings.Builder
	shown := 0 // up to where the text is in b
	for at := 0; at < len(text); at++ {
		end := s.end(text, at, cutOff)
		if end == at {
			continue
		}
		for next := at + 1; next < end; next++ { // Secrets may overlap.
			end = max(end, s.end(text, next, cutOff))
		}
		b.WriteString(text[shown:at] + hidden)
		shown, at = end, end-1
	}
	return b.String() + text[shown:]
}
