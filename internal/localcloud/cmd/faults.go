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
	var faults []faultBody
	if err := cloud.call(ctx, http.MethodGet, "faults", nil, &faults); err != nil {
		return err
	}
	for _, f := range faults {
		if _, err := fmt.Fprintln(stdout, f); err != nil {
			return err
		}
	}
	return nil
}

// String tells a fault in the words of the flags that made it.
func (f faultBody) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %d hits:", f.ID, f.Hits)
	say := func(given bool, format string, args ...any) {
		if given {
			fmt.Fprintf(&b, " "+format, args...)
		}
	}
	say(f.Method != "", "--method %s", f.Method)
	say(f.Path != "", "--path %s", f.Path)
	say(f.Skip != 0, "--skip %d", f.Skip)
	say(f.Times != 0, "--times %d", f.Times)
	say(f.Latency != "", "--latency %s", f.Latency)
	say(f.Lose, "--lose")
	say(f.Drop, "--drop")
	say(f.Hang, "--hang")
	say(f.Status != 0, "--status %d", f.Status)
	for _, name := range slices.Sorted(maps.Keys(f.Header)) {
		say(true, "--header %s=%s", name, f.Header[name])
	}
	say(f.Body != "", "--body %q", f.Body)
	say(f.After, "--after")
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
