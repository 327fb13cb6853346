// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"", "down", "up extra", "up --nonsense", "up --provision-time soon", "up --retention -1h", "fault", "fault break", "fault add extra", "fault list extra", "fault clear 1 2", "fault clear 1 --state-dir x", "status extra", "reset extra", "run", "run --tls", "run --nonsense -- true", "fault add --header x"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			err := run(t.Context(), strings.Fields(args), io.Discard, &stderr)
			if !errors.Is(err, errUsage) || stderr.Len() == 0 {
				t.Errorf("%v: %s", err, stderr.String())
			}
			if args == "down" && !strings.HasPrefix(stderr.String(), "There is no command \"down\".\n") {
				t.Errorf("it does not say what is wrong:\n%s", stderr.String())
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	for command, flags := range map[string][]string{
		"up":     {"listen", "state-dir", "backend", "tls", "provision-time", "retention", "organization", "postgres-bin", "token-lifetime", "legacy-names", "legacy-records", "json"},
		"run":    {"state-dir", "backend", "tls", "provision-time", "postgres-bin", "log"},
		"status": {"state-dir", "json"},
		"reset":  {"state-dir"},
		"fault add": {
			"state-dir", "method", "path", "skip", "times", "for", "chance", "rate", "latency", "jitter", "trickle", "lose", "drop", "hang",
			"status", "header", "body", "retry-after", "retry-date", "after", "alter", "unseen",
		},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			var help bytes.Buffer
			_ = run(t.Context(), append(strings.Fields(command), "--help"), &help, &help)
			for _, flag := range flags {
				if !strings.Contains(help.String(), "\n  -"+flag) {
					t.Errorf("there is no --%s:\n%s", flag, help.String())
				}
			}
		})
	}
}

// A duration of 0 is not the default.
func TestDurationsOfZero(t *testing.T) {
	t.Parallel()
	var o localcloud.Options
	flags := newFlags("up", "", io.Discard)
	serverFlags(flags, &o)
	if err := parse(flags, []string{"--provision-time", "0", "--retention", "0", "--token-lifetime", "0"}); err != nil {
		t.Fatal(err)
	}
	if o.ProvisionTime != 1 || o.Retention != 1 || o.TokenLifetime != 1 {
		t.Errorf("the durations are %s, %s and %s", o.ProvisionTime, o.Retention, o.TokenLifetime)
	}
}
