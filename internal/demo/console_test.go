// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDuring(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		console console
		takes   time.Duration
		says    string
		never   string
	}{
		"a terminal":         {console{terminal: true, colour: true}, 3 * time.Second, "building … 2.9 s", "slow"},
		"without colour":     {console{terminal: true}, 3 * time.Second, "\r\x1b[K     building … 2.9 s", "slow"},
		"a slow machine":     {console{terminal: true}, time.Minute, "building … 59.9 s (still running: this machine is slow or busy)", "\x1b[2m"},
		"a file or a pipe":   {console{}, time.Minute, "", "building"},
		"done before a tick": {console{terminal: true}, time.Millisecond, "\r\x1b[K", "building"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				c := test.console
				c.out = &out
				done := c.during("building")
				time.Sleep(test.takes)
				done()
				if !strings.Contains(out.String(), test.says) || strings.Contains(out.String(), test.never) {
					t.Errorf("printed %q, want %q, without %q", out.String(), test.says, test.never)
				}
				if c.terminal && !strings.HasSuffix(out.String(), "\r\x1b[K") {
					t.Errorf("the line was left on the terminal: %q", out.String())
				}
			})
		})
	}
}
