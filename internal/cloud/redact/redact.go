// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package redact hides the secrets of the process in texts.
package redact

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"unicode"
)

// hidden replaces a secret in a text.
const hidden = "(hidden)"

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
