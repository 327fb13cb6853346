// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const aboutStateDir = `

It finds the local cloud with --state-dir, or with the environment variables that
"up" prints: DBOS_ENDPOINT, DBOS_TOKEN or DBOS_REFRESH_TOKEN, and
DBOS_CA_CERTIFICATE_FILE.`

const aboutStatus = `dbos-localcloud status shows the database instances of a running local cloud with
their URLs, its applications, its faults and its last requests.` + aboutStateDir

const aboutReset = `dbos-localcloud reset deletes all database instances, applications and faults of a
running local cloud, and its list of requests. It waits until they are gone, and
then prints how many there were.` + aboutStateDir

func status(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("status", aboutStatus, stderr)
	stateDir := stateDirFlag(flags)
	asJSON := flags.Bool("json", false, "print it as JSON")
	if err := parseAlone(flags, args); err != nil {
		return err
	}
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	var s localcloud.Status
	if err := cloud.call(ctx, http.MethodGet, "status", nil, &s); err != nil {
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	return writeStatus(stdout, s)
}

func writeStatus(w io.Writer, s localcloud.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(table, format+"\n", args...) }
	line("%s, organization %s, backend %s", s.Endpoint, s.Organization, s.Backend)
	line("\nDatabase instances: %d", len(s.Instances))
	for _, i := range s.Instances {
		kind := ""
		if i.Linked {
			kind = "linked"
		}
		line("  %s\t%s\t%s\t%s", i.Name, i.Status, cmp.Or(i.URL, "-"), kind)
	}
	line("\nApplications: %d", len(s.Applications))
	for _, a := range s.Applications {
		line("  %s\t%s\ton %s/%s\tversion %s", a.Name, a.Status, a.Instance, cmp.Or(a.Database, "-"), cmp.Or(a.Version, "-"))
	}
	line("\nFaults: %d", len(s.Faults))
	for _, f := range s.Faults {
		line("  %s", inFlags(f))
	}
	line("\nLast requests: %d", len(s.Requests))
	for _, r := range s.Requests {
		answer := "no answer"
		if r.Status != 0 {
			answer = strconv.Itoa(r.Status)
		}
		line("  %s\t%s\t%s\t%s", r.Time.Format(time.TimeOnly), answer, r.Method, r.Path)
	}
	return table.Flush()
}

func reset(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("reset", aboutReset, stderr)
	stateDir := stateDirFlag(flags)
	if err := parseAlone(flags, args); err != nil {
		return err
	}
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	var before localcloud.Status
	if err := cloud.call(ctx, http.MethodGet, "status", nil, &before); err != nil {
		return err
	}
	if err := cloud.reset(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The local cloud at %s is empty now. Deleted: %s, %s, %s, and the list of requests.\n", cloud.Endpoint,
		counted(len(before.Instances), "database instance"), counted(len(before.Applications), "application"), counted(len(before.Faults), "fault"))
	return err
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
