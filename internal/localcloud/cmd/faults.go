// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

func listFaults(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("fault list", aboutFault, stderr)
	stateDir := flags.String("state-dir", "", "state `folder` of the local cloud")
	if err := parse(flags, args); err != nil {
		return err
	}
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	var faults []localcloud.ActiveFault
	if err := cloud.call(ctx, http.MethodGet, "faults", nil, &faults); err != nil {
		return err
	}
	for _, f := range faults {
		if _, err := fmt.Fprintln(stdout, inFlags(f)); err != nil {
			return err
		}
	}
	return nil
}

// inFlags tells a fault in the words of the flags that made it.
func inFlags(a localcloud.ActiveFault) string {
	f := a.Fault
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %d hits:", a.ID, a.Hits)
	say := func(given bool, format string, args ...any) {
		if given {
			fmt.Fprintf(&b, " "+format, args...)
		}
	}
	say(f.Method != "", "--method %s", f.Method)
	say(f.Path != "", "--path %s", f.Path)
	say(f.Skip != 0, "--skip %d", f.Skip)
	say(f.Times != 0, "--times %d", f.Times)
	say(f.For != 0, "--for %s", f.For)
	say(f.Chance != 0, "--chance %g", f.Chance)
	say(f.Rate != 0, "--rate %g", f.Rate)
	say(f.Latency != 0, "--latency %s", f.Latency)
	say(f.Jitter != 0, "--jitter %s", f.Jitter)
	say(f.Trickle != 0, "--trickle %s", f.Trickle)
	say(f.Drop, "--drop")
	say(f.Lose, "--lose")
	say(f.Hang, "--hang")
	say(f.Status != 0, "--status %d", f.Status)
	for _, name := range slices.Sorted(maps.Keys(f.Header)) {
		say(true, "--header %s=%s", name, f.Header[name])
	}
	say(f.Body != "", "--body %q", f.Body)
	say(f.RetryAfter != 0, "--retry-after %s", f.RetryAfter)
	say(f.RetryDate, "--retry-date")
	say(f.After, "--after")
	say(f.Alter != "", "--alter %s", f.Alter)
	say(f.Unseen != 0, "--unseen %s", f.Unseen)
	return b.String()
}

func clearFaults(ctx context.Context, args []string, stderr io.Writer) error {
	flags := newFlags("fault clear", aboutFault, stderr)
	stateDir := flags.String("state-dir", "", "state `folder` of the local cloud")
	if err := parse(flags, args); err != nil {
		return err
	}
	path := "faults"
	if flags.NArg() > 0 {
		path += "/" + flags.Arg(0)
	}
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	return cloud.call(ctx, http.MethodDelete, path, nil, nil)
}
