// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"sync"
)

// outputTail keeps the end of the commands' output, and counts the bytes of one command.
type outputTail struct {
	mu      sync.Mutex
	kept    []byte
	cut     bool
	left    int
	tooMuch func()
}

// begin counts from zero for the next command.
func (t *outputTail) begin(limit int, tooMuch func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.tooMuch = limit, tooMuch
}

func (t *outputTail) Write(p []byte) (int, error) {
	const kept = 64 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left -= len(p); t.left < 0 {
		t.tooMuch()
	}
	if t.kept = append(t.kept, p...); len(t.kept) > kept {
		t.kept, t.cut = append([]byte{}, t.kept[len(t.kept)-kept:]...), true
	}
	return len(p), nil
}

// end returns what is kept, and whether something before it is cut off.
func (t *outputTail) end() (kept string, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept), t.cut
}
