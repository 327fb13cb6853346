// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	const canary = `kanary <one> & "two" ünd/three?`
	Keep(canary, "overlap-left", "left-overlapping", "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG9w\nx\n-----END-----", "12345", "true", "  ")
	encoded, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"nothing of it":                                "nothing of it",
		"as it is: " + canary + ".":                    "as it is: (hidden).",
		`{"v":` + string(encoded) + `}`:                `{"v":"(hidden)"}`,
		"<p>" + html.EscapeString(canary) + "</p>":     "<p>(hidden)</p>",
		"?v=" + url.QueryEscape(canary) + "&w=1":       "?v=(hidden)&w=1",
		"/" + url.PathEscape(canary) + "/x":            "/(hidden)/x",
		"overlap-left-overlapping":                     "(hidden)",
		"ends like the beginning of one: kanary <one>": "ends like the beginning of one: kanary <one>",
		"but kanary two":                               "but kanary two",
		"key MIIEvQIBADANBgkqhkiG9w x":                 "key (hidden) x",
		"too short to be secret: 12345 true":           "too short to be secret: 12345 true",
		"postgresql://dbosadmin:pw@db.example:5432/":   "postgresql://dbosadmin:(hidden)@db.example:5432/",
		"postgres://a:p@w:x@h/d, amqp://b:c@i":         "postgres://a:(hidden)@h/d, amqp://b:(hidden)@i",
		`{"url":"postgresql:\/\/u:pw@h\/d"}`:           `{"url":"postgresql:\/\/u:(hidden)@h\/d"}`,
		"url=postgresql%3A%2F%2Fu%3Ap%21w%40h%2Fd":     "url=postgresql%3A%2F%2Fu%3A(hidden)%40h%2Fd",
		"https://cloud.dbos.dev:443/a@b":               "https://cloud.dbos.dev:443/a@b",
		"https://ada@host/path":                        "https://ada@host/path",
		"at 10:30, see me@example.org":                 "at 10:30, see me@example.org",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for _, around := range []string{"", "u:", "us:", "use:"} {
			text := encoding.EncodeToString([]byte(around + canary + around))
			core := encoding.EncodeToString([]byte(canary))
			if got := Text(text); !strings.Contains(got, hidden) || len(got) > len(text)-len(core)+len(hidden)+6 {
				t.Errorf("in base64 after %q: %q becomes %q", around, text, got)
			}
		}
	}
}

// Where the end of a text is missing, the rest of a secret may be what is missing.
func TestCutLine(t *testing.T) {
	t.Parallel()
	Keep("beheaded-kanary")
	for text, want := range map[string]string{
		"cut off: beheaded-k":      "cut off: (hidden)",
		"cut off: beheaded-kanary": "cut off: (hidden)",
		"too short: behea":         "too short: behea",
		"beheaded-k in the middle": "beheaded-k in the middle",
	} {
		if got := CutLine(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if text := "whole: beheaded-k"; Line(text) != text {
		t.Errorf("%q becomes %q", text, Line(text))
	}
	if got := Line(strings.Repeat(" ", 64<<10-10) + "beheaded-kanary"); got != hidden {
		t.Errorf("a line that is too long to be searched becomes %q", got)
	}
}

func TestLogIsRedacted(t *testing.T) {
	t.Parallel()
	Keep("kanary-in-a-log")
	var lines bytes.Buffer
	Logger(slog.New(slog.NewJSONHandler(&lines, nil))).With("with", "kanary-in-a-log").WithGroup("g").Info("says kanary-in-a-log",
		"text", "kanary-in-a-log", "error", errors.New("kanary-in-a-log"), "number", 1)
	if text := lines.String(); strings.Contains(text, "kanary") || strings.Count(text, hidden) != 4 || !strings.Contains(text, `"number":1`) {
		t.Error(text)
	}
}
