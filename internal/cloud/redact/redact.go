// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package redact hides the secrets of the process in texts.
package redact

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// hidden replaces a secret in a text.
const hidden = "(hidden)"

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

// Both match the password of a URL: urlPassword as it is or with escaped slashes, escapedPassword in percent-encoding.
var (
	urlPassword     = regexp.MustCompile(`(:(?:\\?/){2}[^\s/?#"'<>:@\\]*:)[^\s/"'<>]+@`)
	escapedPassword = regexp.MustCompile(`(?i)(%3A%2F%2F(?:[^\s%"'<>]|%[^34\s]|%3[^A\s]|%4[^0\s])*%3A)[^\s"'<>]+?(%40)`)
)

// Text hides the secrets of this process, and the password of every URL, in a text that others wrote.
func Text(text string) string { return processSecrets.text(text, false) }

func (s *secretSet) text(text string, cutOff bool) string {
	text = s.hide(text, cutOff)
	if !strings.Contains(text, ":") && !strings.Contains(text, "%") {
		return text
	}
	text = urlPassword.ReplaceAllString(text, "${1}"+hidden+"@")
	return escapedPassword.ReplaceAllString(text, "${1}"+hidden+"${2}")
}

// Logger returns a logger that hides secrets in everything that it passes on.
func Logger(to *slog.Logger) *slog.Logger { return slog.New(log{to.Handler()}) }

type log struct{ slog.Handler }

func (l log) Handle(ctx context.Context, record slog.Record) error {
	redacted := slog.NewRecord(record.Time, record.Level, Text(record.Message), record.PC)
	record.Attrs(func(attr slog.Attr) bool {
		redacted.AddAttrs(attribute(attr))
		return true
	})
	return l.Handler.Handle(ctx, redacted)
}

func (l log) WithAttrs(attrs []slog.Attr) slog.Handler {
	redacted := make([]slog.Attr, len(attrs))
	for i, attr := range attrs {
		redacted[i] = attribute(attr)
	}
	return log{l.Handler.WithAttrs(redacted)}
}

func (l log) WithGroup(name string) slog.Handler {
	return log{l.Handler.WithGroup(name)}
}

func attribute(attr slog.Attr) slog.Attr {
	if kind := attr.Value.Kind(); kind == slog.KindString || kind == slog.KindAny {
		attr.Value = slog.StringValue(Text(attr.Value.String()))
	}
	return attr
}

// Line redacts a text that others wrote and makes it one short line of a message. It redacts before it cuts, because a
// part of a secret could not be found any more.
func Line(text string) string { return line(text, false) }

// CutLine is [Line] for a text whose end is missing. The last bytes may be the beginning of a secret: 6 of them are
// enough to be hidden.
func CutLine(text string) string { return line(text, true) }

func line(text string, cutOff bool) string {
	const enough = 64 << 10 // far above what a message shows
	if len(text) > enough {
		text, cutOff = text[:enough], true
	}
	return oneLine(processSecrets.text(text, cutOff))
}

// oneLine shortens a text and makes it one line.
func oneLine(text string) string {
	const longest = 300
	line := []rune(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "))
	if len(line) > longest {
		return string(line[:longest]) + "…"
	}
	return string(line)
}
