// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package wiretest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// ExpectError checks that the error is one line and contains every part.
func ExpectError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error is %q, want %q in it", err, part)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("error is more than a line: %q", err)
	}
}

// ExpectMessage checks the whole text of an error. "" is no error.
func ExpectMessage(t *testing.T, err error, want string) {
	t.Helper()
	if got := Message(err); got != want {
		t.Errorf("error:\n got %s\nwant %s", got, want)
	}
}

// Message returns the text of an error, or "" if there is none.
func Message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Journal keeps log lines.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// Logger writes every line to the journal, in JSON.
func (j *Journal) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
}

func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Lines returns the lines so far.
func (j *Journal) Lines() []string { return strings.Split(strings.TrimSpace(j.String()), "\n") }
