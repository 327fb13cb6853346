// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const aboutFault = `dbos-localcloud fault rehearses an incident: it makes requests to a running local
cloud fail.` + aboutStateDir

const aboutAdd = `dbos-localcloud fault add makes requests fail from now on. It prints the id of the
fault.

--path is a pattern for the part of the path after /v1alpha1/ORGANIZATION/, such as
"databases/userdb/info/*", "databases/userdb" or "applications/*". A * does not
match a slash. Two paths are without an organization: "user/profile", and
"oauth/token" for the exchange of tokens.

  # The answer to the next create is lost:
  dbos-localcloud fault add --method POST --path databases/userdb --times 1 --lose
  # Every read takes two seconds:
  dbos-localcloud fault add --method GET --latency 2s
  # The API accepts 20 requests a second and refuses the others:
  dbos-localcloud fault add --rate 20 --status 429 --retry-after 5s
  # One answer in twenty is lost, for ten minutes:
  dbos-localcloud fault add --chance 0.05 --for 10m --lose
  # New objects appear only after five seconds:
  dbos-localcloud fault add --method GET --unseen 5s
  # Lists lack some of their elements:
  dbos-localcloud fault add --method GET --path databases --alter omit
  # A proxy redirects to another host:
  dbos-localcloud fault add --status 307 --header Location=https://elsewhere.example/`

var faultCommands = map[string]command{"add": addFault, "list": listFaults, "clear": clearFaults}

func fault(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return dispatch(ctx, faultCommands, aboutFault+"\n\n"+usage, args, stdout, stderr)
}

func addFault(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var f localcloud.Fault
	flags := newFlags("fault add", aboutAdd, stderr)
	stateDir := stateDirFlag(flags)
	defineFaultFlags(flags, &f)
	if err := parseAlone(flags, args); err != nil {
		return err
	}
	f.Method = strings.ToUpper(f.Method)
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	var added localcloud.ActiveFault
	if err := cloud.call(ctx, http.MethodPost, "faults", f, &added); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, added.ID)
	return err
}

func listFaults(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("fault list", aboutFault, stderr)
	stateDir := stateDirFlag(flags)
	if err := parseAlone(flags, args); err != nil {
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

func clearFaults(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := newFlags("fault clear", aboutFault, stderr)
	stateDir := stateDirFlag(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	path := "faults"
	switch flags.NArg() {
	case 0:
	case 1:
		path += "/" + url.PathEscape(flags.Arg(0))
	default:
		_, _ = fmt.Fprintf(stderr, "fault clear takes one ID, after the flags, but got %q\n", flags.Args())
		return errUsage
	}
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	return cloud.call(ctx, http.MethodDelete, path, nil, nil)
}
